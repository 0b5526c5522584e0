/** A topic's messages, made from a seed, and what must become of them by the definition alone. */
import { RandomStream } from '../../../src/sample/random.ts';

export interface LogMessage {
  readonly key: string;
  readonly value: Buffer;
  /** What it tells when it is sound. */
  readonly tick: {
    readonly asset: string;
    readonly tsUs: number;
    readonly price: number;
    readonly size: number;
  } | null;
}

/** By partition; a message's offset is its place. */
export type MarketLog = readonly (readonly LogMessage[])[];

const ASSETS = ['BTCUSD', 'ETHUSD', 'EURUSD', 'SOLUSD', 'XRPUSD', 'GBPUSD', 'ADAUSD', 'JPYUSD', 'DOTUSD'];
export const START_MS = Date.UTC(2024, 2, 1, 23, 50);
export const WINDOW_US = 5e6;
export const LATENESS_US = 10e6;

/** Trades keyed by asset, out of order by seconds; of a thousand some five too late, and some five that are none. */
export function marketLog(
  messages: number,
  partitions: number,
  seed: number,
  messagesPerSecond = 200,
): MarketLog {
  const random = RandomStream.of(seed);
  const log: LogMessage[][] = Array.from({ length: partitions }, () => []);
  for (let i = 0; i < messages; i++) {
    const a = Math.floor(random.uniform() * ASSETS.length);
    const asset = ASSETS[a] ?? '';
    const dice = random.uniform();
    const delayMs = dice < 0.004 ? 20_000 + random.uniform() * 60_000 : random.uniform() * 6_000;
    const atMs = Math.round(START_MS + (i / messagesPerSecond) * 1000 - delayMs);
    const price = Math.round(100 + 900 * random.uniform());
    const size = Math.round(100 * random.uniform()) / 4;
    const fields = { asset_pair: asset, timestamp: atMs, price, size };
    const spoilt = dice > 0.995 ? SPOILT[i % SPOILT.length] : undefined;
    log[a % partitions]?.push(
      spoilt === undefined
        ? { key: asset, value: json(fields), tick: { asset, tsUs: atMs * 1000, price, size } }
        : { key: asset, value: spoilt(fields), tick: null },
    );
  }
  return log;
}

interface Fields {
  readonly asset_pair: string;
  readonly timestamp: number;
  readonly price: number;
  readonly size: number;
}

function json(fields: object): Buffer {
  return Buffer.from(JSON.stringify(fields));
}

/** Longest message that the tests allow. */
export const MOST_BYTES = 2_000;
const SPOILT: readonly ((fields: Fields) => Buffer)[] = [
  () => Buffer.from('{"asset_pair": "BTCUSD", '),
  () => Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]),
  (fields) => json({ ...fields, price: -1 }),
  (fields) => json({ ...fields, note: 'x'.repeat(MOST_BYTES) }),
  (fields) => json({ ...fields, timestamp: '2199-01-01T00:00:00Z' }),
  (fields) => json({ ...fields, size: undefined }),
];

export interface ExpectedRow {
  readonly asset: string;
  readonly startUs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly partition: number;
  readonly firstOffset: number;
}

export interface Expected {
  /** By partition, asset and time. */
  readonly rows: readonly ExpectedRow[];
  /** `partition@offset` of every dead letter, in order. */
  readonly dead: readonly string[];
}

/** One pass over each partition, by the definition: the twin of what the stream does. */
export function expectedOf(log: MarketLog): Expected {
  const rows: ExpectedRow[] = [];
  const dead: string[] = [];
  for (const [partition, messages] of log.entries()) {
    let newestUs = Number.NEGATIVE_INFINITY;
    const windows = new Map<string, { offset: number; tick: NonNullable<LogMessage['tick']> }[]>();
    for (const [offset, { tick }] of messages.entries()) {
      const startUs = tick === null ? 0 : tick.tsUs - (tick.tsUs % WINDOW_US);
      if (tick === null || startUs + WINDOW_US <= newestUs - LATENESS_US) {
        dead.push(`${partition}@${offset}`);
        continue;
      }
      newestUs = Math.max(newestUs, tick.tsUs);
      const key = `${tick.asset} ${startUs}`;
      const members = windows.get(key);
      if (members === undefined) windows.set(key, [{ offset, tick }]);
      else members.push({ offset, tick });
    }
    for (const [key, members] of windows) {
      const [asset = '', startUs = ''] = key.split(' ');
      const byTime = members.toSorted((a, b) => a.tick.tsUs - b.tick.tsUs || a.offset - b.offset);
      const prices = members.map(({ tick }) => tick.price);
      rows.push({
        asset,
        startUs: Number(startUs),
        open: byTime[0]?.tick.price ?? 0,
        high: prices.reduce((a, b) => Math.max(a, b)),
        low: prices.reduce((a, b) => Math.min(a, b)),
        close: byTime.at(-1)?.tick.price ?? 0,
        volume: members.reduce((sum, { tick }) => sum + tick.size, 0),
        partition,
        firstOffset: members[0]?.offset ?? 0,
      });
    }
  }
  return { rows: rows.sort(byPlace), dead };
}

export function byPlace(a: ExpectedRow, b: ExpectedRow): number {
  if (a.partition !== b.partition) return a.partition - b.partition;
  return a.asset === b.asset ? a.startUs - b.startUs : a.asset < b.asset ? -1 : 1;
}
