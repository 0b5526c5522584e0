import { expect, test } from 'vitest';
import { compareDay } from '../../src/ingest/index.ts';
import { BronzeLake, utc } from './bronze-lake.ts';
import { planned, soundBar } from './planned-provider.ts';

const DAY = utc('2025-03-01T00:00:00Z');
const HOUR_US = 3600e6;
const hourOf = (tsUs: number) => (tsUs - DAY) / HOUR_US;

test('sets two vendors side by side, the newest revision of each', async () => {
  using lake = new BronzeLake();
  const request = { timeframes: ['1h'] as const };
  const a = (tsUs: number, asset: string) => (hourOf(tsUs) === 3 ? null : soundBar(tsUs, asset));
  const b = (tsUs: number, asset: string) => {
    const bar = soundBar(tsUs, asset);
    if (hourOf(tsUs) === 5) return null;
    return hourOf(tsUs) === 7 ? { ...bar, close: Number(bar.close) * 1.001, high: 1000 } : bar;
  };
  await lake.ingest(planned({ name: 'a', bar: a }), request);
  await lake.ingest(planned({ name: 'b', bar: b }), request);
  const corrected = (tsUs: number, asset: string) =>
    hourOf(tsUs) === 9 ? { ...soundBar(tsUs, asset), volume: 1234 } : a(tsUs, asset);
  await lake.ingest(planned({ name: 'a', bar: corrected }), { ...request, backfill: true });
  const compared = await compareDay({
    lake: lake.storage,
    providers: ['a', 'b'],
    asset: 'BTCUSD',
    timeframe: '1h',
    dayUs: DAY,
  });
  expect(compared).toHaveLength(24);
  expect(compared[3]?.bars).toMatchObject([null, { revision: 0 }]);
  expect(compared[5]?.bars).toMatchObject([{ revision: 0 }, null]);
  expect(compared[7]?.closeBps).toBeCloseTo(10, 6);
  expect(compared[9]?.bars).toMatchObject([{ revision: 1, volume: 1234 }, { revision: 0 }]);
  expect(compared.flatMap(({ isEqual }, hour) => (isEqual ? [] : [hour]))).toEqual([3, 5, 7, 9]);
});
