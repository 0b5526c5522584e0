import { zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BarlineError } from '../../src/base/index.ts';
import {
  ALL_BAR_RTYPES,
  type BarBatch,
  concatBars,
  type DbnError,
  type DbnMetadata,
  type DbnSource,
  encodeBars,
  openDbn,
  readBars,
  sliceBars,
  type WriteOptions,
  writeDbn,
} from '../../src/dbn/index.ts';
import { arbitraryBars, arbitraryMetadata } from './arbitrary.ts';
import { ByteSink, cutAt } from './byte-sink.ts';
import { barsAsObjects, metadataAsObject } from './plain-bars.ts';

const EVERY_TYPE = [...ALL_BAR_RTYPES, 17];

const arbitraryFile = arbitraryMetadata.chain((metadata) =>
  fc.record({ metadata: fc.constant(metadata), bars: arbitraryBars(metadata.tsOut) }),
);

const arbitraryOptions: fc.Arbitrary<WriteOptions> = fc.oneof(
  fc.constant({ compression: 'none' as const }),
  fc.record({
    compression: fc.constant('zstd' as const),
    level: fc.integer({ min: 1, max: 9 }),
    checksum: fc.boolean(),
    recordsPerFrame: fc.integer({ min: 1, max: 50 }),
  }),
);

async function written(metadata: DbnMetadata, bars: BarBatch, options: WriteOptions): Promise<Buffer> {
  const sink = new ByteSink();
  const result = await writeDbn(sink, metadata, [bars], options);
  const bytes = sink.bytes();
  expect(result).toMatchObject({ records: bars.rowCount, byteLength: bytes.length });
  if (options.compression === 'none') expect(result.decodedByteLength).toBe(bytes.length);
  return bytes;
}

/** At least so many rows of noise, which no compressor makes small. */
function manyBars(withTsOut: boolean, rowCount: number): BarBatch {
  const strips = fc.sample(arbitraryBars(withTsOut, 400), { seed: 2, numRuns: 50 });
  const strip = concatBars(strips);
  const bars = concatBars(Array.from({ length: Math.ceil(rowCount / strip.rowCount) }, () => strip));
  for (let row = 0; row < bars.rowCount; row++) bars.volume[row] = BigInt(row) * 0x9e3779b97f4a7c15n;
  return bars;
}

/** Everything a file says, or the code of the error that refuses it; other errors are failures. */
async function outcome(source: DbnSource, batchRows = 65_536) {
  try {
    const { metadata, bars, counts } = await readBars(source, { rtypes: EVERY_TYPE, batchRows });
    return { metadata: metadataAsObject(metadata), bars: barsAsObjects(bars), counts };
  } catch (error) {
    if (error instanceof BarlineError) return { code: error.code };
    throw error;
  }
}

describe('what is written is read back', () => {
  it('over versions, compressions, frames and ts_out', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryFile, arbitraryOptions, async ({ metadata, bars }, options) => {
        const bytes = await written(metadata, bars, options);
        const read = await readBars(bytes, { rtypes: EVERY_TYPE });
        expect(read.metadata).toEqual(metadata);
        expect(barsAsObjects(read.bars)).toEqual(barsAsObjects(bars));
        expect(read.counts).toMatchObject({ records: bars.rowCount, rows: bars.rowCount, isComplete: true });
      }),
      { numRuns: 150 },
    );
  });

  it('in several batches, whatever their sizes', async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryFile,
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        async ({ metadata, bars }, writtenRows, readRows) => {
          const sink = new ByteSink();
          const parts: BarBatch[] = [];
          for (let row = 0; row < bars.rowCount; row += writtenRows) {
            parts.push(sliceBars(bars, row, Math.min(row + writtenRows, bars.rowCount)));
          }
          await writeDbn(sink, metadata, parts);
          await using reader = await openDbn(sink.bytes());
          const batches: BarBatch[] = [];
          for await (const batch of reader.batches({ rtypes: EVERY_TYPE, batchRows: readRows }))
            batches.push(batch);
          expect(batches.slice(0, -1).every((batch) => batch.rowCount === readRows)).toBe(true);
          expect(batches.every((batch) => batch.rowCount > 0 && batch.close.length === batch.rowCount)).toBe(
            true,
          );
          expect(barsAsObjects(concatBars(batches))).toEqual(barsAsObjects(bars));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('with one batch used over and over', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryFile, async ({ metadata, bars }) => {
        const bytes = await written(metadata, bars, {});
        await using reader = await openDbn(bytes);
        const rows = [];
        for await (const batch of reader.batches({ rtypes: EVERY_TYPE, batchRows: 3, reuseBatch: true })) {
          rows.push(...barsAsObjects(batch));
        }
        expect(rows).toEqual(barsAsObjects(bars));
      }),
      { numRuns: 40 },
    );
  });
});

