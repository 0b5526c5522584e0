// Peak memory of operations on a table of 50 M rows, each in a process of its own on a table of its own: the most that
// the kernel saw resident. Ends with 1 where one took 2 GB or more.
// Usage: node bench/delta-memory.ts [rows] [operation,...]
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DeltaTable, field, struct } from '../src/delta/index.ts';
import { DuckDbSession, defaultLimits } from '../src/duckdb/index.ts';

const ROWS = Number(process.argv[2] ?? 50_000_000);
const FILE_ROWS = 1_000_000;
const ASSETS = 100;
const MOST_BYTES = 2e9;

const SCHEMA = struct([
  field('asset_pair', 'string'),
  field('timestamp', 'timestamp'),
  field('open', 'double'),
  field('high', 'double'),
  field('low', 'double'),
  field('close', 'double'),
  field('volume', 'long'),
]);

const PRICES = ['open', 'high', 'low', 'close'];

/** Bars of a second, in the order of time: all assets of one second, then of the next. */
function rowsSql(from: number, to: number, step = 1, volume = 'hash(i) % 100000'): string {
  const prices = PRICES.map((name, n) => `5000 + (hash(i, ${n}) % 100000) / 4.0 AS ${name}`).join(', ');
  const time = `make_timestamptz(1704067200000000 + (i // ${ASSETS}) * 1000000)`;
  return `SELECT 'asset ' || (i % ${ASSETS}) AS asset_pair, ${time} AS timestamp, ${prices}, (${volume})::BIGINT AS volume FROM range(${from}, ${to}, ${step}) r(i)`;
}

async function generate(location: string): Promise<void> {
  const table = await DeltaTable.create(location, {
    schema: SCHEMA,
    properties: { 'delta.enableDeletionVectors': 'true' },
  });
  using session = await DuckDbSession.open(defaultLimits());
  for (let from = 0; from < ROWS; from += FILE_ROWS) {
    await table.append({ relation: rowsSql(from, Math.min(from + FILE_ROWS, ROWS)), session });
  }
}

/** Each gives a number of rows to tell that it did something. */
const OPERATIONS: Readonly<Record<string, (table: DeltaTable) => Promise<number>>> = {
  scan: async (table) => {
    let rows = 0;
    for await (const { rowCount } of (await table.scan()).batches()) rows += rowCount;
    return rows;
  },
  // half a million rows that are there, all over the table, and as many new ones
  merge: async (table) => {
    using session = await DuckDbSession.open(defaultLimits());
    const known = rowsSql(0, ROWS, ROWS / 500_000, '-1');
    const relation = `${known} UNION ALL ${rowsSql(ROWS, ROWS + 500_000, 1, '-1')}`;
    const { rowsUpdated, rowsInserted } = await table.merge(
      { relation, session },
      { on: ['asset_pair', 'timestamp'], whenMatchedUpdate: 'all', whenNotMatchedInsert: 'all' },
    );
    return rowsUpdated + rowsInserted;
  },
  delete: async (table) => (await table.delete('volume < 1000')).rowsDeleted,
  'optimize by joining': async (table) => (await table.optimize()).rows,
  'optimize by z-order': async (table) =>
    (await table.optimize({ zOrderBy: ['asset_pair', 'timestamp'] })).rows,
};

async function child(name: string, location: string): Promise<void> {
  const start = performance.now();
  const rows = await OPERATIONS[name]?.(await DeltaTable.open(location));
  const seconds = (performance.now() - start) / 1000;
  process.stdout.write(JSON.stringify({ seconds, rows, peakBytes: process.resourceUsage().maxRSS * 1024 }));
}

function bytesBelow(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

function measure(name: string, location: string): { isGood: boolean; text: string } {
  const self = fileURLToPath(import.meta.url);
  const run = spawnSync(process.execPath, [self, String(ROWS), name, location], { encoding: 'utf8' });
  if (run.status !== 0) return { isGood: false, text: `failed: ${run.error ?? run.stderr}` };
  const { seconds, rows, peakBytes } = JSON.parse(run.stdout);
  const isGood = peakBytes < MOST_BYTES;
  const peak = `${(peakBytes / 1e6).toFixed(0)} MB at most${isGood ? '' : ', which is too much'}`;
  return { isGood, text: `${peak}; ${rows} rows in ${seconds.toFixed(1)} s` };
}

async function main(names: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'barline-bench-'));
  try {
    const table = join(folder, 'table');
    await generate(table);
    const size = (bytesBelow(table) / 1e6).toFixed(0);
    console.log(`${ROWS} rows, ${size} MB, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`);
    for (const name of names) {
      const own = join(folder, 'own');
      cpSync(table, own, { recursive: true });
      const { isGood, text } = measure(name, own);
      console.log(`${name.padEnd(20)} ${text}`);
      if (!isGood) process.exitCode = 1;
      rmSync(own, { recursive: true });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [, , , names, own] = process.argv;
if (own !== undefined) await child(names, own);
else await main(names?.split(',') ?? Object.keys(OPERATIONS));
