import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { DeltaTable, field, openStorage, struct } from '../../src/delta/index.ts';
import { DuckDbSession } from '../../src/duckdb/index.ts';
import { S3Connection, S3Storage } from '../../src/storage/index.ts';
import { WIDE, writeLake } from '../query/lake-fixture.ts';
import { SmallS3 } from '../storage/small-s3.ts';
import { jsonLines, runCli, startCli } from './run-cli.ts';

let s3: SmallS3;
let lake = '';
/** Where commands put what they fetch, and Node what it compiled. */
const temporary = mkdtempSync(join(tmpdir(), 'barline-test-'));

const leftFolders = () => readdirSync(temporary).filter((name) => name.startsWith('barline'));

const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
const environment = () => ({
  AWS_ENDPOINT_URL_S3: s3.endpoint,
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  TMPDIR: temporary,
});
const settings = () => ({ endpoint: s3.endpoint, credentials });
const barline = (...args: string[]) => runCli([...args, '--lake', lake], { env: environment() });
const rowsOf = async (...args: string[]) => {
  const { code, stdout, stderr } = await barline(...args, '--json');
  expect(code, stderr).toBe(0);
  return jsonLines(stdout);
};

beforeAll(async () => {
  s3 = await SmallS3.start();
  lake = `s3://${s3.bucket}/lakes/one`;
  await writeLake(lake, settings());
});
beforeEach(() => {
  s3.requests.length = 0;
});
afterAll(async () => {
  expect(leftFolders()).toEqual([]);
  rmSync(temporary, { recursive: true, force: true });
  await s3?.close();
});

/** Data files of which something was asked for. */
function filesRead(): string[] {
  const paths = s3.requests.flatMap((request) => /^GET (\S+\.parquet)/.exec(request)?.[1] ?? []);
  return [...new Set(paths.map((path) => /bars\/(month=[\d-]+)\//.exec(path)?.[1] ?? path))].sort();
}

describe('a lake in a bucket', () => {
  test('lists its tables, and shows and reads them by name', async () => {
    expect(await rowsOf('table', 'list')).toMatchObject([
      { name: 'bars', version: 2, rows: 150 },
      { name: 'empty', version: 0, rows: 0 },
    ]);
    expect(filesRead()).toEqual([]);
    const rows = await rowsOf('table', 'read', 'bars');
    expect(rows).toHaveLength(150);
    expect(rows[0]).toEqual({
      timestamp: '2024-01-01T14:30:00.000000Z',
      month: '2024-01',
      close: 5000,
      volume: String(WIDE),
    });
    expect(await rowsOf('table', 'read', 'bars@v1')).toHaveLength(100);
    const whole = await runCli(['table', 'read', `${lake}/bars`, '--json'], { env: environment() });
    expect(jsonLines(whole.stdout)).toEqual(rows);
  });

  test('read fetches the files and columns that are asked for', async () => {
    const wanted = ['--where', "month = '2024-02' AND close > 5024", '--columns', 'timestamp'];
    expect(await rowsOf('table', 'read', 'bars', ...wanted, '--order-by', 'volume')).toEqual([
      { timestamp: '2024-02-01T14:31:37.000000Z' },
      { timestamp: '2024-02-01T14:31:38.000000Z' },
      { timestamp: '2024-02-01T14:31:39.000000Z' },
    ]);
    expect(filesRead()).toEqual(['month=2024-02']);
    s3.requests.length = 0;
    const { stdout, stderr } = await barline('table', 'read', 'bars', '--limit', '2');
    expect(stdout).toContain('2024-01-01T14:30:01Z');
    expect(stderr).toContain('the first 2 of 150 rows');
    expect(filesRead()).toEqual(['month=2024-01']);
  });

  test('sql reads the tables it names, as far as its conditions reach', async () => {
    const query = `SELECT count(*) AS n, max(close) AS top FROM bars WHERE month >= '2024-02' AND close < 5001`;
    expect(await rowsOf('sql', query)).toEqual([{ n: 4, top: 5000.75 }]);
    expect(filesRead()).toEqual(['month=2024-02']);
    s3.requests.length = 0;
    expect(await rowsOf('sql', 'SELECT count(*) AS n FROM bars@v1 JOIN bars USING (close)')).toEqual([
      { n: 150 },
    ]);
    expect(filesRead()).toEqual(['month=2024-01', 'month=2024-02']);
    expect(await rowsOf('sql', 'SELECT count(*) AS n FROM bars')).toEqual([{ n: 150 }]);
    expect(await rowsOf('sql', 'PIVOT bars ON month USING count(*)')).not.toEqual([]);
  });

  test('what tells of columns and names alone opens no data file', async () => {
    expect(await rowsOf('sql', 'DESCRIBE bars')).toHaveLength(4);
    expect(await rowsOf('sql', 'SHOW TABLES')).toEqual([{ name: 'bars' }, { name: 'empty' }]);
    const columns = `SELECT column_name FROM information_schema.columns WHERE table_name = 'bars'`;
    expect(await rowsOf('sql', columns)).toHaveLength(4);
    expect(filesRead()).toEqual([]);
  });

  test('changes, diff and verify', async () => {
    const table = await DeltaTable.open(openStorage(`${lake}/bars`, { s3: settings() }));
    await table.setProperties({ 'delta.enableChangeDataFeed': 'true' });
    await table.replaceWhere({ month: '2024-01' }, []);
    const changed = await rowsOf('table', 'changes', 'bars', '--from', '4');
    expect(changed).toHaveLength(50);
    expect(changed[0]).toMatchObject({ _change_type: 'delete', month: '2024-01' });
    expect(await rowsOf('table', 'diff', 'bars', '--from', '3')).toMatchObject([
      { rows: { from: 150, to: 100 } },
    ]);
    expect((await barline('table', 'verify', 'bars')).code).toBe(0);
    await table.restore({ version: 3 });
  });

  test('a check of a new constraint reads the rows', async () => {
    const added = await barline('table', 'constraints', 'empty', '--add', 'positive=x > 0');
    expect(added.code, added.stderr).toBe(0);
    const refused = await barline('table', 'constraints', 'bars', '--add', 'low=close < 5010');
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('DELTA_CONSTRAINT_VIOLATED') });
  });

  test('errors name the lake and what it has', async () => {
    const lost = await runCli(['table', 'list', '--lake', `s3://${s3.bucket}/nowhere`], {
      env: environment(),
    });
    expect(lost).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error\[LAKE_NOT_FOUND\]: .*s3:\/\//),
    });
    const slip = await barline('table', 'read', 'brs');
    expect(slip).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/TABLE_NOT_FOUND.*\nhint: did you mean bars/),
    });
    const asked = await barline('sql', 'SELECT * FROM brs');
    expect(asked).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/TABLE_NOT_FOUND.*\nhint: did you mean bars/),
    });
  });

  test('a data file that is torn or gone is named', async () => {
    const other = `s3://${s3.bucket}/lakes/damaged`;
    await writeLake(other, settings());
    const [gone = ''] = [...s3.objects.keys()].filter((key) =>
      key.startsWith('lakes/damaged/bars/month=2024-01'),
    );
    const object = s3.objects.get(gone);
    if (object === undefined) throw new Error('the lake has no such file');
    s3.objects.set(gone, { ...object, bytes: Buffer.from(object.bytes).fill(0, object.bytes.length - 8) });
    const torn = await runCli(['table', 'verify', 'bars', '--lake', other], { env: environment() });
    expect([torn.code, torn.stdout + torn.stderr]).toEqual([
      1,
      expect.stringContaining('is no whole Parquet file'),
    ]);
    s3.objects.delete(gone);
    const read = await runCli(['sql', 'SELECT max(close) FROM bars', '--lake', other], {
      env: environment(),
    });
    expect(read.code).toBe(1);
    expect(read.stderr).toContain(gone);
    expect(read.stderr).toMatch(/^error\[QUERY_FILE_MISSING\]: .*\nhint: .*\n$/);
  });
});

