/** Barline's side of bench/delta.ts; delta-rs' is bench/peers/delta.py. */
import { tmpdir } from 'node:os';
import { DeltaTable, field, struct } from '../../src/delta/index.ts';
import { DuckDbSession, defaultLimits } from '../../src/duckdb/index.ts';
import { DELTA_ROW_WORKLOADS } from './delta-row-workloads.ts';

const ASSETS = 20;
export const START_US = Date.UTC(2024, 0, 1) * 1000;
export const DAY_US = 86_400e6;
const NAMES = assetNames(ASSETS);
export const EXCHANGES = ['binance', 'coinbase', 'kraken'];
export const PRICES = ['open', 'high', 'low', 'close'];
export const SCHEMA = struct([
  field('asset_pair', 'string'),
  field('exchange', 'string'),
  field('timestamp', 'timestamp'),
  ...[...PRICES, 'volume'].map((name) => field(name, 'double')),
]);

export function assetNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `A${String(i).padStart(2, '0')}/USDT`);
}

export type DeltaWork = () => Promise<Readonly<Record<string, number>>>;

export interface DeltaWorkload {
  readonly title: string;
  /** The input it begins with: a name in the folder of inputs, or none. */
  readonly input?: 'replay' | 'replay-checkpoint' | 'open-100k' | 'table' | 'zordered';
  /** Whether it writes, and so gets a copy of its input. */
  readonly writes?: boolean;
  /** What is done before the clock starts gives what is done while it runs; the facts are to be equal on both sides. */
  readonly prepare: (path: string, rowCount: number) => DeltaWork | Promise<DeltaWork>;
}

const opening = (path: string) => async () => {
  const table = await DeltaTable.open(path);
  return { files: (await table.scan()).total };
};

/** One asset's day in the middle of the table. */
const point = (path: string, rowCount: number) => async () => {
  const fromUs = START_US + Math.floor(rowCount / ASSETS / 1440 / 2) * DAY_US;
  const iso = (timeUs: number) => new Date(timeUs / 1000).toISOString();
  const table = await DeltaTable.open(path);
  const timestamp = { ge: iso(fromUs), lt: iso(fromUs + DAY_US) };
  const scan = await table.scan({ where: { asset_pair: 'A07/USDT', timestamp } });
  return { rows: (await scan.columns()).rowCount };
};

export const DELTA_WORKLOADS: Readonly<Record<string, DeltaWorkload>> = {
  replay: { title: 'replay 10,000 commits', input: 'replay', prepare: opening },
  'replay-checkpoint': {
    title: 'the same, checkpoint of 9,990',
    input: 'replay-checkpoint',
    prepare: opening,
  },
  'open-100k': { title: 'open 100,000 files, checkpoint', input: 'open-100k', prepare: opening },
  append: {
    title: 'append 1 M rows',
    writes: true,
    prepare: (path) => {
      const columns = millionBars();
      return async () => {
        const table = await DeltaTable.create(path, { schema: SCHEMA });
        await table.append([await table.writeDataFile(columns)]);
        return { rows: 1_000_000 };
      };
    },
  },
  ...DELTA_ROW_WORKLOADS,
  zorder: {
    title: 'Z-order the table, 64 MiB files',
    input: 'table',
    writes: true,
    prepare: (path) => async () => {
      const table = await DeltaTable.open(path);
      const asked = { zOrderBy: ['asset_pair', 'timestamp'], targetFileSize: 64 << 20 };
      return { filesRemoved: (await table.optimize(asked)).filesRemoved };
    },
  },
  scan: {
    title: 'full scan into memory',
    input: 'table',
    prepare: (path) => async () => {
      const table = await DeltaTable.open(path);
      using session = await DuckDbSession.open({
        ...defaultLimits(),
        memoryByteLength: 8e9,
        temporaryFolder: tmpdir(),
      });
      const rows = await (await table.scan()).relation(session);
      await session.run(`CREATE TEMP TABLE scanned AS ${rows}`);
      return { rows: Number(await session.value('SELECT count(*) FROM scanned')) };
    },
  },
  'scan-batches': {
    title: 'every row to the program, as arrays',
    input: 'table',
    prepare: (path) => async () => {
      const table = await DeltaTable.open(path);
      let rows = 0;
      for await (const { rowCount } of (await table.scan()).batches()) rows += rowCount;
      return { rows };
    },
  },
  'scan-aggregate': {
    title: 'every column of every row, summed',
    input: 'table',
    prepare: (path) => async () => {
      const table = await DeltaTable.open(path);
      using session = await DuckDbSession.open(defaultLimits());
      const rows = await (await table.scan()).relation(session);
      const sums = [...PRICES, 'volume'].map((name) => `sum(${name})`).join(', ');
      const texts = 'sum(length(asset_pair)), sum(length(exchange)), max(timestamp)';
      await session.run(`CREATE TEMP TABLE summed AS SELECT count(*) AS n, ${sums}, ${texts} FROM (${rows})`);
      return { rows: Number(await session.value('SELECT n FROM summed')) };
    },
  },
  point: { title: 'point query, as ingested', input: 'table', prepare: point },
  'point-zordered': { title: 'point query, own Z-order', input: 'zordered', prepare: point },
};

function millionBars() {
  const rowCount = 1_000_000;
  let state = 7;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const codes = (of: (asset: number) => number) =>
    Uint16Array.from({ length: rowCount }, (_, i) => of(i % ASSETS));
  const prices = PRICES.map((name) => {
    const level = (i: number) => 10 ** ((i % ASSETS) % 5);
    const values = Float64Array.from({ length: rowCount }, (_, i) => {
      return Math.round(level(i) * (1 + 0.008 * (random() - 0.5)) * 1e5) / 1e5;
    });
    return [name, { values }] as const;
  });
  return {
    asset_pair: { values: { codes: codes((asset) => asset), values: NAMES } },
    exchange: { values: { codes: codes((asset) => asset % 3), values: EXCHANGES } },
    timestamp: {
      values: Float64Array.from({ length: rowCount }, (_, i) => START_US + Math.floor(i / ASSETS) * 60e6),
    },
    ...Object.fromEntries(prices),
    volume: {
      values: Float64Array.from({ length: rowCount }, () => Math.round(-50e6 * Math.log(1 - random())) / 1e6),
    },
  };
}
