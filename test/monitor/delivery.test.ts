import { utimesSync } from 'node:fs';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/monitor/clock.ts';
import { sendPending } from '../../src/monitor/delivery.ts';
import { DeliveryLanes, type LaneOptions } from '../../src/monitor/delivery-lanes.ts';
import { SenderClaim } from '../../src/monitor/sender-claim.ts';
import type { Sink } from '../../src/monitor/sinks/sink.ts';
import type { Storage } from '../../src/storage/index.ts';
import { failedMonth, keepingSink, ledgerOn, lookAt, quickClock, temporaryLake } from './conditions.ts';

const A = failedMonth('2024-01');
const B = failedMonth('2024-02');
let tokens = 0;

function sendOptions(storage: Storage, sinks = ['first']) {
  const ledger = ledgerOn(storage, { sinks });
  return { storage, ledger, clock: systemClock, timeoutMs: 5_000, token: `test${++tokens}` };
}

function lanes(storage: Storage, sinks: readonly Sink[], changes: Partial<LaneOptions> = {}) {
  const names = sinks.map(({ name }) => name);
  return new DeliveryLanes(sinks, {
    ...sendOptions(storage, names),
    groupMs: 0,
    random: () => 0,
    onProblem: () => undefined,
    ...changes,
  });
}

const never = new AbortController().signal;

test('what came up goes out once, oldest first, in messages of at most twenty', async () => {
  const lake = temporaryLake();
  const options = sendOptions(lake);
  const months = Array.from({ length: 25 }, (_, at) => failedMonth(`20${String(at + 10)}-01`));
  await lookAt(options.ledger, months);
  const { sink, messages } = keepingSink('first');
  expect(await sendPending(sink, options, never)).toBe('done');
  expect(messages.map(({ notices }) => notices.length)).toEqual([20, 5]);
  expect(messages.flatMap(({ notices }) => notices.map(({ month }) => month))).toEqual(
    months.map(({ month }) => month),
  );
  expect(messages[0]?.notices[0]).not.toHaveProperty('sinks');
  expect(await sendPending(sink, options, never)).toBe('done');
  expect(messages).toHaveLength(2);
});

test('of many processes that send at once each notice goes out by one', async () => {
  const lake = temporaryLake();
  await lookAt(ledgerOn(lake), [A, B]);
  const { sink, lines, state } = keepingSink('first');
  state.delayMs = 30;
  const senders = Array.from({ length: 5 }, () => lanes(lake, [sink]));
  const left = await Promise.all(senders.map((each) => each.finish(10_000)));
  expect(left.flat()).toEqual([]);
  expect(lines()).toEqual(['raised 2024-01', 'raised 2024-02']);
});

test('a sink that fails is tried again with growing pauses, and holds up no other', async () => {
  const lake = temporaryLake();
  const [good, bad] = [keepingSink('good'), keepingSink('bad')];
  bad.state.failure = 'it answered 503';
  const problems: string[] = [];
  const clock = quickClock();
  const delivery = lanes(lake, [good.sink, bad.sink], {
    clock,
    onProblem: (error) => problems.push(error.message),
  });
  await lookAt(ledgerOn(lake, { sinks: ['good', 'bad'] }), [A]);
  delivery.wake();
  while (clock.slept.filter((ms) => ms >= 500).length < 12)
    await new Promise((resolve) => setImmediate(resolve));
  expect(good.lines()).toEqual(['raised 2024-01']);
  const pauses = clock.slept.filter((ms) => ms >= 500);
  expect(pauses.slice(0, 5)).toEqual([500, 1000, 2000, 4000, 8000]);
  expect(Math.max(...pauses)).toBe(150_000);
  expect(problems).toEqual(['the sink bad (the test) did not take an alert: it answered 503']);
  await delivery.finish(0);
  bad.state.failure = undefined;
  expect(await lanes(lake, [good.sink, bad.sink]).finish(5000)).toEqual([]);
  expect(good.lines()).toEqual(['raised 2024-01']);
  expect(bad.lines()).toEqual(['raised 2024-01']);
});

