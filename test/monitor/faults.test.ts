/** Sinks that are down, hang, refuse or lose their answers, each a real server: nothing is delayed, nothing is lost. */
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/monitor/clock.ts';
import { DeliveryLanes } from '../../src/monitor/delivery-lanes.ts';
import type { Sink } from '../../src/monitor/sinks/sink.ts';
import { slackSink } from '../../src/monitor/sinks/slack-sink.ts';
import { smtpSink } from '../../src/monitor/sinks/smtp-sink.ts';
import { webhookSink } from '../../src/monitor/sinks/webhook-sink.ts';
import type { Storage } from '../../src/storage/index.ts';
import { failedMonth, ledgerOn, lookAt, temporaryLake } from './conditions.ts';
import { type MailServerOptions, startMailServer } from './mail-server.ts';
import { startPostServer } from './post-server.ts';

const A = failedMonth('2024-01');
const NAMES = ['slack', 'hook', 'mail'];
let senders = 0;

/** A process that has something to send, or may have. */
function sender(storage: Storage, sinks: readonly Sink[]) {
  const ledger = ledgerOn(storage, { sinks: NAMES });
  const lanes = new DeliveryLanes(sinks, {
    storage,
    ledger,
    clock: systemClock,
    // longer than any test waits
    timeoutMs: 60_000,
    token: `faults${++senders}`,
    groupMs: 0,
    random: () => 0,
    onProblem: () => undefined,
  });
  return { ledger, lanes };
}

const hookSink = (origin: string) =>
  webhookSink({ name: 'hook', url: `${origin}/hook`, secret: undefined, now: Date.now });
const slackTo = (origin: string) => slackSink({ name: 'slack', url: `${origin}/services/x` });
const mailSink = (port: number) =>
  smtpSink({
    name: 'mail',
    host: '127.0.0.1',
    port,
    tls: 'none',
    from: 'barline@example.org',
    to: ['me@example.org'],
    login: undefined,
    timeoutMs: 60_000,
  });

interface Alert {
  readonly id: string;
  readonly status: string;
}

/** All alerts of a webhook's posts. */
const alertsOf = (posts: readonly { readonly body: string }[]): Alert[] =>
  posts.flatMap(({ body }) => JSON.parse(body).alerts);

async function healthySinks() {
  const [slack, hook, mail] = [await startPostServer(), await startPostServer(), await startMailServer()];
  return { slack, hook, mail, sinks: [slackTo(slack.origin), hookSink(hook.origin), mailSink(mail.port)] };
}

test('real servers hear of a condition once, that it has gone, and again when it comes back', async () => {
  const lake = temporaryLake();
  const { slack, hook, mail, sinks } = await healthySinks();
  const sequence = [[A], [A], [], [], [A], [A]];
  for (const standing of sequence) {
    const { ledger, lanes } = sender(lake, sinks);
    await lookAt(ledger, standing);
    expect(await lanes.finish(5000)).toEqual([]);
  }
  const expected = ['raised', 'resolved', 'raised'];
  expect(alertsOf(hook.posts).map(({ status }) => status)).toEqual(expected);
  expect(new Set(alertsOf(hook.posts).map(({ id }) => id)).size).toBe(3);
  expect(slack.posts).toHaveLength(3);
  expect(mail.lines()).toEqual(['alert: 2024-01', 'resolved: 2024-01', 'alert: 2024-01']);
});

test('several machines at once send each real server each notice once', async () => {
  const lake = temporaryLake();
  const { slack, hook, mail, sinks } = await healthySinks();
  const left = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const { ledger, lanes } = sender(lake, sinks);
      await lookAt(ledger, [A]);
      return lanes.finish(10_000);
    }),
  );
  expect(left.flat()).toEqual([]);
  expect([slack.posts.length, alertsOf(hook.posts).length, mail.mails.length]).toEqual([1, 1, 1]);
});

