import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { BarlineError } from '../../src/base/index.ts';
import type { ProviderEvent } from '../../src/providers/index.ts';
import { environmentSecrets } from '../../src/providers/index.ts';
import { KEYS, type OpenOptions, openAt, pagesFrom } from './bars.ts';
import { TestClock } from './test-clock.ts';
import { type Fault, VendorServer } from './vendor-server.ts';

const NOW_MS = Date.UTC(2024, 2, 1, 12);
const HOUR = {
  asset: 'BTCUSD',
  timeframe: '1h' as const,
  fromUs: (NOW_MS - 7.2e6) * 1000,
  toUs: NOW_MS * 1000,
};

/** Asks a Coinbase that goes wrong as told, then answers with no candles. */
async function ask(faults: (Fault | undefined)[], options: OpenOptions = {}) {
  const clock = new TestClock(NOW_MS);
  await using server = await VendorServer.start(
    () => ({ body: [] }),
    () => clock.now(),
  );
  server.faults = [...faults];
  const events: ProviderEvent[] = [];
  const provider = await openAt('coinbase', server.url, clock, {
    onEvent: (event) => events.push(event),
    ...options,
  });
  let error: unknown = null;
  try {
    await pagesFrom(provider, HOUR);
  } catch (thrown) {
    error = thrown;
  }
  return { error, asked: server.asked.length, slept: clock.slept, events, usage: provider.usage?.() };
}

const FAILING: Fault = { status: 502, body: '<html><title>502 Bad Gateway</title></html>' };

describe('a call', () => {
  it('is made again after 5, 10 and 20 s where it may heal', async () => {
    const faults: Fault[] = ['reset', 'html', 'cut', FAILING, { status: 500, body: 'oops' }];
    for (const fault of faults) {
      const { error, asked, slept, events } = await ask([fault, fault, fault]);
      expect(error).toBeNull();
      expect(asked).toBe(4);
      expect(slept).toEqual([5000, 10_000, 20_000]);
      expect(events.map(({ kind }) => kind)).toEqual(['retry', 'retry', 'retry']);
    }
  });

  it('that timed out is one of them', async () => {
    const { error, asked } = await ask(['hang'], { settings: { timeoutSeconds: 0.2 } });
    expect(error).toBeNull();
    expect(asked).toBe(2);
  });

  it('takes no more of an answer into memory than any vendor sends', async () => {
    const big: Fault = { status: 200, body: `[${' '.repeat(65 * 2 ** 20)}]` };
    const { error, asked } = await ask([big]);
    expect(error).toMatchObject({ code: 'PROVIDER_ANSWER' });
    expect(String(error)).toContain('the answer is larger than 64 MiB');
    expect(asked).toBe(1);
    const failed = await ask([{ status: 404, body: `no such product${' '.repeat(2 ** 20)}` }]);
    expect(String(failed.error)).toContain('HTTP 404: no such product');
  });

  it('ends with what went wrong last, after four tries', async () => {
    const { error, usage } = await ask([FAILING, FAILING, FAILING, FAILING]);
    expect(error).toMatchObject({
      code: 'PROVIDER_FAILED',
      facts: { attempts: 4, status: 502, kind: 'transient' },
    });
    expect(String(error)).toContain('HTTP 502: 502 Bad Gateway (asked 4 times)');
    expect(usage).toMatchObject({ requestCount: 4, retryCount: 3 });
  });

  it('is not made again where the answer would be the same', async () => {
    for (const [status, code] of [
      [400, 'PROVIDER_REFUSED'],
      [401, 'PROVIDER_FORBIDDEN'],
      [403, 'PROVIDER_FORBIDDEN'],
      [404, 'PROVIDER_REFUSED'],
    ] as const) {
      const { error, asked } = await ask([{ status, body: { message: 'NotFound' } }]);
      expect(error).toMatchObject({ code });
      expect(String(error)).toContain(`HTTP ${status}: NotFound`);
      expect(asked).toBe(1);
    }
  });

  it('waits as long as a vendor says that throttles, and counts it', async () => {
    const date = new Date(NOW_MS + 30_000).toUTCString();
    const throttled = (value: string): Fault => ({
      status: 429,
      headers: { 'retry-after': value },
      body: {},
    });
    for (const [fault, seconds] of [
      [throttled('7'), 7],
      [throttled(date), 30],
      [{ ...FAILING, status: 503, headers: { 'retry-after': '2' } }, 2],
      [{ status: 429, body: { message: 'slow down' } }, 5],
    ] as [Fault, number][]) {
      const { error, usage, events } = await ask([fault]);
      expect(error).toBeNull();
      expect(usage).toMatchObject({ requestCount: 2, rateLimitWaitSeconds: seconds });
      expect(events).toEqual([{ kind: 'pause', provider: 'coinbase', seconds }]);
    }
    const { error, asked } = await ask([throttled('86400')]);
    expect(error).toMatchObject({ code: 'PROVIDER_THROTTLED' });
    expect(asked).toBe(1);
  });

  it('waits for a new window where the headers say that nothing is left of this one', async () => {
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW_MS / 1000 + 12) };
    const clock = new TestClock(NOW_MS);
    await using server = await VendorServer.start(() => ({ headers, body: [] }));
    const provider = await openAt('coinbase', server.url, clock);
    await pagesFrom(provider, HOUR);
    await pagesFrom(provider, HOUR);
    expect(provider.usage?.().rateLimitWaitSeconds).toBe(12);
  });

  it('is given up as soon as it is not wanted', async () => {
    const clock = new TestClock(NOW_MS);
    await using server = await VendorServer.start(() => ({ body: [] }));
    server.faults = ['hang'];
    const abort = new AbortController();
    const provider = await openAt('coinbase', server.url, clock);
    const pages = pagesFrom(provider, { ...HOUR, signal: abort.signal });
    setTimeout(() => abort.abort(new Error('enough')), 50);
    await expect(pages).rejects.toThrow('enough');
    expect(clock.slept).toEqual([]);
  });

  it('is not made while the circuit is open', async () => {
    const clock = new TestClock(NOW_MS);
    await using server = await VendorServer.start(() => ({ body: [] }));
    server.faults = Array.from({ length: 8 }, () => FAILING);
    const provider = await openAt('coinbase', server.url, clock);
    await expect(pagesFrom(provider, HOUR)).rejects.toMatchObject({ code: 'PROVIDER_FAILED' });
    await expect(pagesFrom(provider, HOUR)).rejects.toMatchObject({ code: 'PROVIDER_CIRCUIT_OPEN' });
    expect(server.asked.length).toBe(5);
    clock.nowMs += 60_000;
    server.faults = [];
    expect(await pagesFrom(provider, HOUR)).toHaveLength(1);
  });
});

