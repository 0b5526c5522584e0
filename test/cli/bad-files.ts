import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dbnMetadata, encodeMetadata, writeDbn } from '../../src/dbn/index.ts';

const START_NS = BigInt(Date.UTC(2024, 3, 2, 14)) * 1_000_000n;
const BAR_COUNT = 3600;
/** Bytes of a bar in DBN, and of a trade. */
const BAR_BYTES = 56;
const TRADE_BYTES = 48;

interface GoodMonth {
  readonly compression?: 'zstd' | 'none';
  readonly symbol?: string;
  /** The day of the bars, a weekday. */
  readonly date?: string;
}

/** An hour of one-second bars. */
export async function writeGoodMonth(path: string, options: GoodMonth = {}): Promise<void> {
  const { compression = 'zstd', symbol = 'ESM4', date = '2024-04-02' } = options;
  const startNs = BigInt(Date.parse(`${date}T14:00:00Z`)) * 1_000_000n;
  const price = BigInt64Array.from(
    { length: BAR_COUNT },
    (_, row) => 5_100_250_000_000n + BigInt(row % 4) * 250_000_000n,
  );
  const batch = {
    rowCount: BAR_COUNT,
    rtype: new Uint8Array(BAR_COUNT).fill(32),
    publisherId: new Uint16Array(BAR_COUNT).fill(1),
    instrumentId: new Uint32Array(BAR_COUNT).fill(7),
    tsEvent: BigUint64Array.from({ length: BAR_COUNT }, (_, row) => startNs + BigInt(row) * 1_000_000_000n),
    open: price,
    high: price,
    low: price,
    close: price,
    volume: new BigUint64Array(BAR_COUNT).fill(3n),
  };
  await writeDbn(path, metadataOf('ohlcv-1s', symbol), [batch], { compression });
}

function metadataOf(schema: 'ohlcv-1s' | 'trades', symbol = 'ESM4') {
  return dbnMetadata({
    dataset: 'GLBX.MDP3',
    schema,
    start: START_NS,
    mappings: [
      { rawSymbol: symbol, intervals: [{ startDate: '2024-01-01', endDate: '2025-01-01', symbol: '7' }] },
    ],
  });
}

/** DBN of trades: sound, and no bars. */
function trades(): Uint8Array {
  const head = encodeMetadata(metadataOf('trades'));
  const records = new Uint8Array(TRADE_BYTES * 10);
  // a record's first byte is its length in words of four bytes; its type, 0, is a trade's
  for (let at = 0; at < records.length; at += TRADE_BYTES) records[at] = TRADE_BYTES / 4;
  return Buffer.concat([head, records]);
}

const CSV_HEAD = 'timestamp,open,high,low,close,volume';
const csv = (head: string, ...rows: string[]) => Buffer.from([head, ...rows, ''].join('\n'));
const csvRow = (second: number, close = '5100.5') =>
  `2024-04-02T14:00:0${second}Z,5100.25,5100.75,5100,${close},12`;

/** Files no run can use, by the ending of their names. */
export async function badFiles(
  scratch: string,
): Promise<Readonly<Record<string, readonly [ending: string, bytes: Uint8Array]>>> {
  const [plainPath, packedPath] = [join(scratch, 'good.dbn'), join(scratch, 'good.dbn.zst')];
  await writeGoodMonth(plainPath, { compression: 'none' });
  await writeGoodMonth(packedPath);
  const [plain, packed] = [readFileSync(plainPath), readFileSync(packedPath)];
  const changed = (bytes: Uint8Array, at: number, value: number) => {
    const copy = Uint8Array.from(bytes);
    copy[at] = value;
    return copy;
  };
  const firstRecord = plain.length - BAR_COUNT * BAR_BYTES;
  const middle = Math.floor(packed.length / 2);
  return {
    'truncated DBN': ['.dbn', plain.subarray(0, plain.length - 20)],
    'DBN cut in its metadata': ['.dbn', plain.subarray(0, 60)],
    'corrupt DBN': ['.dbn', changed(plain, firstRecord + 100 * BAR_BYTES, 0)],
    'no DBN at all': ['.dbn', Buffer.from('<html><body>404 Not Found</body></html>')],
    'unknown version': ['.dbn', changed(plain, 3, 9)],
    'wrong schema': ['.dbn', trades()],
    'truncated zstd': ['.dbn.zst', packed.subarray(0, middle)],
    'corrupt zstd': ['.dbn.zst', changed(packed, middle, packed[middle] ^ 0xff)],
    'DBN without bars': ['.dbn', plain.subarray(0, firstRecord)],
    'empty DBN': ['.dbn', new Uint8Array(0)],
    'empty zstd': ['.dbn.zst', new Uint8Array(0)],
    'CSV without a column': ['.csv', csv('timestamp,open,high,low,volume', '2024-04-02T14:00:00Z,1,1,1,1')],
    'CSV with a misspelt column': ['.csv', csv('timestamp,open,high,low,clsoe,volume', csvRow(0))],
    'CSV with text for a number': ['.csv', csv(CSV_HEAD, csvRow(0), csvRow(1, 'n.v.'), csvRow(2))],
    'CSV with a row too short': ['.csv', csv(CSV_HEAD, csvRow(0), '2024-04-02T14:00:01Z,5100.25')],
    'CSV of bytes that are no text': ['.csv', Buffer.concat([csv(CSV_HEAD), Buffer.from([0xff, 0xfe])])],
    'empty CSV': ['.csv', new Uint8Array(0)],
    'CSV with its header alone': ['.csv', csv(CSV_HEAD)],
  };
}
