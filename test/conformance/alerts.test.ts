import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/monitor/clock.ts';
import { DeliveryLanes } from '../../src/monitor/delivery-lanes.ts';
import { openStorage, S3Connection, S3Storage } from '../../src/storage/index.ts';
import { sinkTest } from '../cli/json-shapes.ts';
import { jsonLines, runCli } from '../cli/run-cli.ts';
import { failedMonth, keepingSink, ledgerOn, lookAt } from '../monitor/conditions.ts';
import { startMailServer } from '../monitor/mail-server.ts';
import { startPostServer } from '../monitor/post-server.ts';
import { FaultProxy, type ProxyFault } from '../storage/fault-proxy.ts';
import { makeCertificate } from './certificate.ts';
import { S3Server } from './s3-server.ts';

let server: S3Server;
let proxy: FaultProxy;
beforeAll(async () => {
  server = await S3Server.start();
  proxy = await FaultProxy.start(server.port);
});
afterAll(async () => {
  await proxy?.close();
  await server?.close();
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'barline-test-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

test('monitors of several machines share a lake in a bucket: each alert goes out once', async () => {
  const cwd = folder();
  const lake = `s3://${server.bucket}/shared`;
  const hook = await startPostServer();
  writeFileSync(
    join(cwd, 'barline.yaml'),
    `lake: ${lake}\nalerts: { sinks: [{ type: webhook, url: '${hook.origin}/x' }] }\n`,
  );
  const storage = openStorage(lake, { s3: server.settings() });
  const alerts = () => hook.posts.flatMap(({ body }) => JSON.parse(body).alerts);
  const path = (month: string) => `_barline/failures/${month}.json`;
  const monitors = () =>
    Promise.all(
      [1, 2, 3].map(() => runCli(['monitor', '--once', '--json'], { cwd, env: server.environment() })),
    );
  for (const month of ['2024-03', '2024-04']) {
    const failure = { month, code: 'DBN_BAD_MAGIC', message: 'the file is none' };
    await storage.put(path(month), new TextEncoder().encode(JSON.stringify(failure)));
  }
  for (const { code, stderr } of await monitors()) expect(code, stderr).toBe(1);
  await monitors();
  expect(
    alerts()
      .map(({ status, month }) => `${status} ${month}`)
      .sort(),
  ).toEqual(['raised 2024-03', 'raised 2024-04', 'raised null']);
  // something is left, or a bucket has no lake
  await storage.put('keep', new Uint8Array());
  for (const month of ['2024-03', '2024-04']) await storage.delete(path(month));
  for (const { code, stderr } of await monitors()) expect(code, stderr).toBe(0);
  await monitors();
  expect(alerts()).toHaveLength(6);
  expect(new Set(alerts().map(({ id }) => id)).size).toBe(6);
});

test('a bucket that fails one request in ten loses no alert, and none goes out twice', async () => {
  const FAULTS: readonly ProxyFault[] = [
    'reset-request',
    'lose-answer',
    'error-after',
    'slow-down',
    'cut-answer',
  ];
  let requests = 0;
  proxy.choose = () => (++requests % 10 === 0 ? FAULTS[(requests / 10) % FAULTS.length] : undefined);
  const world = { random: () => 0, sleepMs: async () => undefined, uuid: () => crypto.randomUUID() };
  const settings = { ...server.settings(proxy.port), idleTimeoutSeconds: 0.5 };
  const { sink, messages } = keepingSink('first');
  const months = ['2024-01', '2024-02', '2024-03'].map(failedMonth);
  for (let round = 0; round < 8; round++) {
    const storage = new S3Storage(`s3://${server.bucket}/faulty`, new S3Connection(settings, world));
    const ledger = ledgerOn(storage);
    const lanes = new DeliveryLanes([sink], {
      storage,
      ledger,
      clock: systemClock,
      timeoutMs: 60_000,
      token: `round${round}`,
      groupMs: 0,
      random: () => 0,
      onProblem: () => undefined,
    });
    await lookAt(ledger, round % 2 === 0 ? months : months.slice(0, 1));
    expect(await lanes.finish(30_000)).toEqual([]);
  }
  expect(proxy.faults.length).toBeGreaterThan(20);
  const notices = messages.flatMap((message) => message.notices);
  expect(new Set(notices.map(({ id }) => id)).size).toBe(notices.length);
  const count = (month: string, status: string) =>
    notices.filter((each) => each.month === month && each.status === status).length;
  expect([count('2024-01', 'raised'), count('2024-01', 'resolved')]).toEqual([1, 0]);
  for (const month of ['2024-02', '2024-03']) {
    expect([count(month, 'raised'), count(month, 'resolved')]).toEqual([4, 4]);
  }
});

describe.each([
  ['starttls', false],
  ['tls', true],
] as const)('e-mail with %s', (tls, secure) => {
  test('is encrypted and logged in; a certificate of nobody’s is refused', async () => {
    const cwd = folder();
    const { key, cert, certFile } = makeCertificate(cwd);
    const mail = await startMailServer({
      secure,
      disabledCommands: [],
      key,
      cert,
      authOptional: false,
      onAuth: ({ username, password }, _session, callback) =>
        password === 'of the mail' ? callback(null, { user: username }) : callback(new Error('no')),
    });
    const sink = `type: smtp, host: 127.0.0.1, port: ${mail.port}, tls: ${tls}, from: a@b.org, to: [c@d.org]`;
    writeFileSync(
      join(cwd, 'barline.yaml'),
      `alerts: { sinks: [{ ${sink}, user: me, password_env: PASSWORD }] }\n`,
    );
    const run = (env: Readonly<Record<string, string>>) =>
      runCli(['monitor', '--test-sinks', '--json'], { cwd, env });
    const trusted = await run({ PASSWORD: 'of the mail', NODE_EXTRA_CA_CERTS: certFile });
    expect(trusted.code, trusted.stdout).toBe(0);
    expect(mail.mails).toMatchObject([{ user: 'me', secure: true, to: ['c@d.org'] }]);
    const refused = await run({ PASSWORD: 'of the mail' });
    expect(refused.code).toBe(1);
    const [answer] = jsonLines(refused.stdout).map((line) => sinkTest.parse(line));
    expect(answer?.error?.message).toMatch(/certificate/);
    const wrong = await run({ PASSWORD: 'something else', NODE_EXTRA_CA_CERTS: certFile });
    expect(wrong.stdout).toMatch(/535/);
    expect(mail.mails).toHaveLength(1);
  });
});
