import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStorage } from '../../src/delta/index.ts';
import { RandomStream } from '../../src/sample/random.ts';
import { S3Server } from '../conformance/s3-server.ts';
import { FaultProxy, type ProxyFault } from '../storage/fault-proxy.ts';
import {
  commitsByMonth,
  expectFiles,
  type LakeContents,
  lakeContents,
  MONTHS,
  monthsOf,
  startProcess,
  strayPaths,
  writeMonths,
} from './month-runs.ts';

const FAULTS: readonly ProxyFault[] = [
  'reset-request',
  'lose-answer',
  'error-after',
  'slow-down',
  'cut-answer',
  'slow-answer',
  'corrupt-answer',
];
const FAULTY_SHARE = 0.1;
/** A folder of full-size months, of which the first 24 are taken instead of small ones. */
const FULL_MONTHS = process.env.BARLINE_FULL_MONTHS;

const root = mkdtempSync(join(tmpdir(), 'barline-faulty-'));
const source = FULL_MONTHS ?? join(root, 'source');
const config = join(root, 'barline.yaml');
let server: S3Server;
let proxy: FaultProxy;
let files: string[] = [];
let expected: LakeContents = {};

const argsFor = (from: string, lake: string) => {
  const range = ['--from', monthOf(files[0]), '--to', monthOf(files.at(-1))];
  const places = ['--source', from, '--lake', lake, '--config', config];
  return [...range, ...places];
};
const monthOf = (name = '') => /(\d{4})(\d\d)\d\d-\d{8}\./.exec(name)?.slice(1).join('-') ?? '';
const run = (from: string, lake: string, environment: Readonly<Record<string, string>> = {}) =>
  startProcess(['months', 'run', ...argsFor(from, lake), '--workers', '2', '--json'], environment).exit;

beforeAll(async () => {
  server = await S3Server.start();
  proxy = await FaultProxy.start(server.port);
  if (FULL_MONTHS === undefined) await writeMonths(source);
  files = readdirSync(source)
    .filter((name) => name.endsWith('.dbn.zst'))
    .sort()
    .slice(0, MONTHS.length);
  writeFileSync(config, 'run:\n  retry:\n    first_delay: 1s\n');
  const bucket = openStorage(`s3://${server.bucket}`, { s3: server.settings() });
  for (const name of files) {
    await bucket.put(`raw-data/databento/${name}`, readFileSync(join(source, name)));
  }
  const undisturbed = { uri: join(root, 'undisturbed') };
  const { code, stderr } = await run(source, undisturbed.uri);
  expect(code, stderr).toBe(0);
  expected = await lakeContents(undisturbed);
}, 900_000);
afterAll(async () => {
  await proxy?.close();
  await server?.close();
  rmSync(root, { recursive: true, force: true });
});

/** Tables and months that differ; the documents themselves are too long to be printed. */
function differences(found: LakeContents, wanted: LakeContents): string[] {
  const months = (contents: LakeContents, table: string) => Object.keys(contents[table] ?? {});
  return Object.keys({ ...found, ...wanted }).flatMap((table) =>
    [...new Set([...months(found, table), ...months(wanted, table)])]
      .filter((month) => found[table]?.[month] !== wanted[table]?.[month])
      .map((month) => `${table} ${month}`),
  );
}

it.each(['', '/', '/raw-data', '/raw-data/databento/'])(
  'months are found below s3://BUCKET%s',
  async (prefix) => {
    const places = argsFor(`s3://${server.bucket}${prefix}`, join(root, 'none'));
    const { code, stdout, stderr } = await startProcess(
      ['months', 'list', ...places, '--json'],
      server.environment(),
    ).exit;
    expect(code, stderr).toBe(0);
    expect(stdout.match(/"state":"missing"/g)).toHaveLength(files.length);
  },
);

it('24 months from a bucket into a bucket come through a fault in ten requests, without a person', async () => {
  const random = RandomStream.of(20_251_001);
  proxy.choose = ({ method, path }) => {
    if (random.uniform() >= FAULTY_SHARE) return undefined;
    const fault = FAULTS[Math.floor(random.uniform() * FAULTS.length)];
    // nothing but an object has a checksum
    const isObject = method === 'GET' && !path.includes('list-type');
    return fault === 'corrupt-answer' && !isObject ? 'cut-answer' : fault;
  };
  const lake = { uri: `s3://${server.bucket}/faulty`, s3: server.settings() };
  const from = `s3://${server.bucket}/raw-data/databento/`;
  const { code, stdout, stderr } = await run(from, lake.uri, server.environment(proxy.port));
  const { requestCount } = proxy;
  proxy.choose = () => undefined;
  expect(code, stderr).toBe(0);
  expect(monthsOf(stdout, 'succeeded').sort()).toEqual(files.map(monthOf));
  const { summary } = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
  process.stderr.write(
    `${proxy.faults.length} of ${requestCount} requests spoilt; ` +
      `requests made again: ${summary.retries.requests}, months begun again: ${summary.retries.months}\n`,
  );
  expect(new Set(proxy.faults.map(({ fault }) => fault)).size).toBe(FAULTS.length);
  // a slow answer comes whole, and one without a body cannot be cut
  const spoilt = proxy.faults.filter(({ fault }) => !/slow-answer|cut-answer|corrupt/.test(fault));
  expect(summary.retries.requests).toBeGreaterThanOrEqual(spoilt.length);
  expect(differences(await lakeContents(lake), expected)).toEqual([]);
  await expectFiles(lake);
  // what alerts know of months stays
  const stray = (await strayPaths(lake)).filter((path) => !path.startsWith('_barline/alerts/'));
  expect(stray).toEqual([]);
  expect(Object.values(await commitsByMonth(lake))).toEqual(files.map(() => 1));
}, 1_800_000);
