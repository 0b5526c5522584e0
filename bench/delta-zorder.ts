// A point query (one asset, one day, all columns) on a year of one-minute bars of ten assets: bytes fetched (footers and
// column chunks of row groups kept) before and after Z-order by Barline and by delta-rs, same target size of files.
// Usage: node bench/delta-zorder.ts [days] [queries]
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AddFile, DeltaTable } from '../src/delta/index.ts';
import { type CandidateRowGroup, FetchedParquet } from '../src/parquet/index.ts';
import { assetNames, DAY_US, EXCHANGES, SCHEMA, START_US } from './harness/delta-workloads.ts';

const DAYS = Number(process.argv[2] ?? 365);
const QUERIES = Number(process.argv[3] ?? 40);
const ASSETS = 10;
const MINUTES = 1440;
const TARGET_BYTES = 16e6;
const NAMES = assetNames(ASSETS);

/** Uniform in [0, 1), the same every time. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One file for each day, each with every asset, in the order of time. */
async function writeDays(folder: string): Promise<void> {
  const table = await DeltaTable.create(folder, { schema: SCHEMA });
  const rowCount = ASSETS * MINUTES;
  const files: AddFile[] = [];
  for (let day = 0; day < DAYS; day++) {
    const random = randomFrom(day);
    const row = (compute: (asset: number, minute: number) => number) =>
      Float64Array.from({ length: rowCount }, (_, i) => compute(i % ASSETS, Math.floor(i / ASSETS)));
    const price = row((asset) => round(10 ** (asset % 5) * (1 + 0.004 * (random() - 0.5)), 1e5));
    const codes = (of: (asset: number) => number) =>
      Uint16Array.from({ length: rowCount }, (_, i) => of(i % ASSETS));
    files.push(
      await table.writeDataFile({
        asset_pair: { values: { codes: codes((asset) => asset), values: NAMES } },
        exchange: { values: { codes: codes((asset) => asset % 3), values: EXCHANGES } },
        timestamp: { values: row((_, minute) => START_US + day * DAY_US + minute * 60e6) },
        open: { values: price },
        high: { values: price.map((value) => value + round(random() * 0.01, 1e5)) },
        low: { values: price.map((value) => value - round(random() * 0.01, 1e5)) },
        close: { values: price.map((value) => round(value * (1 + 0.001 * (random() - 0.5)), 1e5)) },
        volume: { values: price.map(() => round(-50 * Math.log(1 - random()), 1e6)) },
      }),
    );
  }
  await table.append(files);
}

function round(value: number, scale: number): number {
  return Math.round(value * scale) / scale;
}

interface Query {
  readonly asset: string;
  readonly fromUs: number;
}

const iso = (timeUs: number) => new Date(timeUs / 1000).toISOString();

/** Bytes of footers, and of all columns' chunks of the row groups that may hold such rows; of all without a query. */
async function bytesOf(
  table: DeltaTable,
  query?: Query,
): Promise<{ bytes: number; rows: number; files: number }> {
  const where =
    query === undefined
      ? {}
      : {
          asset_pair: query.asset,
          timestamp: { ge: iso(query.fromUs), lt: iso(query.fromUs + DAY_US) },
        };
  const scan = await table.scan({ where });
  using fetched = new FetchedParquet({ temporaryFolder: tmpdir(), tailBytes: 8 });
  let rows = 0;
  for (const { path, size } of scan.files) {
    const keep =
      query === undefined ? {} : { keepRowGroup: (group: CandidateRowGroup) => mayHold(group, query) };
    const file = await fetched.fetch(table.storage, { path, byteLength: size, ...keep });
    rows += file.rowCount;
    await fetched.release(file.localPath);
  }
  return { bytes: fetched.counts.bytes, rows, files: scan.files.length };
}

