import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BarlineError, parseDurationSeconds } from '../../src/base/index.ts';
import { kindOfError, monthError } from '../../src/months/error-class.ts';
import { FrontOfMonths } from '../../src/months/fronts.ts';
import { MonthQueue } from '../../src/months/month-queue.ts';
import { retryDelaySeconds } from '../../src/months/retry.ts';

const error = (code: string, facts: Record<string, unknown> = {}) =>
  new BarlineError({ code, message: code, facts });

describe('errors', () => {
  it.each([
    ['STORAGE_UNREACHABLE', {}],
    ['STORAGE_UNAVAILABLE', { status: 503 }],
    ['STORAGE_FAILED', { system: 'ETIMEDOUT' }],
    ['DELTA_COMMIT_CONTENDED', {}],
  ])('%s %j may heal', (code, facts) => expect(kindOfError(error(code, facts))).toBe('transient'));

  it.each([
    'STORAGE_NOT_FOUND',
    'STORAGE_ACCESS_DENIED',
    'STORAGE_NO_SPACE',
    'DBN_BAD_MAGIC',
    'DBN_TRUNCATED_ZSTD',
    'MONTH_WRONG_DATES',
  ])('%s cannot', (code) => expect(kindOfError(error(code))).toBe('permanent'));

  it('of threads name the month; memory that gave out is told from a bug', () => {
    const outOfMemory = Object.assign(new Error('Worker terminated due to reaching memory limit'), {
      code: 'ERR_WORKER_OUT_OF_MEMORY',
    });
    expect(monthError('2024-01', outOfMemory)).toMatchObject({ code: 'MONTH_OUT_OF_MEMORY' });
    expect(monthError('2024-01', new TypeError('x is not a function'))).toMatchObject({
      code: 'MONTH_CRASHED',
      message: '2024-01: a worker broke off: x is not a function',
    });
    expect(kindOfError(monthError('2024-01', outOfMemory))).toBe('permanent');
  });
});

describe('delays', () => {
  it('double, from half of their length to one and a half times', () => {
    const chance = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), chance, (attempt, random) => {
        const seconds = retryDelaySeconds(attempt, { tries: 3, firstDelaySeconds: 30 }, random);
        const middle = 30 * 2 ** (attempt - 1);
        expect(seconds).toBeGreaterThanOrEqual(middle / 2);
        expect(seconds).toBeLessThanOrEqual(middle * 1.5);
      }),
    );
  });

  it.each([
    ['500ms', 0.5],
    ['30s', 30],
    ['1.5m', 90],
    [' 2 h ', 7200],
    ['1d', 86_400],
    ['30', undefined],
    ['-1s', undefined],
    ['soon', undefined],
  ])('%j is %j seconds', (text, seconds) => expect(parseDurationSeconds(text)).toBe(seconds));
});

describe('the queue', () => {
  it('hands out what is ready, waits for what was laid aside, and ends when all is done', async () => {
    const queue = new MonthQueue<string>();
    for (const item of ['a', 'b']) queue.add(item);
    expect([await queue.next(), await queue.next()]).toEqual(['a', 'b']);
    queue.laidAside();
    queue.finished();
    expect(queue.isIdle).toBe(true);
    const waiting = queue.next();
    await delay(1);
    queue.comesBack('a');
    expect(await waiting).toBe('a');
    const end = queue.next();
    queue.finished();
    expect(await end).toBeUndefined();
  });

  it('gives nothing more once it is closed', async () => {
    const queue = new MonthQueue<string>();
    queue.add('a');
    queue.add('b');
    await queue.next();
    queue.laidAside();
    await queue.next();
    const waiting = queue.next();
    queue.close();
    expect(await waiting).toBeUndefined();
  });
});

describe('the front of the month before', () => {
  const front = (contract: string) => ({ contract, sha256: 'x' });
  const never = () => Promise.reject(new Error('asked'));

  it('comes from the month at work', async () => {
    const fronts = new FrontOfMonths();
    fronts.expect('2024-01');
    const asked = fronts.of('2024-01', never);
    fronts.found({ month: '2024-01', last: front('ESH4') });
    fronts.laidAside('2024-01');
    expect(await asked).toEqual(front('ESH4'));
    expect(await fronts.of('2024-01', never)).toEqual(front('ESH4'));
  });

  it('is looked for elsewhere when that month is laid aside, once for all who ask', async () => {
    const fronts = new FrontOfMonths();
    fronts.expect('2024-01');
    let asked = 0;
    const find = async () => {
      asked++;
      return front('ESM4');
    };
    const answers = [fronts.of('2024-01', find), fronts.of('2024-01', find)];
    fronts.laidAside('2024-01');
    expect(await Promise.all(answers)).toEqual([front('ESM4'), front('ESM4')]);
    expect(asked).toBe(1);
  });

  it('is unknown when that month failed, and asked again when asking failed', async () => {
    const fronts = new FrontOfMonths();
    fronts.expect('2024-01');
    fronts.failed('2024-01');
    expect(await fronts.of('2024-01', never)).toBeNull();
    await expect(fronts.of('2024-02', never)).rejects.toThrow('asked');
    expect(await fronts.of('2024-02', async () => front('ESH4'))).toEqual(front('ESH4'));
  });
});
