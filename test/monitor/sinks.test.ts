import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { BarlineError, masking } from '../../src/base/index.ts';
import { sendInTime } from '../../src/monitor/delivery.ts';
import { type Notice, raisedNotice, withoutSinks } from '../../src/monitor/notice.ts';
import { consoleSink } from '../../src/monitor/sinks/console-sink.ts';
import type { Sink } from '../../src/monitor/sinks/sink.ts';
import { slackSink } from '../../src/monitor/sinks/slack-sink.ts';
import { type SmtpOptions, smtpSink } from '../../src/monitor/sinks/smtp-sink.ts';
import { webhookSink } from '../../src/monitor/sinks/webhook-sink.ts';
import { failedMonth } from './conditions.ts';
import { bodyOf, startMailServer } from './mail-server.ts';
import { startPostServer } from './post-server.ts';

const TOKEN = 'T024BE7LD-B0a1b2c3-XyZsecret42';
const PASSWORD = 'correct-horse "battery" staple';

const raised = (month: string): Notice =>
  withoutSinks(
    raisedNotice(failedMonth(month), { lakeUri: 'lake', key: month, at: new Date(0), sinks: ['x'] }),
  );
const resolved: Notice = {
  ...raised('2024-02'),
  status: 'resolved',
  resolved_at: '2026-01-02T00:00:00.000Z',
};
const MESSAGE = { lake: '/data/lake', notices: [raised('2024-01'), resolved] };

const send = (sink: Sink, timeoutMs = 5000) =>
  sendInTime(sink, MESSAGE, timeoutMs, new AbortController().signal);

async function refusal(sink: Sink, timeoutMs = 5000): Promise<BarlineError> {
  const error = await send(sink, timeoutMs).catch((thrown: unknown) => thrown);
  if (error instanceof BarlineError) return error;
  throw new Error(`expected a refusal, found ${error}`);
}

test('the console gets a line a notice', async () => {
  const lines: string[] = [];
  await send(consoleSink('console', (line) => lines.push(line)));
  expect(lines).toEqual([
    'alert: 2024-01 failed: the file is none (DBN_BAD_MAGIC)',
    'resolved: 2024-02 failed: the file is none (DBN_BAD_MAGIC)',
  ]);
});

describe('a webhook', () => {
  const sinkFor = (url: string, secret?: string) =>
    webhookSink({ name: 'hook', url, secret, now: () => 1_700_000_000_500 });

  test('gets the documented JSON, signed', async () => {
    const { posts, origin } = await startPostServer();
    expect(await send(sinkFor(`${origin}/hook?token=${TOKEN}`, PASSWORD))).toBe('200 OK');
    const [post] = posts;
    expect(post?.path).toBe(`/hook?token=${TOKEN}`);
    const document = JSON.parse(post?.body ?? '');
    expect(document).toEqual({
      version: 1,
      id: expect.stringMatching(/^[0-9a-f]{24}$/),
      lake: '/data/lake',
      alerts: MESSAGE.notices,
    });
    expect(document.alerts[0]).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{24}$/),
      status: 'raised',
      condition: 'failed',
      month: '2024-01',
      mode: null,
      message: '2024-01 failed: the file is none (DBN_BAD_MAGIC)',
      value: null,
      threshold: null,
      raised_at: '1970-01-01T00:00:00.000Z',
      resolved_at: null,
    });
    expect(post?.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'idempotency-key': document.id,
      'x-barline-timestamp': '1700000000',
    });
    const signature = createHmac('sha256', PASSWORD).update(`1700000000.${post?.body}`).digest('hex');
    expect(post?.headers['x-barline-signature']).toBe(`sha256=${signature}`);
  });

  test('is not signed without a secret, and the same message has the same id', async () => {
    const { posts, origin } = await startPostServer();
    for (const _ of [1, 2]) await send(sinkFor(origin));
    expect(posts[0]?.headers['x-barline-signature']).toBeUndefined();
    expect(JSON.parse(posts[0]?.body ?? '').id).toBe(JSON.parse(posts[1]?.body ?? '').id);
  });

  test.each([
    [{ status: 500, body: 'broken' }, 'it answered 500 Internal Server Error: broken'],
    [{ status: 404 }, 'it answered 404 Not Found'],
    [{ status: 302, headers: { location: '/elsewhere' } }, 'it answered 302 Found'],
    [{ status: 429, headers: { 'retry-after': '7' } }, 'it answered 429 Too Many Requests'],
  ])('%j is no yes', async (manner, why) => {
    const { state, posts, origin } = await startPostServer();
    state.manner = manner;
    const error = await refusal(sinkFor(`${origin}/hook`));
    expect(error.message).toBe(`the sink hook (${origin}/***) did not take an alert: ${why}`);
    expect(error.facts.retryAfterSeconds).toBe(manner.status === 429 ? 7 : undefined);
    expect(posts).toEqual([]);
  });

  test('that hangs, is cut, or is not there is told within the time', async () => {
    const { state, origin, close } = await startPostServer();
    state.manner = 'hangs';
    expect((await refusal(sinkFor(origin), 50)).message).toMatch(/no answer in time$/);
    state.manner = 'cuts';
    expect((await refusal(sinkFor(origin))).message).toMatch(/other side closed|ECONNRESET|terminated/);
    await close();
    expect((await refusal(sinkFor(origin))).message).toMatch(/ECONNREFUSED|other side closed/);
  });

  test('that breaks off after its yes has taken the message', async () => {
    const { state, origin } = await startPostServer();
    state.manner = { status: 200, body: 'o', headers: { 'content-length': '5000' } };
    expect(await send(sinkFor(origin), 1000)).toBe('200 OK');
  });

  test('that quotes its address or its key back does not get them into the error', async () => {
    const { state, origin } = await startPostServer();
    const body = `no hook ${TOKEN} at /services/${TOKEN}?k=${encodeURIComponent(PASSWORD)}, ${PASSWORD}`;
    state.manner = { status: 403, body };
    const { message, cause } = await refusal(sinkFor(`${origin}/services/${TOKEN}?k=abcdefgh`, PASSWORD));
    expect(message).toMatch(/403 Forbidden: no hook \*\*\* at/);
    expect(`${message}${cause}`).not.toMatch(/XyZsecret42|horse/);
  });
});