describe('a key', () => {
  const names = ['alpha_vantage', 'oanda', 'databento'];
  const keyForms = Object.values(KEYS).flatMap((key) => [
    key,
    encodeURIComponent(key),
    Buffer.from(`${key}:`).toString('base64'),
  ]);

  it('is in no error, whatever goes wrong and whatever the vendor repeats of it', async () => {
    const quoted = `We have detected your API key as ${Object.values(KEYS).join(' and ')} and your limit is 25 requests per day`;
    const faults: Fault[] = [
      'reset',
      'html',
      'cut',
      FAILING,
      { status: 401, body: { message: `no such key ${quoted}` } },
      { status: 403, body: quoted },
      { body: { Information: quoted } },
      { body: { 'Error Message': `the apikey=${KEYS.ALPHA_VANTAGE_API_KEY} is invalid` } },
      { body: quoted },
    ];
    for (const name of names) {
      for (const fault of faults) {
        const clock = new TestClock(NOW_MS);
        await using server = await VendorServer.start(() => ({ body: {} }));
        server.faults = Array.from({ length: 4 }, () => fault);
        const events: ProviderEvent[] = [];
        const provider = await openAt(name, server.url, clock, { onEvent: (event) => events.push(event) });
        const error = await pagesFrom(provider, { ...HOUR, asset: 'EURUSD' }).catch(
          (thrown: unknown) => thrown,
        );
        expect(error).toBeInstanceOf(BarlineError);
        expect(server.asked.length).toBeGreaterThan(0);
        const shown = inspect([error, events], { depth: 10, showHidden: true }) + JSON.stringify(error);
        for (const key of keyForms) expect(shown).not.toContain(key);
      }
    }
  });

  it('of any vendor is hidden in text', () => {
    const secrets = environmentSecrets({ ...KEYS, KRAKEN_API_KEY: 'kraken-key-4', PATH: '/usr/bin/env' });
    const text = `${Object.values(KEYS).join(' ')} kraken-key-4 /usr/bin/env ?apikey=other`;
    expect(secrets.mask(text)).toBe('*** *** *** *** /usr/bin/env ?apikey=***');
  });

  it('that is missing is named by its variable', async () => {
    const { openProvider, memoryCircuits } = await import('../../src/providers/index.ts');
    const world = { settings: {}, environment: {}, clock: new TestClock(0), circuits: memoryCircuits() };
    await expect(openProvider('oanda', world)).rejects.toMatchObject({
      code: 'PROVIDER_NO_KEY',
      exitCode: 2,
      message: 'oanda: OANDA_API_KEY is not set.',
    });
    await expect(openProvider('nobody', world)).rejects.toThrow('there is no provider nobody');
    const odd = { ...world, environment: { OANDA_API_KEY: 'key\nX-Evil: 1' } };
    await expect(openProvider('oanda', odd)).rejects.toThrow('holds characters that no key has');
  });
});
