import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startMailServer } from '../monitor/mail-server.ts';
import { startPostServer } from '../monitor/post-server.ts';
import { fileNameOf, writeSmallMonths } from '../months/small-months.ts';
import { monitorLook, sinkTest } from './json-shapes.ts';
import { jsonLines, runCli, startCli, temporaryFolder } from './run-cli.ts';

const SLACK_TOKEN = 'T0LKJ12AB-B0QWERTZ-tokenOfSlack';
const HOOK_TOKEN = 'tokenOfTheHook77';
const HOOK_SECRET = 'key of the signature/+=';
const MAIL_PASSWORD = 'pass word "of" mail';
const SECRETS = [SLACK_TOKEN, HOOK_TOKEN, HOOK_SECRET, MAIL_PASSWORD];

/** Real servers for all sinks, and a folder whose configuration names them. */
async function place({ waitSeconds = 3, timeoutSeconds = 10 } = {}) {
  const cwd = temporaryFolder();
  const [slack, hook] = [await startPostServer(), await startPostServer()];
  const mail = await startMailServer({
    authOptional: false,
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, callback) =>
      password === MAIL_PASSWORD ? callback(null, { user: username }) : callback(new Error(`no ${password}`)),
  });
  writeFileSync(
    join(cwd, 'barline.yaml'),
    `source: data
alerts:
  wait_seconds: ${waitSeconds}
  timeout_seconds: ${timeoutSeconds}
  sinks:
    - { type: console }
    - { type: slack, url_env: SLACK_URL }
    - { type: webhook, name: hook, url: '${hook.origin}/alerts?token=${HOOK_TOKEN}', secret_env: HOOK_SECRET }
    - { type: smtp, host: 127.0.0.1, port: ${mail.port}, tls: none, from: barline@example.org, to: [me@example.org], user: barline, password_env: MAIL_PASSWORD }
`,
  );
  const env = {
    SLACK_URL: `${slack.origin}/services/${SLACK_TOKEN}`,
    HOOK_SECRET,
    MAIL_PASSWORD,
  };
  mkdirSync(join(cwd, 'lake/_barline/failures'), { recursive: true });
  const written: string[] = [];
  const run = async (...args: string[]) => {
    const result = await runCli(args, { cwd, env });
    written.push(result.stdout, result.stderr);
    return result;
  };
  const alerts = (): { id: string; status: string; month: string | null; condition: string }[] =>
    hook.posts.flatMap(({ body }) => JSON.parse(body).alerts);
  const counts = () => ({ hook: alerts().length, slack: slack.posts.length, mail: mail.mails.length });
  return { cwd, env, slack, hook, mail, run, written, alerts, counts };
}

const failurePath = (cwd: string, month: string) => join(cwd, `lake/_barline/failures/${month}.json`);

function plantFailure(cwd: string, month: string): void {
  const failure = { month, code: 'DBN_BAD_MAGIC', message: 'the file is none', kind: 'permanent' };
  writeFileSync(failurePath(cwd, month), JSON.stringify(failure));
}

const short = (alert: { status: string; month: string | null; condition: string }) =>
  `${alert.status} ${alert.month ?? 'lake'} ${alert.condition}`;

describe('monitor --once', () => {
  test('tells each sink once, that it cleared, and again when it is back; the exit code says what stands', async () => {
    const { cwd, run, alerts, mail, slack } = await place();
    expect(await run('monitor', '--once')).toEqual({
      code: 0,
      signal: null,
      stdout: 'nothing is wrong with lake\n',
      stderr: '',
    });
    plantFailure(cwd, '2024-03');
    const first = await run('monitor', '--once');
    expect(first.code).toBe(1);
    expect(first.stdout).toMatch(
      /^failed +2\d{3}-\S+Z +2024-03 failed: the file is none \(DBN_BAD_MAGIC\)$/m,
    );
    expect(first.stdout).toMatch(/\n2 conditions stand in lake\n$/);
    expect(first.stderr).toBe(
      'alert: 2024-03 failed: the file is none (DBN_BAD_MAGIC)\n' +
        'alert: 1 of 1 months failed, 100 %, expected at most 2 %\n',
    );
    const again = await run('monitor', '--once', '--json');
    expect([again.code, again.stderr]).toEqual([1, '']);
    expect(monitorLook.parse(JSON.parse(again.stdout))).toMatchObject({
      standing: [{ condition: 'failed', month: '2024-03' }, { condition: 'error-rate' }],
      changes: [],
      waiting: [],
    });
    rmSync(failurePath(cwd, '2024-03'));
    const cleared = await run('monitor', '--once', '--json');
    expect(cleared.code).toBe(0);
    expect(monitorLook.parse(JSON.parse(cleared.stdout)).changes).toHaveLength(2);
    plantFailure(cwd, '2024-03');
    await run('monitor', '--once');
    const sequence = ['raised', 'resolved', 'raised'].flatMap((status) => [
      `${status} 2024-03 failed`,
      `${status} lake error-rate`,
    ]);
    expect(alerts().map(short)).toEqual(sequence);
    expect(mail.lines()).toHaveLength(6);
    expect(slack.posts).toHaveLength(3);
  });

  test('three at once send each alert once', async () => {
    const { cwd, run, alerts, counts } = await place();
    for (const month of ['2024-03', '2024-04']) plantFailure(cwd, month);
    const results = await Promise.all([1, 2, 3].map(() => run('monitor', '--once', '--json')));
    for (const { code, stderr } of results) expect(code, stderr).toBe(1);
    // who comes last may find it all done: then the sinks still have everything once
    await run('monitor', '--once');
    expect(alerts().map(short).sort()).toEqual([
      'raised 2024-03 failed',
      'raised 2024-04 failed',
      'raised lake error-rate',
    ]);
    expect(new Set(alerts().map(({ id }) => id)).size).toBe(3);
    expect(counts().mail).toBeLessThanOrEqual(3);
  });

  test('a lake that is not there is an error', async () => {
    const { run } = await place();
    const { code, stderr } = await run('monitor', '--once', '--lake', 'other');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^error\[LAKE_NOT_FOUND\]/)]);
  });
});

