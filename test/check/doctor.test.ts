import { appendFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type DoctorRequest, examine, type Finding } from '../../src/check/index.ts';
import { checkMemory, checkNode, checkTemporaryFolder, checkTimeZones } from '../../src/check/machine.ts';
import { DeltaTable, field, struct } from '../../src/delta/index.ts';
import { doctorFinding, doctorSummary } from '../cli/json-shapes.ts';
import { jsonLines, runCli, temporaryFolder } from '../cli/run-cli.ts';
import { SmallS3, type SmallS3Options } from '../storage/small-s3.ts';

const SECRET = 'a-secret-that-nobody-sees';

async function findings(changes: Partial<DoctorRequest> = {}): Promise<Finding[]> {
  const folder = temporaryFolder();
  const request = { lakeUri: join(folder, 'lake'), sourceUri: join(folder, 'data'), memoryByteLength: 1e9 };
  const found: Finding[] = [];
  for await (const each of examine({ ...request, environment: {}, now: Date.now, ...changes }))
    found.push(each);
  return found;
}

const of = (found: readonly Finding[], name: string) => found.find((each) => each.name === name);

async function inBucket(options: SmallS3Options = {}, now = Date.now, left = 0): Promise<Finding[]> {
  const server = await SmallS3.start(options);
  onTestFinished(() => server.close());
  const environment = {
    AWS_ENDPOINT_URL_S3: server.endpoint,
    AWS_ACCESS_KEY_ID: 'somebody',
    AWS_SECRET_ACCESS_KEY: SECRET,
  };
  // the SDK reads credentials from the process
  const before = { ...process.env };
  Object.assign(process.env, environment);
  onTestFinished(() => {
    process.env = before;
  });
  const found = await findings({ lakeUri: `s3://${server.bucket}/lake`, environment, now });
  expect([...server.objects.keys()]).toHaveLength(left);
  expect(JSON.stringify(found)).not.toContain(SECRET);
  return found;
}

describe('doctor on this machine', () => {
  it('finds what the tests run on fit, and leaves nothing behind', async () => {
    const folder = temporaryFolder();
    const found = await findings({ lakeUri: join(folder, 'lake') });
    expect(found.filter(({ status }) => status === 'fail')).toEqual([]);
    expect(found.map(({ name }) => name)).toEqual([
      'node',
      'memory',
      'cores',
      'time zones',
      'temporary folder',
      'duckdb',
      'disk space',
      'disk writes',
      'credentials',
      'lake',
    ]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('says what is wrong with a machine that is not', async () => {
    expect(checkNode('20.11.0')).toMatchObject({ status: 'fail', action: 'install Node 24' });
    expect(checkNode('24.0.0').status).toBe('ok');
    expect(checkMemory(2e9, 5e8)).toMatchObject({ status: 'fail' });
    expect(checkMemory(2e9, 1.5e9)).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining('the limit of this container'),
    });
    expect(await checkTemporaryFolder('/nonexistent/folder')).toMatchObject({ status: 'fail' });
    expect(checkTimeZones().status).toBe('ok');
  });

  it('proves every table of the lake', async () => {
    const lakeUri = temporaryFolder();
    const definition = { schema: struct([field('x', 'long')]) };
    await DeltaTable.create(join(lakeUri, 'whole'), definition);
    await DeltaTable.create(join(lakeUri, 'broken'), definition);
    appendFileSync(join(lakeUri, 'broken', '_delta_log', '00000000000000000000.json'), '{"add":');
    const found = await findings({ lakeUri });
    expect(of(found, 'table whole')).toMatchObject({ status: 'ok' });
    expect(of(found, 'table broken')).toMatchObject({
      status: 'fail',
      action: expect.stringContaining('barline table verify broken'),
    });
  });
});

describe('doctor at a bucket', () => {
  it('finds it fit, by probes that it removes', async () => {
    const found = await inBucket();
    expect(found.filter(({ name }) => name.startsWith('lake '))).toMatchObject([
      { name: 'lake credentials', status: 'ok', detail: 'from environment variables' },
      { name: 'lake clock', status: 'ok' },
      { name: 'lake listing', status: 'ok' },
      { name: 'lake writing', status: 'ok' },
      { name: 'lake conditional put', status: 'ok' },
    ]);
  });

  it.each(['PUT', 'GET', 'DELETE'])(
    'names the permission that is missing when %s is denied',
    async (denied) => {
      const refuse: SmallS3Options['refuse'] = (method, key) =>
        method === denied && key.includes('doctor-') ? { status: 403, code: 'AccessDenied' } : undefined;
      // a probe that may not be deleted stays
      const found = await inBucket({ refuse }, Date.now, denied === 'DELETE' ? 1 : 0);
      const permission = { PUT: 's3:PutObject', GET: 's3:GetObject', DELETE: 's3:DeleteObject' }[denied];
      expect(of(found, 'lake writing')).toMatchObject({
        status: 'fail',
        detail: expect.stringContaining(permission ?? ''),
      });
    },
  );

  it('warns of a server that keeps no conditions, and of a clock that is off', async () => {
    expect(of(await inBucket({ conditions: 'ignored' }), 'lake conditional put')).toMatchObject({
      status: 'warn',
    });
    const late = await inBucket({}, () => Date.now() - 300_000);
    expect(of(late, 'lake clock')).toMatchObject({
      status: 'warn',
      detail: 'this machine is 300 s behind the server',
    });
    const off = await inBucket({}, () => Date.now() + 1_000_000);
    expect(of(off, 'lake clock')?.status).toBe('fail');
  });
});

describe('barline doctor', () => {
  it('prints a line for each look and exits 0, or 1 with what to do', async () => {
    const cwd = temporaryFolder();
    const good = await runCli(['doctor', '--json'], { cwd });
    expect(good.code, good.stderr).toBe(0);
    const lines = jsonLines(good.stdout);
    expect(doctorSummary.parse(lines.at(-1))).toMatchObject({ summary: { fail: 0 } });
    expect(lines.slice(0, -1).map((line) => doctorFinding.parse(line).status)).not.toContain('fail');

    mkdirSync(join(cwd, 'lake'));
    writeFileSync(join(cwd, 'barline.yaml'), 'lake: ./lake\nrun: {workers: none}\n');
    const bad = await runCli(['doctor'], { cwd });
    expect(bad.code).toBe(1);
    expect(bad.stdout).toMatch(/^fail {2}configuration: .*run\.workers/m);
    expect(bad.stdout).toMatch(/^not fit: 1 failed/m);
  });

  it('names the sinks of alerts whose variable is not set', async () => {
    const cwd = temporaryFolder();
    const sinks = '[{type: console}, {type: slack, url_env: BARLINE_NO_SUCH_HOOK}]';
    writeFileSync(join(cwd, 'barline.yaml'), `alerts: {sinks: ${sinks}}\n`);
    const unset = await runCli(['doctor'], { cwd });
    expect(unset.code).toBe(1);
    expect(unset.stdout).toMatch(/^fail {2}alerts: slack cannot send: .*BARLINE_NO_SUCH_HOOK$/m);
    const env = { BARLINE_NO_SUCH_HOOK: 'https://127.0.0.1:9/secret-path' };
    const set = await runCli(['doctor'], { cwd, env });
    expect(set.stdout).not.toMatch(/alerts|secret-path/);
  });
});