test('Slack gets text and blocks, its three characters escaped, within its limits', async () => {
  const { posts, origin } = await startPostServer();
  const sink = slackSink({ name: 'slack', url: `${origin}/services/${TOKEN}` });
  const odd: Notice = { ...raised('2024-01'), message: `<!channel> & ${'x'.repeat(5000)}` };
  await sendInTime(sink, { lake: '/l', notices: [odd, resolved] }, 5000, new AbortController().signal);
  const { text, blocks } = JSON.parse(posts[0]?.body ?? '');
  expect(text).toBe('Barline: 1 alert, 1 resolved');
  expect(blocks.map((block: { type: string }) => block.type)).toEqual(['section', 'section', 'context']);
  expect(blocks[0].text.text).toMatch(/^:rotating_light: alert: &lt;!channel&gt; &amp; x+$/);
  expect(blocks[0].text.text.length).toBeLessThanOrEqual(3000);
  expect(blocks[1].text.text).toMatch(/^:white_check_mark: resolved: 2024-02 /);
  expect(sink.target).toBe(`${origin}/***`);
});

describe('e-mail', () => {
  const sinkFor = (port: number, options: Partial<SmtpOptions> = {}) =>
    smtpSink({
      name: 'mail',
      host: '127.0.0.1',
      port,
      tls: 'none',
      from: 'Barline <barline@example.org>',
      to: ['a@example.org', 'b@example.org'],
      login: undefined,
      timeoutMs: 5000,
      ...options,
    });

  test('reaches a real server, with a name of its own for each message', async () => {
    const server = await startMailServer();
    expect(await send(sinkFor(server.port))).toMatch(/^250 /);
    await send(sinkFor(server.port));
    const [mail, again] = server.mails;
    expect(mail).toMatchObject({ from: 'barline@example.org', to: ['a@example.org', 'b@example.org'] });
    expect(mail?.text).toMatch(/^Subject: Barline: 1 alert, 1 resolved\r$/m);
    expect(mail?.text).toMatch(/^Auto-Submitted: auto-generated\r$/m);
    const idOf = (text = '') => /^Message-ID: (.+)\r$/im.exec(text)?.[1];
    expect(idOf(mail?.text)).toMatch(/^<[0-9a-f]{24}@barline>$/);
    expect(idOf(again?.text)).toBe(idOf(mail?.text));
    expect(bodyOf(mail?.text ?? '')).toContain('lake /data/lake');
    expect(server.lines()).toEqual([
      'alert: 2024-01',
      'resolved: 2024-02',
      'alert: 2024-01',
      'resolved: 2024-02',
    ]);
  });

  test('logs in, and a password that is refused stays unsaid however the server says it', async () => {
    const server = await startMailServer({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: ({ username, password }, _session, callback) => {
        if (password === PASSWORD) callback(null, { user: username });
        else
          callback(
            new Error(`no ${password} for ${username}, ${Buffer.from(String(password)).toString('base64')}`),
          );
      },
    });
    await send(sinkFor(server.port, { login: { user: 'me', password: PASSWORD } }));
    expect(server.mails).toMatchObject([{ user: 'me' }]);
    const error = await refusal(sinkFor(server.port, { login: { user: 'me', password: 'wrong-as-can-be' } }));
    expect(error.message).toMatch(/535 no \*\*\* for me, \*\*\*/);
  });

  test('is not sent in the clear where encryption is asked for', async () => {
    const server = await startMailServer();
    expect((await refusal(sinkFor(server.port, { tls: 'starttls' }))).message).toMatch(/STARTTLS/);
    expect(server.mails).toEqual([]);
  });

  test('goes to those of the recipients whom the server takes; none is a refusal', async () => {
    const refused = new Set(['b@example.org']);
    const server = await startMailServer({
      onRcptTo: ({ address }, _session, callback) =>
        refused.has(address) ? callback(new Error('no such user')) : callback(),
    });
    expect(await send(sinkFor(server.port))).toMatch(/^250 .*; refused for b@example.org$/);
    refused.add('a@example.org');
    expect((await refusal(sinkFor(server.port))).message).toMatch(/no such user/);
  });

  test('to a server that is down, hangs or refuses is told within the time', async () => {
    const down = await startMailServer();
    await down.close();
    expect((await refusal(sinkFor(down.port))).message).toMatch(/ECONNREFUSED/);
    const hanging = await startMailServer({ onConnect: () => undefined });
    expect((await refusal(sinkFor(hanging.port), 100)).message).toMatch(/no answer in time|Greeting/);
    const full = await startMailServer({ onMail: () => new Error('mailbox full') });
    expect((await refusal(sinkFor(full.port))).message).toMatch(/mailbox full/);
  });
});

test('masking hides a secret in every spelling, and leaves short words alone', () => {
  const mask = masking(['a"b/c d', 'ab', undefined]);
  expect(mask('a"b/c d|a%22b%2Fc%20d|a\\"b/c d|YSJiL2MgZA==|ab')).toBe('***|***|***|***|ab');
});