test('the run and the monitor together tell of a month once; the run is held up by no sink', async () => {
  const { cwd, run, hook, slack, alerts, counts, mail, written } = await place();
  await writeSmallMonths(join(cwd, 'data'), { months: ['2024-02'] });
  writeFileSync(join(cwd, 'data', fileNameOf('2024-04')), 'junk');
  slack.state.manner = 'hangs';
  hook.state.manner = { status: 500 };
  const first = await run('months', 'run', '--retries', '0');
  expect(first.code).toBe(1);
  expect(first.stdout).toMatch(/^1 succeeded, 1 failed/m);
  expect(first.stderr).toMatch(/^2 alerts wait for the sink slack, .*no answer in time$/m);
  expect(first.stderr).toMatch(/^2 alerts wait for the sink hook, .*500 Internal Server Error$/m);
  expect(mail.lines()).toEqual(['alert: 2024-04', 'alert: 1']);
  hook.state.manner = 'answers';
  slack.state.manner = 'answers';
  const monitored = await run('monitor', '--once', '--json');
  expect(monitorLook.parse(JSON.parse(monitored.stdout))).toMatchObject({ changes: [], waiting: [] });
  const once = { hook: 2, slack: 1, mail: 1 };
  expect(counts()).toEqual(once);
  await run('months', 'run', '--retries', '0');
  expect(counts()).toEqual(once);
  // a good file in its place: the run itself says that it is over
  await writeSmallMonths(join(cwd, 'data'), { months: ['2024-04'] });
  const good = await run('months', 'run', '--json');
  expect(good.code, good.stderr).toBe(0);
  expect(alerts().map(short).slice(2).sort()).toEqual([
    'resolved 2024-04 failed',
    'resolved lake error-rate',
  ]);
  const strict = readFileSync(join(cwd, 'barline.yaml'), 'utf8').replace(
    'alerts:\n',
    'alerts:\n  score: 1\n',
  );
  writeFileSync(join(cwd, 'barline.yaml'), strict);
  const judged = await run('monitor', '--once', '--json');
  expect(judged.code).toBe(1);
  expect(monitorLook.parse(JSON.parse(judged.stdout)).standing).toMatchObject([
    { condition: 'score', month: '2024-02', threshold: 1 },
    { condition: 'score', month: '2024-04', threshold: 1 },
  ]);
  for (const secret of SECRETS) expect(written.join('')).not.toContain(secret);
});

test('what a killed process was just sending, the next one sends', async () => {
  const { cwd, env, run, slack, alerts } = await place();
  plantFailure(cwd, '2024-03');
  slack.state.manner = 'hangs';
  const child = startCli(['monitor', '--interval', '1s'], { cwd, env });
  const ended = new Promise((resolve) => child.on('close', (_code, signal) => resolve(signal)));
  const folder = join(cwd, 'lake/_barline/alerts');
  const sending = join(folder, 'sending/slack');
  const isSent = (key: string) => existsSync(join(folder, `state/${key}.1.sent.hook`));
  while (!existsSync(sending) || !isSent('2024-03/failed') || !isSent('lake/error-rate')) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(readdirSync(sending)).toHaveLength(1);
  child.kill('SIGKILL');
  expect(await ended).toBe('SIGKILL');
  slack.state.manner = 'answers';
  const next = await run('monitor', '--once', '--json');
  expect(monitorLook.parse(JSON.parse(next.stdout))).toMatchObject({ changes: [], waiting: [] });
  expect(slack.posts).toHaveLength(1);
  expect(alerts()).toHaveLength(2);
  expect(readdirSync(sending)).toEqual([]);
});

