import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeltaTable, field, struct } from '../../src/delta/index.ts';
import { FetchedParquet } from '../../src/parquet/index.ts';
import { openStorage } from '../../src/storage/index.ts';
import { S3Server } from './s3-server.ts';

const COMMITS = 8;

let server: S3Server;
beforeAll(async () => {
  server = await S3Server.start();
});
afterAll(() => server?.close());

/** Asks s3_delta_rs.py; a missing Python or deltalake fails the test. */
async function deltaRs(...args: string[]): Promise<string> {
  const env = {
    ...process.env,
    ...server.environment(),
    AWS_ENDPOINT_URL: server.settings().endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ALLOW_HTTP: 'true',
    AWS_CONDITIONAL_PUT: 'etag',
  };
  const script = join(import.meta.dirname, 's3_delta_rs.py');
  return (await promisify(execFile)('python3', [script, ...args], { env })).stdout;
}

async function appendHere(uri: string, name: string): Promise<void> {
  const table = await DeltaTable.open(openStorage(uri, { s3: server.settings() }));
  for (let serial = 0; serial < COMMITS; serial++) {
    const file = await table.writeDataFile({
      writer: { values: [name] },
      serial: { values: Float64Array.of(serial) },
    });
    await table.append([file]);
  }
}

/** The rows as DuckDB finds them in the fetched parts. */
async function readHere(uri: string): Promise<{ version: number; rows: string[] }> {
  const table = await DeltaTable.open(openStorage(uri, { s3: server.settings() }));
  const folder = mkdtempSync(join(tmpdir(), 'barline-s3-read-'));
  using fetched = new FetchedParquet({ temporaryFolder: folder });
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const { files } = await table.scan();
    const parts = await Promise.all(
      files.map(({ path, size }) =>
        fetched.fetch(table.storage, { path: decodeURIComponent(path), byteLength: size }),
      ),
    );
    const paths = parts.map(({ localPath }) => `'${localPath}'`).join(', ');
    const found = await connection.runAndReadAll(
      `SELECT writer || ' ' || serial AS name FROM read_parquet([${paths}]) ORDER BY name`,
    );
    return { version: table.version, rows: found.getRowsJS().map(([name]) => String(name)) };
  } finally {
    connection.closeSync();
    instance.closeSync();
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('a table in a bucket', () => {
  it('takes the appends of delta-rs and of Barline at once, each of them once', async () => {
    const uri = `s3://${server.bucket}/shared table`;
    await DeltaTable.create(openStorage(uri, { s3: server.settings() }), {
      schema: struct([field('writer', 'string'), field('serial', 'long')]),
    });
    await Promise.all([
      appendHere(uri, 'barline-1'),
      appendHere(uri, 'barline-2'),
      deltaRs('append', uri, 'delta-rs-1', String(COMMITS)),
      deltaRs('append', uri, 'delta-rs-2', String(COMMITS)),
    ]);
    const names = ['barline-1', 'barline-2', 'delta-rs-1', 'delta-rs-2'];
    const rows = names.flatMap((name) => Array.from({ length: COMMITS }, (_, serial) => `${name} ${serial}`));
    const expected = { version: 4 * COMMITS, rows: rows.sort() };
    expect(await readHere(uri)).toEqual(expected);
    expect(JSON.parse(await deltaRs('read', uri))).toEqual(expected);
  });
});