describe('what is fetched', () => {
  test('is gone after Ctrl-C, which waits for no answer', async () => {
    const stalled = await SmallS3.start({
      delayMs: (method, key) => (method === 'GET' && key.endsWith('.parquet') ? 30_000 : 0),
    });
    onTestFinished(() => stalled.close());
    for (const [key, object] of s3.objects) stalled.objects.set(key, object);
    const env = { ...environment(), AWS_ENDPOINT_URL_S3: stalled.endpoint };
    const start = () => {
      stalled.requests.length = 0;
      const child = startCli(['sql', 'SELECT sum(close) FROM bars', '--lake', lake], { env });
      onTestFinished(() => void child.kill('SIGKILL'));
      return { child, closed: new Promise((resolve) => child.on('close', resolve)) };
    };
    const fetches = async () => {
      while (!stalled.requests.some((request) => request.includes('.parquet'))) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    const interrupted = start();
    await fetches();
    interrupted.child.kill('SIGINT');
    expect(await interrupted.closed).toBe(130);
    expect(leftFolders()).toEqual([]);
  });

  test('left by a process that is gone is removed by the next session, other folders are not', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'barline-test-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const script = `
      import { mkdirSync, writeFileSync } from 'node:fs';
      import { temporaryFolderName } from ${JSON.stringify(join(import.meta.dirname, '../../src/base/index.ts'))};
      for (const kind of ['fetched', 'query', 'write']) {
        const left = process.argv[1] + '/' + temporaryFolderName(kind);
        mkdirSync(left);
        writeFileSync(left + '/0.parquet', 'x');
      }
      process.kill(process.pid, 'SIGKILL');`;
    spawnSync(process.execPath, ['--input-type=module-typescript', '-e', script, folder]);
    expect(readdirSync(folder)).toHaveLength(3);
    const mine = join(folder, 'barline-fetched-00000000-1-000000000000-1');
    writeFileSync(mine, 'of another machine');
    const limits = { memoryByteLength: 1e8, threads: 1, temporaryFolder: folder };
    using _session = await DuckDbSession.open(limits);
    expect(readdirSync(folder)).toEqual(['barline-fetched-00000000-1-000000000000-1']);
  });
});

test('a table without columns to fetch is counted by its footers', async () => {
  const uri = `s3://${s3.bucket}/lakes/wide/numbers`;
  const storage = new S3Storage(uri, new S3Connection(settings()));
  const table = await DeltaTable.create(storage, {
    schema: struct([field('x', 'double'), field('y', 'double')]),
  });
  const x = { values: Float64Array.from({ length: 50_000 }, () => Math.random()) };
  await table.append([await table.writeDataFile({ x, y: x })]);
  const [file] = (await table.scan()).files;
  const before = storage.traffic.bytesReceived;
  expect((await (await table.scan({ where: 'x >= 0', columns: ['x'] })).columns()).rowCount).toBe(50_000);
  const received = storage.traffic.bytesReceived - before;
  expect(received).toBeLessThan(0.6 * (file?.size ?? 0));
  expect(received).toBeGreaterThan(0.4 * (file?.size ?? 0));
});