test('what is left at the end stays for the next process, with the reason', async () => {
  const lake = temporaryLake();
  const bad = keepingSink('first');
  bad.state.failure = 'it answered 500';
  await lookAt(ledgerOn(lake), [A, B]);
  const error = 'the sink first (the test) did not take an alert: it answered 500';
  const hasFailed = Promise.withResolvers<void>();
  const delivery = lanes(lake, [bad.sink], { onProblem: () => hasFailed.resolve() });
  delivery.wake();
  await hasFailed.promise;
  expect(await delivery.finish(0)).toEqual([{ sink: 'first', notices: 2, error }]);
  const good = keepingSink('first');
  expect(await lanes(lake, [good.sink]).finish(5000)).toEqual([]);
  expect(good.lines()).toEqual(['raised 2024-01', 'raised 2024-02']);
});

test('a sink that hangs is given up at the end of the wait', async () => {
  const lake = temporaryLake();
  const slow = keepingSink('first');
  slow.state.delayMs = 60_000;
  await lookAt(ledgerOn(lake), [A]);
  const started = Date.now();
  const left = await lanes(lake, [slow.sink]).finish(50);
  expect(Date.now() - started).toBeLessThan(10_000);
  expect(left).toMatchObject([{ sink: 'first', notices: 1 }]);
});

test('notices for a sink that is not configured here are told, not lost', async () => {
  const lake = temporaryLake();
  await lookAt(ledgerOn(lake, { sinks: ['elsewhere', 'first'] }), [A]);
  const { sink, lines } = keepingSink('first');
  expect(await lanes(lake, [sink]).finish(5000)).toEqual([{ sink: 'elsewhere', notices: 1, error: null }]);
  expect(lines()).toEqual(['raised 2024-01']);
});

test('what comes up within the group time is one message', async () => {
  const lake = temporaryLake();
  const { sink, messages } = keepingSink('first');
  const delivery = lanes(lake, [sink], { groupMs: 60_000 });
  const ledger = ledgerOn(lake);
  for (const standing of [[A], [A, B], [B]]) {
    await lookAt(ledger, standing);
    delivery.wake();
  }
  expect(await delivery.finish(5000)).toEqual([]);
  expect(messages.map(({ notices }) => notices.map(({ status }) => status))).toEqual([
    ['raised', 'raised', 'resolved'],
  ]);
});

test('a fault in our own code is not taken for a sink that is down', async () => {
  const lake = temporaryLake();
  await lookAt(ledgerOn(lake), [A]);
  const broken: Sink = { ...keepingSink('first').sink, send: () => Promise.reject(new TypeError('a bug')) };
  await expect(lanes(lake, [broken]).finish(5000)).rejects.toThrow('a bug');
  expect(await ledgerOn(lake).pending()).toHaveLength(1);
});

test('a dead sender’s claim ends by its age, a living one’s is kept by renewing it', async () => {
  const lake = temporaryLake();
  let now = 0;
  const clock = { now: () => now, sleep: async () => undefined };
  const take = (token: string) => SenderClaim.take(lake, 'first', { token, leaseMs: 60_000, clock });
  const makeOld = (token: string) => {
    const longAgo = new Date(Date.now() - 61_000);
    utimesSync(lake.localPath(`_barline/alerts/sending/first/${token}`) ?? '', longAgo, longAgo);
  };
  const held = await take('a');
  expect(await take('b')).toBeUndefined();
  makeOld('a');
  now += 30_000;
  await held?.renew();
  expect(await take('b')).toBeUndefined();
  makeOld('a');
  const heir = await take('b');
  expect(heir).toBeDefined();
  expect(await take('c')).toBeUndefined();
  await heir?.release();
  expect(await take('c')).toBeDefined();
});