test('monitor watches until it is stopped', async () => {
  const { cwd, env, alerts } = await place();
  const child = startCli(['monitor', '--interval', '1s', '--json'], { cwd, env });
  let stdout = '';
  child.stdout?.on('data', (bytes: Buffer) => {
    stdout += bytes.toString();
  });
  const ended = new Promise((resolve) => child.on('close', (code) => resolve(code)));
  const until = async (isSo: () => boolean) => {
    while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 50));
  };
  await until(() => stdout.includes('\n'));
  plantFailure(cwd, '2024-03');
  await until(() => alerts().length === 2);
  rmSync(failurePath(cwd, '2024-03'));
  await until(() => alerts().length === 4);
  child.kill('SIGTERM');
  expect(await ended).toBe(143);
  for (const line of jsonLines(stdout)) expect(monitorLook.parse(line).waiting).toBeUndefined();
  expect(alerts().map(({ status }) => status)).toEqual(['raised', 'raised', 'resolved', 'resolved']);
});

describe('monitor --test-sinks', () => {
  test('sends each a test, and says what each answers', async () => {
    const { cwd, run, slack, alerts, mail, counts } = await place();
    const good = await run('monitor', '--test-sinks', '--json');
    expect(good.code).toBe(0);
    const answers = jsonLines(good.stdout).map((line) => sinkTest.parse(line));
    expect(answers.map(({ sink, answer }) => [sink, answer])).toEqual([
      ['console', 'written'],
      ['slack', '200 OK'],
      ['hook', '200 OK'],
      ['smtp', expect.stringMatching(/^250 /)],
    ]);
    expect(alerts()).toMatchObject([{ status: 'test', condition: null }]);
    expect(mail.lines()).toEqual(['test: this']);
    slack.state.manner = { status: 403, body: `invalid_token ${SLACK_TOKEN}` };
    const bad = await run('monitor', '--test-sinks');
    expect(bad.code).toBe(1);
    expect(bad.stdout).toMatch(/^hook +http:\S+\/\*\*\* +[\d.]+ +200 OK$/m);
    expect(bad.stderr).toMatch(
      /^error\[ALERT_NOT_DELIVERED\]: the sink slack .* 403 Forbidden: invalid_token \*\*\*\n/m,
    );
    expect(counts()).toEqual({ hook: 2, slack: 1, mail: 2 });
    // a test leaves nothing in the lake
    expect(readdirSync(join(cwd, 'lake/_barline'))).toEqual(['failures']);
  });

  test('names the variable that the environment lacks', async () => {
    const { cwd, hook } = await place();
    const { code, stderr } = await runCli(['monitor', '--test-sinks'], { cwd });
    expect(code).toBe(1);
    expect(stderr).toMatch(/the sink slack .*: the environment has no SLACK_URL\n/);
    expect(stderr).toMatch(/the sink smtp .*: the environment has no MAIL_PASSWORD\n/);
    expect(hook.posts).toEqual([]);
  });
});

test('no secret is in anything that is printed or kept, whatever goes wrong', async () => {
  const { cwd, run, written, slack, hook, mail } = await place({ waitSeconds: 1, timeoutSeconds: 1 });
  plantFailure(cwd, '2024-03');
  const echo = (...secrets: string[]) => ({
    status: 500,
    body: `no ${secrets.flatMap((secret) => [secret, encodeURIComponent(secret)]).join(' ')}`,
  });
  slack.state.manner = echo(SLACK_TOKEN);
  hook.state.manner = echo(HOOK_TOKEN, HOOK_SECRET);
  await mail.close();
  for (const args of [
    ['monitor', '--once', '--json', '--verbose'],
    ['monitor', '--once', '--verbose'],
    ['monitor', '--test-sinks', '--json'],
    ['monitor', '--test-sinks', '--verbose'],
    ['config', 'show'],
    ['config', 'show', 'alerts', '--json'],
  ]) {
    await run(...args);
  }
  const shown = written.join('');
  expect(shown).toContain('500 Internal Server Error: no ***');
  expect(shown).toContain(`"url":"${hook.origin}/***"`);
  expect(shown).toContain('"password_env":"MAIL_PASSWORD"');
  const kept = readdirSync(join(cwd, 'lake'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name) + readFileSync(join(entry.parentPath, entry.name)));
  expect(kept.length).toBeGreaterThan(2);
  for (const secret of SECRETS) {
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]) {
      expect(`${shown}${kept.join('')}`.includes(form), form).toBe(false);
    }
  }
});
