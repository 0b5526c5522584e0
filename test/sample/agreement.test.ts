import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  type Bars,
  chooseContract,
  cleanBars,
  fillGrid,
  findInstrument,
  type Grid,
  inSession,
  type Quarantine,
  tradingHours,
} from '../../src/bars/index.ts';
import type { DefectTruth } from '../../src/sample/index.ts';
import { collected, rowsOf } from './month-rows.ts';

/** The truth's names of rules, in those of the quarantine. */
const RULES = {
  duplicate: 'duplicate',
  not_positive: 'not_positive',
  bounds: 'out_of_bounds',
  ohlc_small: 'ohlc_inconsistent_small',
  ohlc_large: 'ohlc_inconsistent',
  tick: 'off_tick',
  spike: 'spike',
  order: 'out_of_order',
} as const;

const UNDEFINED = Number(2n ** 63n - 1n);

function barsOf(rows: ReturnType<typeof rowsOf>): Bars {
  const symbols = [...new Set(rows.map(({ symbol }) => symbol))];
  const points = (units: number): number => (units === UNDEFINED ? Number.NaN : units / 1e9);
  const ids = new Map(rows.map(({ symbol, id }) => [symbol, id]));
  return {
    rowCount: rows.length,
    tsUs: Float64Array.from(rows, ({ second }) => second * 1e6),
    open: Float64Array.from(rows, ({ open }) => points(open)),
    high: Float64Array.from(rows, ({ high }) => points(high)),
    low: Float64Array.from(rows, ({ low }) => points(low)),
    close: Float64Array.from(rows, ({ close }) => points(close)),
    volume: Float64Array.from(rows, ({ volume }) => volume),
    instrument: Uint16Array.from(rows, ({ symbol }) => symbols.indexOf(symbol)),
    instruments: symbols.map((symbol) => ({ id: ids.get(symbol) ?? 0, symbol })),
  };
}

function sessionSha256(grid: Grid, start: number, end: number): string {
  const hash = createHash('sha256');
  for (const column of [grid.openTicks, grid.highTicks, grid.lowTicks, grid.closeTicks]) {
    hash.update(column.slice(start, end));
  }
  return hash.update(Int32Array.from(grid.volume.subarray(start, end))).digest('hex');
}

const line = (parts: readonly unknown[]): string => JSON.stringify(parts);

function quarantineLines(quarantine: Quarantine): string[] {
  const q = quarantine;
  return Array.from({ length: q.rowCount }, (_, k) => {
    const before = [q.open[k], q.high[k], q.low[k], q.close[k], q.volume[k]];
    const after = [q.newOpen[k], q.newHigh[k], q.newLow[k], q.newClose[k], q.newVolume[k]];
    return line([q.tsUs[k], q.instrumentId[k], q.symbol[k], q.rule[k], q.action[k], before, after]);
  }).sort();
}

function truthLines(defects: readonly DefectTruth[]): string[] {
  const values = (bar: DefectTruth['new']): (number | null)[] =>
    bar ? [bar.open, bar.high, bar.low, bar.close, bar.volume] : [null, null, null, null, null];
  return defects
    .flatMap(({ action, rule, timestamp, instrument_id, symbol, original, new: result }) =>
      rule !== null && (action === 'dropped' || action === 'changed')
        ? [
            line([
              Number(BigInt(timestamp) / 1000n),
              instrument_id,
              symbol,
              RULES[rule],
              action,
              values(original),
              values(result),
            ]),
          ]
        : [],
    )
    .sort();
}

describe('what the bars folder makes of a sample month', () => {
  it.each([
    ['2024-03', 0.08, true],
    ['2012-10', 0.06, true],
    ['2024-11', 0.05, false],
  ])('is what the truth says: %s at %f, faults: %s', (month, scale, defects) => {
    const made = collected(month, { scale, defects, seed: 2 });
    const { truth } = made;
    const bars = barsOf(rowsOf(made));
    const hours = tradingHours('cme-rth');
    const instrument = findInstrument('ES');
    const front = chooseContract(bars, { instrument, hours });
    expect(front.rows.length).toBe(truth.front_records);
    expect(front.report.fronts.map(({ date, contract, volume }) => ({ date, contract, volume }))).toEqual(
      truth.front_contract,
    );
    const { inside, report } = inSession(bars, front.rows, { hours });
    expect(inside.rows.length).toBe(truth.session_records);
    expect(report.timezoneIssues).toEqual([]);
    const cleaned = cleanBars(bars, inside, { instrument });
    const counts: Record<string, number> = { out_of_order: truth.disorder.session.descents };
    for (const [rule, count] of Object.entries(truth.cleaning_counts)) {
      counts[Object.entries(RULES).find(([name]) => name === rule)?.[1] ?? rule] = count;
    }
    const found = Object.fromEntries(Object.entries(cleaned.report.rules).filter(([, count]) => count > 0));
    expect(found).toEqual(Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)));
    expect(quarantineLines(cleaned.quarantine)).toEqual(truthLines(truth.defects));
    const { grid } = fillGrid(cleaned.clean, { clock: hours.clock });
    expect(grid.sessions.map(({ date, start, end }) => [date, sessionSha256(grid, start, end)])).toEqual(
      truth.sessions.map(({ date, grid_sha256 }) => [date, grid_sha256]),
    );
  });
});
