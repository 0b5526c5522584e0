/** What must compile against `barline/dbn`, and what must not. Checked by `npm run types`; never run. */
import {
  type BarBatch,
  type BarSchema,
  DbnError,
  type DbnErrorCode,
  type DbnErrorKind,
  type DbnMetadata,
  dbnMetadata,
  int32Words,
  openDbn,
  openDbnWriter,
  readBars,
  symbolResolver,
  writeDbn,
} from '../../src/dbn/index.ts';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function isTrue<T extends true>(): T | undefined {
  return undefined;
}

isTrue<Same<BarSchema, 'ohlcv-1s' | 'ohlcv-1m' | 'ohlcv-1h' | 'ohlcv-1d' | 'ohlcv-eod'>>();
isTrue<Same<BarBatch['close'], BigInt64Array>>();
isTrue<Same<BarBatch['tsEvent'], BigUint64Array>>();
isTrue<Same<DbnMetadata['end'], bigint | null>>();
isTrue<Same<Extract<DbnErrorCode, `${string}RECORD`>, 'DBN_TRUNCATED_RECORD' | 'DBN_BAD_RECORD'>>();

export async function mustCompile(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  await using fromPath = await openDbn('a.dbn.zst', { schema: 'ohlcv-1s' });
  for await (const batch of fromPath.batches({ batchRows: 10, rtypes: [32], reuseBatch: true })) {
    const words: Int32Array = int32Words(batch.close);
    isTrue<Same<typeof batch, BarBatch>>();
    words.fill(0);
  }
  await openDbn(new Uint8Array(8), { name: 'memory' });
  await openDbn([new Uint8Array(8)]);
  await openDbn(chunks);
  const symbol: string | null = symbolResolver(fromPath.metadata).symbol(1, '2024-01-01');
  const sink = { async write(_bytes: Uint8Array): Promise<void> {} };
  await writeDbn(sink, dbnMetadata({ dataset: 'X', schema: null, start: null }), [], { compression: 'none' });
  const error: unknown = symbol;
  if (error instanceof DbnError) {
    const kind: DbnErrorKind = error.kind;
    isTrue<Same<typeof kind, DbnErrorKind>>();
  }
}

export async function mustNotCompile(metadata: DbnMetadata, batch: BarBatch): Promise<void> {
  // @ts-expect-error a schema without bars
  await openDbn('a.dbn', { schema: 'trades' });
  // @ts-expect-error a number is no source
  await openDbn(3);
  // @ts-expect-error the batch is read-only
  batch.rowCount = 3;
  // @ts-expect-error prices are exact, no floats
  const close: Float64Array = batch.close;
  // @ts-expect-error tsOut is there only sometimes
  batch.tsOut.fill(0n);
  // @ts-expect-error 32-bit columns have no 64-bit words
  int32Words(batch.instrumentId);
  // @ts-expect-error metadata need a dataset
  dbnMetadata({ schema: 'ohlcv-1s', start: 0n });
  // @ts-expect-error times are bigint
  dbnMetadata({ dataset: 'X', schema: 'ohlcv-1s', start: 0 });
  // @ts-expect-error no version 4
  dbnMetadata({ dataset: 'X', schema: 'ohlcv-1s', start: 0n, version: 4 });
  // @ts-expect-error no gzip
  await openDbnWriter('a.dbn', metadata, { compression: 'gzip' });
  // @ts-expect-error a joined batch cannot be written over
  await readBars('a.dbn', { reuseBatch: true });
  // @ts-expect-error metadata are read-only
  metadata.symbols.push(String(close));
}
