import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CandidateRowGroup, encodeParquet, FetchedParquet } from '../../src/parquet/index.ts';
import { openStorage, type Storage } from '../../src/storage/index.ts';
import { FaultProxy } from '../storage/fault-proxy.ts';
import { S3Server } from './s3-server.ts';

const ASSETS = 10;
const DAYS = 30;
const MINUTES = 1440;
const DAY_US = 86_400_000_000;
const PATH = 'bars/part 1.parquet';

let server: S3Server;
let proxy: FaultProxy;
let storage: Storage;
const folder = mkdtempSync(join(tmpdir(), 'barline-ranges-'));
const instance = await DuckDBInstance.create(':memory:');
const connection = await instance.connect();

/** Bars of a minute, by asset and time: a row group for each three days of an asset. */
function bars(): readonly Uint8Array[] {
  const rowCount = ASSETS * DAYS * MINUTES;
  const asset = Array.from({ length: rowCount }, (_, row) => `asset ${Math.floor(row / (DAYS * MINUTES))}`);
  const time = Float64Array.from(asset, (_, row) => (row % (DAYS * MINUTES)) * 60_000_000);
  const prices = [1, 2, 3, 4].map((seed) => Float64Array.from(asset, (_, row) => Math.sin(row * seed) * 1e4));
  return encodeParquet(
    {
      fields: [
        { name: 'asset', type: 'string' },
        { name: 'time', type: 'timestamp' },
        ...['open', 'high', 'low', 'close'].map((name) => ({ name, type: 'double' as const })),
      ],
    },
    [{ values: asset }, { values: time }, ...prices.map((values) => ({ values }))],
    { rowGroupRows: 3 * MINUTES },
  );
}

beforeAll(async () => {
  server = await S3Server.start();
  proxy = await FaultProxy.start(server.port);
  storage = openStorage(`s3://${server.bucket}`, { s3: server.settings(proxy.port) });
  await storage.write(PATH, bars());
});
afterAll(async () => {
  connection.closeSync();
  instance.closeSync();
  rmSync(folder, { recursive: true, force: true });
  await proxy?.close();
  await server?.close();
});

const mayHold = ({ bounds }: CandidateRowGroup) => {
  const asset = bounds('asset');
  const time = bounds('time');
  if (asset === undefined || time === undefined) return true;
  const [day, next] = [7 * DAY_US, 8 * DAY_US];
  return (
    String(asset.min) <= 'asset 4' &&
    String(asset.max) >= 'asset 4' &&
    Number(time.min) < next &&
    Number(time.max) >= day
  );
};

async function received<T>(run: () => Promise<T>): Promise<{ result: T; bytes: number }> {
  const before = proxy.bytesAnswered;
  const result = await run();
  return { result, bytes: proxy.bytesAnswered - before };
}

describe('a Parquet file in a bucket', () => {
  it('is read by the ranges of a point query, counted on the wire', async () => {
    using fetched = new FetchedParquet({ temporaryFolder: folder });
    const point = await received(() => fetched.fetch(storage, { path: PATH, keepRowGroup: mayHold }));
    expect(fetched.counts.bytes).toBe(point.bytes);
    expect(point.result).toMatchObject({ byteLength: point.bytes, rowGroupsKept: 1, rowGroupsTotal: 100 });
    const counted = await connection.runAndReadAll(
      `SELECT count(*), min(asset), max(asset), sum(close) FROM '${point.result.localPath}'
       WHERE asset = 'asset 4' AND time >= '1970-01-08 00:00:00+00' AND time < '1970-01-09 00:00:00+00'`,
    );
    using everything = new FetchedParquet({ temporaryFolder: folder });
    const full = await received(() => everything.fetch(storage, { path: PATH }));
    const expected = await connection.runAndReadAll(
      `SELECT count(*), min(asset), max(asset), sum(close) FROM '${full.result.localPath}'
       WHERE asset = 'asset 4' AND time >= '1970-01-08 00:00:00+00' AND time < '1970-01-09 00:00:00+00'`,
    );
    expect(counted.getRowsJS()).toEqual(expected.getRowsJS());
    expect(counted.getRowsJS()[0]?.[0]).toBe(BigInt(MINUTES));
    expect(full.bytes / point.bytes).toBeGreaterThan(56);
    process.stdout.write(`point query: ${point.bytes} of ${full.bytes} bytes received\n`);
  });

  it('comes whole through resets, slow-downs and answers cut short', async () => {
    let count = 0;
    const faults = ['cut-answer', 'slow-down', 'lose-answer', 'error-after'] as const;
    proxy.choose = () => (count++ % 3 === 0 ? faults[count % faults.length] : undefined);
    using fetched = new FetchedParquet({ temporaryFolder: folder });
    const file = await fetched.fetch(storage, { path: PATH, columns: ['close'] });
    proxy.choose = () => undefined;
    expect(proxy.faults.length).toBeGreaterThan(4);
    const sum = await connection.runAndReadAll(`SELECT count(*), min(close) FROM '${file.localPath}'`);
    expect(sum.getRowsJS()[0]?.[0]).toBe(BigInt(ASSETS * DAYS * MINUTES));
  });

  it('leaves nothing on this machine', () => {
    expect(readdirSync(folder)).toEqual([]);
  });
});
