import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeltaTable, openStorage } from '../../src/delta/index.ts';
import { MONTH_TABLES } from '../../src/months/index.ts';
import { jsonLines, runCli } from '../cli/run-cli.ts';
import { writeSmallMonths } from '../months/small-months.ts';
import { FaultProxy, type ProxyFault } from '../storage/fault-proxy.ts';
import { S3Server } from './s3-server.ts';

const FAULTS: readonly ProxyFault[] = [
  'reset-request',
  'lose-answer',
  'error-after',
  'slow-down',
  'cut-answer',
];
const MONTHS = ['2024-02', '2024-03', '2024-04'];

const folder = mkdtempSync(join(tmpdir(), 'barline-s3-rollback-'));
let server: S3Server;
let proxy: FaultProxy;
let lake = '';

beforeAll(async () => {
  server = await S3Server.start();
  proxy = await FaultProxy.start(server.port);
  lake = `s3://${server.bucket}/rollback`;
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await proxy?.close();
  await server?.close();
});

async function barline(...args: string[]): Promise<unknown[]> {
  const env = { ...server.environment(proxy.port), TMPDIR: folder };
  const { code, stdout, stderr } = await runCli([...args, '--lake', lake, '--json'], { env, cwd: folder });
  expect(code, stdout + stderr).toBe(0);
  return jsonLines(stdout);
}

/** Digests of the data files, by table, month and path. */
async function contents(): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of MONTH_TABLES) {
    const storage = openStorage(`${lake}/${name}`, { s3: server.settings() });
    for (const { path, partitionValues } of (await DeltaTable.open(storage)).latest.files()) {
      const bytes = await storage.read(decodeURIComponent(path));
      found[`${name} ${partitionValues.month} ${path}`] = createHash('sha256').update(bytes).digest('hex');
    }
  }
  return found;
}

describe('a rollback on versitygw, through faults', () => {
  it('puts two months back byte for byte, leaves the third, and can be undone', async () => {
    const source = join(folder, 'source');
    await writeSmallMonths(source, { months: MONTHS });
    writeFileSync(join(folder, 'changed.yaml'), 'labels: {timeout_seconds: 600}\n');
    await barline('months', 'run', '--source', source);
    const older = await contents();
    const two = ['2024-02', '2024-03'];
    const months = two.flatMap((month) => ['--month', month]);
    const changed = join(folder, 'changed.yaml');
    await barline('months', 'run', '--source', source, ...months, '--config', changed);
    const newer = await contents();
    expect(newer).not.toEqual(older);

    let count = 0;
    proxy.choose = () => (count++ % 5 === 4 ? FAULTS[count % FAULTS.length] : undefined);
    const lines = await barline('months', 'rollback', ...two, '--yes');
    expect(lines.at(-1)).toMatchObject({ summary: { months: 2, changed: 2, dry_run: false } });
    proxy.choose = () => undefined;
    expect(proxy.faults.length).toBeGreaterThan(5);
    expect(await contents()).toEqual(older);
    expect(await barline('months', 'list', '--source', source)).toMatchObject(
      MONTHS.map((month) => ({ month, state: 'up to date' })),
    );
    await barline('months', 'rollback', ...two, '--yes');
    expect(await contents()).toEqual(newer);
  });
});

describe('doctor at versitygw', () => {
  it('finds source and lake fit, every table whole, and leaves no probe', async () => {
    const source = `s3://${server.bucket}/raw`;
    const raw = openStorage(source, { s3: server.settings() });
    const [name = ''] = readdirSync(join(folder, 'source'));
    await raw.put(name, new TextEncoder().encode('a month'));
    const lines = await barline('doctor', '--source', source);
    expect(lines.at(-1)).toMatchObject({ summary: { fail: 0 } });
    const statuses = Object.fromEntries(
      lines.slice(0, -1).map((line) => [Object(line).name, Object(line).status]),
    );
    expect(statuses).toMatchObject({
      'source credentials': 'ok',
      'source listing': 'ok',
      'lake credentials': 'ok',
      'lake clock': 'ok',
      'lake listing': 'ok',
      'lake writing': 'ok',
      'lake conditional put': 'ok',
      ...Object.fromEntries(MONTH_TABLES.map((table) => [`table ${table}`, 'ok'])),
    });
    const left: string[] = [];
    for await (const { path } of openStorage(lake, { s3: server.settings() }).list('_barline/'))
      left.push(path);
    expect(left.filter((path) => path.includes('doctor'))).toEqual([]);
  });

  it('says so when the credentials are wrong, without showing them', async () => {
    const env = { ...server.environment(), AWS_SECRET_ACCESS_KEY: 'quite-another-secret' };
    const { code, stdout } = await runCli(['doctor', '--lake', lake], { env, cwd: folder });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^fail {2}lake listing: /m);
    expect(stdout).not.toContain('quite-another-secret');
  });
});
