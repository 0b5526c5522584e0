import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DeltaTable, field, struct } from '../../src/delta/index.ts';
import { DuckDbSession, defaultLimits } from '../../src/duckdb/index.ts';
import { S3Connection, S3Storage } from '../../src/storage/index.ts';
import { S3Server } from '../conformance/s3-server.ts';

const DAYS = 365;
const ASSETS = 10;
const MINUTES = 1440;
const FILE_DAYS = 5;
const TARGET_BYTES = 16e6;
const START_US = Date.UTC(2024, 0, 1) * 1000;
const DAY_US = 86_400e6;
const QUERIES = 12;

const SCHEMA = struct([
  field('asset_pair', 'string'),
  field('exchange', 'string'),
  field('timestamp', 'timestamp'),
  ...['open', 'high', 'low', 'close', 'volume'].map((name) => field(name, 'double')),
]);

const folder = mkdtempSync(join(tmpdir(), 'barline-stored-query-'));
const place = (name: string) => join(folder, name);
let server: S3Server;

/** A file for every five days, each with every asset, in the order of time. */
async function writeDays(): Promise<void> {
  const table = await DeltaTable.create(place('days'), { schema: SCHEMA });
  using session = await DuckDbSession.open(defaultLimits());
  const prices = ['open', 'high', 'low', 'close'].map(
    (name, n) => `round(pow(10, i % 5) * (1 + (hash(day, i, ${n}) % 4001 - 2000.0) / 500000), 5) AS ${name}`,
  );
  for (let day = 0; day < DAYS; day += FILE_DAYS) {
    const relation = `SELECT printf('A%02d/USDT', i % ${ASSETS}) AS asset_pair, ['binance', 'coinbase', 'kraken'][1 + i % 3] AS exchange,
      make_timestamptz(${START_US + day * DAY_US} + (i // ${ASSETS}) * 60000000) AS timestamp,
      ${prices.join(', ')}, round(-50 * ln((1 + hash(i, day) % 1000000) / 1000001.0), 6) AS volume
      FROM (SELECT i, ${day} AS day FROM range(${ASSETS * MINUTES * FILE_DAYS}) r(i))`;
    await table.append({ relation, session });
  }
}

async function upload(name: string): Promise<void> {
  const to = storageOf(name);
  for (const entry of readdirSync(place(name), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    await to.write(path.slice(place(name).length + 1), [readFileSync(path)]);
  }
}

const storageOf = (name: string) =>
  new S3Storage(`s3://${server.bucket}/${name}`, new S3Connection(server.settings()));

beforeAll(async () => {
  server = await S3Server.start();
  await writeDays();
  for (const name of ['ours', 'theirs']) cpSync(place('days'), place(name), { recursive: true });
  const ours = await DeltaTable.open(place('ours'));
  await ours.optimize({ zOrderBy: ['asset_pair', 'timestamp'], targetFileSize: TARGET_BYTES });
  const script = `import sys; from deltalake import DeltaTable; DeltaTable(sys.argv[1]).optimize.z_order(['asset_pair', 'timestamp'], target_size=${TARGET_BYTES})`;
  await promisify(execFile)('python3', ['-c', script, place('theirs')]);
  for (const name of ['ours', 'theirs']) await upload(name);
}, 600_000);
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await server?.close();
});

/** Rows, and bytes of data files that came over the wire; the log is not counted. */
async function received(name: string, where?: string): Promise<{ rows: number; bytes: number }> {
  const storage = storageOf(name);
  const table = await DeltaTable.open(storage);
  const before = storage.traffic.bytesReceived;
  using session = await DuckDbSession.open(defaultLimits());
  const scan = await table.scan(where === undefined ? {} : { where });
  const rows = Number(await session.value(`SELECT count(*) FROM (${await scan.relation(session)})`));
  return { rows, bytes: storage.traffic.bytesReceived - before };
}

const iso = (timeUs: number) => new Date(timeUs / 1000).toISOString();

async function pointQuery(name: string): Promise<number> {
  let sum = 0;
  for (let query = 0; query < QUERIES; query++) {
    const from = START_US + ((query * 31 + 5) % DAYS) * DAY_US;
    const where = `asset_pair = 'A0${(query * 7) % ASSETS}/USDT' AND timestamp >= '${iso(from)}' AND timestamp < '${iso(from + DAY_US)}'`;
    const { rows, bytes } = await received(name, where);
    expect(rows).toBe(MINUTES);
    sum += bytes;
  }
  return sum / QUERIES;
}

it('a point query on a year of bars in a bucket receives few bytes after Z-order', {
  timeout: 600_000,
}, async () => {
  const whole = await received('ours');
  expect(whole.rows).toBe(DAYS * ASSETS * MINUTES);
  const [ours, theirs] = [await pointQuery('ours'), await pointQuery('theirs')];
  const said = `full scan ${whole.bytes}, point query ${ours.toFixed(0)} (${(whole.bytes / ours).toFixed(1)} × fewer), after delta-rs' Z-order ${theirs.toFixed(0)} (${(theirs / ours).toFixed(1)} × more)`;
  process.stdout.write(`bytes received: ${said}\n`);
  expect(whole.bytes / ours).toBeGreaterThanOrEqual(56);
  expect(theirs / ours).toBeGreaterThanOrEqual(4);
});