/** A faulty server in place of a healthy one, for each of the three sinks. */
const mailFault = async (options: MailServerOptions) => mailSink((await startMailServer(options)).port);
const FAULTS: Readonly<Record<string, () => Promise<Sink[]>>> = {
  down: async () => {
    const [http, mail] = [await startPostServer(), await startMailServer()];
    await Promise.all([http.close(), mail.close()]);
    return [slackTo(http.origin), hookSink(http.origin), mailSink(mail.port)];
  },
  hanging: async () => {
    const http = await startPostServer();
    http.state.manner = 'hangs';
    return [slackTo(http.origin), hookSink(http.origin), await mailFault({ onConnect: () => undefined })];
  },
  refusing: async () => {
    const http = await startPostServer();
    http.state.manner = { status: 500, body: 'broken' };
    const refusal = Object.assign(new Error('try later'), { responseCode: 451 });
    return [slackTo(http.origin), hookSink(http.origin), await mailFault({ onMail: () => refusal })];
  },
};

describe.each(Object.entries(FAULTS))('sinks that are %s', (_name, faultySinks) => {
  test('hold up nobody beyond the wait, and get everything once they are back', async () => {
    const lake = temporaryLake();
    const faulty = await faultySinks();
    const healthy = await healthySinks();
    // one after the other is faulty while the other two are not
    for (const [at, sink] of faulty.entries()) {
      const { ledger, lanes } = sender(lake, healthy.sinks.with(at, sink));
      await lookAt(ledger, [failedMonth(`2024-0${at + 1}`)]);
      lanes.wake();
      // the others have theirs before anything becomes of this one
      while ((await ledger.pending()).some(({ sinks }) => sinks.some((name) => name !== NAMES[at]))) {
        await systemClock.sleep(20);
      }
      expect(await lanes.finish(100)).toMatchObject([{ sink: NAMES[at] }]);
      // what waits is kept over the death of the process: another one sends it
      const next = sender(lake, healthy.sinks);
      expect(await next.lanes.finish(5000)).toEqual([]);
    }
    const statuses = alertsOf(healthy.hook.posts);
    expect(new Set(statuses.map(({ id }) => id)).size).toBe(statuses.length);
    // each look saw one month alone: three came up, two went away
    expect(statuses.map(({ status }) => status)).toEqual([
      'raised',
      'raised',
      'resolved',
      'raised',
      'resolved',
    ]);
    expect(healthy.mail.lines().sort()).toEqual(
      ['alert: 2024-01', 'alert: 2024-02', 'alert: 2024-03', 'resolved: 2024-01', 'resolved: 2024-02'].sort(),
    );
  });
});

test('a lost answer makes a notice come again, under the same id, and only that one', async () => {
  const lake = temporaryLake();
  const { hook, mail, slack, sinks } = await healthySinks();
  let losses = 1;
  const losing = await startMailServer({ losesAnswers: () => losses-- > 0 });
  hook.state.manner = 'cuts';
  const first = sender(lake, sinks.with(2, mailSink(losing.port)));
  await lookAt(first.ledger, [A]);
  const stopped = first.lanes.finish(300);
  expect((await stopped).map(({ sink }) => sink)).toContain('hook');
  hook.state.manner = 'answers';
  const next = sender(lake, sinks.with(2, mailSink(losing.port)));
  expect(await next.lanes.finish(5000)).toEqual([]);
  expect(await sender(lake, sinks).lanes.finish(5000)).toEqual([]);
  expect(hook.posts.length).toBeGreaterThan(1);
  expect(new Set(hook.posts.map(({ body }) => body)).size).toBe(1);
  expect(new Set(hook.posts.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  const names = losing.mails.map(({ text }) => /^Message-ID: (.+)\r$/im.exec(text)?.[1]);
  expect(names).toHaveLength(2);
  expect(new Set(names).size).toBe(1);
  expect([slack.posts.length, mail.mails.length]).toEqual([1, 0]);
});
