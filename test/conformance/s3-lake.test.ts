import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeltaTable, openStorage } from '../../src/delta/index.ts';
import { jsonLines, runCli } from '../cli/run-cli.ts';
import { SMALL_MONTHS, writeSmallMonths } from '../months/small-months.ts';
import { WIDE, writeLake } from '../query/lake-fixture.ts';
import { FaultProxy, type ProxyFault } from '../storage/fault-proxy.ts';
import { S3Server } from './s3-server.ts';

const FAULTS: readonly ProxyFault[] = [
  'reset-request',
  'lose-answer',
  'error-after',
  'slow-down',
  'cut-answer',
];

let server: S3Server;
let proxy: FaultProxy;
const folder = mkdtempSync(join(tmpdir(), 'barline-s3-lake-'));

beforeAll(async () => {
  server = await S3Server.start();
  proxy = await FaultProxy.start(server.port);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await proxy?.close();
  await server?.close();
});

/** A command behind the proxy; fails when it does. */
async function barline(...args: string[]): Promise<unknown[]> {
  const env = { ...server.environment(proxy.port), TMPDIR: folder };
  const { code, stdout, stderr } = await runCli([...args, '--json'], { env });
  expect(code, stderr).toBe(0);
  return jsonLines(stdout);
}

const left = () => readdirSync(folder).filter((name) => /^barline-(fetched|query)/.test(name));

describe('a lake on versitygw', () => {
  it('lists, reads and queries tables, through faults too', async () => {
    const lake = `s3://${server.bucket}/lake`;
    await writeLake(lake, server.settings());
    expect(await barline('table', 'list', '--lake', lake)).toMatchObject([
      { name: 'bars', rows: 150 },
      { name: 'empty', rows: 0 },
    ]);
    const rows = await barline('table', 'read', 'bars', '--lake', lake);
    expect([rows.length, rows[0]]).toMatchObject([150, { month: '2024-01', volume: String(WIDE) }]);
    const query =
      'SELECT month, count(*) AS n, max(close) AS top FROM bars WHERE close < 5010 GROUP BY month ORDER BY month';
    const expected = [
      { month: '2024-01', n: 40, top: 5009.75 },
      { month: '2024-02', n: 40, top: 5009.75 },
    ];
    expect(await barline('sql', query, '--lake', lake)).toEqual(expected);
    let count = 0;
    proxy.choose = () => (count++ % 4 === 0 ? FAULTS[count % FAULTS.length] : undefined);
    expect(await barline('sql', query, '--lake', lake)).toEqual(expected);
    proxy.choose = () => undefined;
    expect(proxy.faults.length).toBeGreaterThan(2);
    const lost = await barline(
      'sql',
      'SELECT count(*) AS n FROM bars@v1 ANTI JOIN bars USING (timestamp)',
      '--lake',
      lake,
    );
    expect(lost).toEqual([{ n: 0 }]);
    expect(left()).toEqual([]);
  });

  it('takes the monthly run, from a bucket into a bucket, as a folder does', async () => {
    const source = join(folder, 'source');
    await writeSmallMonths(source);
    const raw = openStorage(`s3://${server.bucket}/raw`, { s3: server.settings() });
    for (const name of readdirSync(source)) await raw.put(`2024/${name}`, readFileSync(join(source, name)));
    const lakes = [join(folder, 'lake'), `s3://${server.bucket}/months`];
    await barline('months', 'run', '--source', source, '--lake', lakes[0] ?? '');
    const ran = await barline('months', 'run', '--source', raw.uri, '--lake', lakes[1] ?? '');
    expect(ran.at(-1)).toMatchObject({ summary: { succeeded: SMALL_MONTHS.length, failed: 0 } });
    const bytes = await Promise.all(
      lakes.map(async (lake) => {
        const storage = openStorage(`${lake}/training_bars`, { s3: server.settings() });
        const { files } = await (await DeltaTable.open(storage)).scan();
        const read = files.map(async ({ path }) => Buffer.from(await storage.read(decodeURIComponent(path))));
        return (await Promise.all(read)).map((file) => file.toString('base64')).sort();
      }),
    );
    expect(bytes[0]).toHaveLength(SMALL_MONTHS.length);
    expect(bytes[1]?.every((file, i) => file === bytes[0]?.[i])).toBe(true);
    const again = await barline('months', 'run', '--source', raw.uri, '--lake', lakes[1] ?? '');
    expect(again.at(-1)).toMatchObject({ summary: { skipped: SMALL_MONTHS.length } });
    expect(left()).toEqual([]);
  });
});