describe('the way bytes arrive does not matter', () => {
  const places = fc.array(fc.nat(), { maxLength: 12 });

  it('chunks may be cut anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryFile, arbitraryOptions, places, async ({ metadata, bars }, options, cuts) => {
        const bytes = await written(metadata, bars, options);
        expect(await outcome(cutAt(bytes, cuts))).toEqual(await outcome(bytes));
      }),
      { numRuns: 100 },
    );
  });

  it('so may zstd frames, with skippable and empty ones between them', async () => {
    const skippable = fc.uint8Array({ maxLength: 20 }).map((content) => {
      const head = Buffer.alloc(8);
      head.writeUInt32LE(0x184d2a53, 0);
      head.writeUInt32LE(content.length, 4);
      return Buffer.concat([head, content]);
    });
    await fc.assert(
      fc.asyncProperty(
        arbitraryFile,
        places,
        places,
        fc.array(skippable),
        async (file, cuts, chunkCuts, skips) => {
          const plain = await written(file.metadata, file.bars, { compression: 'none' });
          const frames: Buffer[] = [];
          for await (const piece of cutAt(plain, cuts)) {
            frames.push(zstdCompressSync(piece), ...(skips[frames.length] ? [skips[frames.length]] : []));
          }
          expect(await outcome(cutAt(Buffer.concat(frames), chunkCuts))).toEqual(await outcome(plain));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('a large frame comes out as a small one does', async () => {
    const { metadata } = fc.sample(arbitraryFile, { seed: 1, numRuns: 1 })[0];
    const bars = manyBars(metadata.tsOut, 60_000);
    const plain = await written(metadata, bars, { compression: 'none' });
    expect(plain.length).toBeGreaterThan(3_000_000);
    const records = Buffer.from(encodeBars(bars, metadata.tsOut));
    const expected = await readBars(plain, { rtypes: EVERY_TYPE });
    expect(records.equals(encodeBars(expected.bars, metadata.tsOut))).toBe(true);
    for (const recordsPerFrame of [1000, 30_000, 10_000_000]) {
      const bytes = await written(metadata, bars, { recordsPerFrame });
      const read = await readBars(cutAt(bytes, [5, 100_000, 100_001]), {
        rtypes: EVERY_TYPE,
        batchRows: 5000,
      });
      expect(records.equals(encodeBars(read.bars, metadata.tsOut))).toBe(true);
    }
  });
});

describe('damage', () => {
  it('a file cut at any byte is refused, or ends between two records', async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryFile,
        arbitraryOptions,
        fc.nat(),
        async ({ metadata, bars }, options, place) => {
          const bytes = await written(metadata, bars, options);
          const whole = await outcome(bytes);
          const cut = await outcome(bytes.subarray(0, place % bytes.length));
          if (!('bars' in cut) || !('bars' in whole)) return;
          const frames = options.compression === 'zstd' && bars.rowCount > (options.recordsPerFrame ?? 0);
          expect(frames || options.compression === 'none').toBe(true);
          expect(cut.metadata).toEqual(whole.metadata);
          expect(cut.bars).toEqual(whole.bars?.slice(0, cut.bars?.length));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('one zstd frame cut at any byte is refused', async () => {
    const { metadata, bars } = fc.sample(arbitraryFile, { seed: 7, numRuns: 1 })[0];
    const bytes = await written(metadata, bars, { compression: 'zstd' });
    for (let length = 1; length < bytes.length; length++) {
      expect(await outcome(bytes.subarray(0, length)), `${length} bytes`).toEqual({
        code: 'DBN_TRUNCATED_ZSTD',
      });
    }
  });

  it('a large frame cut is refused, at the length of the file', async () => {
    const { metadata } = fc.sample(arbitraryFile, { seed: 1, numRuns: 1 })[0];
    const bars = manyBars(metadata.tsOut, 40_000);
    const bytes = await written(metadata, bars, {});
    for (const length of [20, bytes.length >> 1, bytes.length - 5, bytes.length - 4, bytes.length - 1]) {
      const error: DbnError = await readBars(cutAt(bytes.subarray(0, length), [7])).then(
        () => Promise.reject(new Error('no error')),
        (reason: DbnError) => reason,
      );
      expect(error.fault).toMatchObject({ kind: 'truncated_zstd', at: 'file', offset: length });
    }
  });

  it('wrong bytes are read or refused, never a crash or an endless loop', async () => {
    const changes = fc.array(fc.record({ place: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) }), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(
        arbitraryFile,
        arbitraryOptions,
        changes,
        async ({ metadata, bars }, options, wrong) => {
          const bytes = await written(metadata, bars, options);
          for (const { place, byte } of wrong) bytes[place % bytes.length] = byte;
          await outcome(bytes);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('a wrong byte under a checksum is never read as something else', async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryFile,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (file, place, flip) => {
          const bytes = await written(file.metadata, file.bars, { checksum: true });
          const whole = await outcome(bytes);
          bytes[place % bytes.length] ^= flip;
          const damaged = await outcome(bytes);
          if ('bars' in damaged) expect(damaged).toEqual(whole);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('any bytes at all are refused with a BarlineError', async () => {
    const magics = [
      Buffer.alloc(0),
      Buffer.from('DBN\x01'),
      Buffer.from('DBN\x03'),
      Buffer.from('28b52ffd', 'hex'),
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...magics),
        fc.uint8Array({ maxLength: 300 }),
        async (magic, bytes) => {
          expect(await outcome(Buffer.concat([magic, bytes]))).toHaveProperty('code');
        },
      ),
      { numRuns: 200 },
    );
  });
});