function mayHold(group: CandidateRowGroup, { asset, fromUs }: Query): boolean {
  const assets = group.bounds('asset_pair');
  const times = group.bounds('timestamp');
  return (
    !(assets?.min !== undefined && assets.min > asset) &&
    !(assets?.max !== undefined && assets.max < asset) &&
    !(times?.min !== undefined && Number(times.min) >= fromUs + DAY_US) &&
    !(times?.max !== undefined && Number(times.max) < fromUs)
  );
}

const PYTHON = `
import sys, time
from deltalake import DeltaTable
start = time.perf_counter()
DeltaTable(sys.argv[1]).optimize.z_order(['asset_pair', 'timestamp'], target_size=int(sys.argv[2]))
print(time.perf_counter() - start)
`;

interface Standing {
  readonly name: string;
  readonly files: number;
  readonly scanBytes: number;
  readonly pointBytes: number;
  readonly leastBytes: number;
  readonly mostBytes: number;
}

async function standing(name: string, folder: string): Promise<Standing> {
  const table = await DeltaTable.open(folder);
  const { bytes: scanBytes, rows } = await bytesOf(table);
  if (rows !== DAYS * ASSETS * MINUTES)
    throw new Error(`${name}: expected ${DAYS * ASSETS * MINUTES} rows, found ${rows}`);
  const found: number[] = [];
  const random = randomFrom(1);
  for (let i = 0; i < QUERIES; i++) {
    const asset = NAMES[Math.floor(random() * ASSETS)] ?? '';
    found.push(
      (await bytesOf(table, { asset, fromUs: START_US + Math.floor(random() * DAYS) * DAY_US })).bytes,
    );
  }
  found.sort((a, b) => a - b);
  return {
    name,
    files: table.latest.fileCount,
    scanBytes,
    pointBytes: found.reduce((sum, bytes) => sum + bytes, 0) / QUERIES,
    leastBytes: found[0] ?? 0,
    mostBytes: found.at(-1) ?? 0,
  };
}

function line({ name, files, scanBytes, pointBytes, leastBytes, mostBytes }: Standing): string {
  const kb = (bytes: number) => (bytes / 1e3).toFixed(0);
  const factor = (scanBytes / pointBytes).toFixed(1);
  return `${name.padEnd(22)} ${String(files).padStart(4)} files  scan ${(scanBytes / 1e6).toFixed(1)} MB  point query ${kb(pointBytes)} kB (${kb(leastBytes)} … ${kb(mostBytes)})  ${factor} × fewer`;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'barline-bench-'));
  const place = (name: string) => join(folder, name);
  try {
    await writeDays(place('days'));
    cpSync(place('days'), place('ours'), { recursive: true });
    cpSync(place('days'), place('theirs'), { recursive: true });
    const start = performance.now();
    const ours = await DeltaTable.open(place('ours'));
    await ours.optimize({ zOrderBy: ['asset_pair', 'timestamp'], targetFileSize: TARGET_BYTES });
    const seconds = (performance.now() - start) / 1000;
    const run = spawnSync('python3', ['-c', PYTHON, place('theirs'), String(TARGET_BYTES)], {
      encoding: 'utf8',
    });
    if (run.status !== 0) throw new Error(`delta-rs failed: ${run.error ?? run.stderr}`);
    const machine = `${cpus().length} × ${cpus()[0]?.model}`;
    console.log(`${DAYS * ASSETS * MINUTES} rows, ${QUERIES} queries, Node ${process.version}, ${machine}`);
    console.log(`Z-order: barline ${seconds.toFixed(1)} s, delta-rs ${Number(run.stdout).toFixed(1)} s`);
    const before = await standing('as ingested', place('days'));
    const barline = await standing('Z-order by barline', place('ours'));
    const deltaRs = await standing('Z-order by delta-rs', place('theirs'));
    for (const each of [before, barline, deltaRs]) console.log(line(each));
    console.log(
      `barline reads ${(deltaRs.pointBytes / barline.pointBytes).toFixed(1)} × fewer bytes than after delta-rs' Z-order`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
