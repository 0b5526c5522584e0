import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { DefectTruth, MonthTruth } from '../../src/sample/index.ts';
import { collected, inSession, type Row, rowsOf } from './month-rows.ts';

const UNDEFINED = Number(2n ** 63n - 1n);
const TICK = 250_000_000;

const month = collected('2024-03', { scale: 0.15, defects: true, seed: 5 });
const rows = rowsOf(month);
const { truth } = month;
const acted = (action: string): DefectTruth[] => truth.defects.filter((defect) => defect.action === action);

const points = (units: number): number | null => (units === UNDEFINED ? null : units / 1e9);

function valuesOf(row: Row): DefectTruth['original'] {
  const { open, high, low, close, volume } = row;
  return { open: points(open), high: points(high), low: points(low), close: points(close), volume };
}

const keyOf = (id: number, second: number): string => `${id} ${second}`;
const keyOfDefect = ({ instrument_id, timestamp }: DefectTruth): string =>
  keyOf(instrument_id, Number(BigInt(timestamp) / 1_000_000_000n));

const recordsAt = Map.groupBy(rows, (row) => keyOf(row.id, row.second));

const fronts = new Map(truth.front_contract.map(({ date, contract }) => [date, contract]));
const isFront = (row: Row): boolean => fronts.get(row.date) === row.symbol;

const isSame = (a: Row, b: Row): boolean =>
  a.open === b.open && a.high === b.high && a.low === b.low && a.close === b.close && a.volume === b.volume;

/** Session bars with what the truth's list says done to them, and nothing else; the way a reader would be told. */
function cleanedByList(date: string): Map<number, readonly number[]> {
  const bars = new Map<number, readonly number[]>();
  for (const row of rows) {
    if (row.date !== date || !isFront(row) || !inSession(row)) continue;
    bars.set(row.second, [row.open, row.high, row.low, row.close, row.volume]);
  }
  for (const defect of truth.defects) {
    const second = Number(BigInt(defect.timestamp) / 1_000_000_000n);
    if (!bars.has(second) || defect.rule === 'duplicate' || defect.action === 'ignored') continue;
    if (defect.action === 'dropped') bars.delete(second);
    if (defect.action !== 'changed' || defect.new === null) continue;
    const { open, high, low, close, volume } = defect.new;
    bars.set(second, [...[open, high, low, close].map((price) => (price ?? 0) * 1e9), volume]);
  }
  return bars;
}

function gridSha256(session: MonthTruth['sessions'][number]): string {
  const bars = cleanedByList(session.date);
  const seconds = session.expected_rows;
  const open = Date.parse(session.open_utc) / 1000;
  const grid = new Int32Array(5 * seconds);
  let price = bars.get(Math.min(...bars.keys()))?.[0] ?? 0;
  for (let k = 0; k < seconds; k++) {
    const bar = bars.get(open + k) ?? [price, price, price, price, 0];
    bar.forEach((value, column) => {
      grid[column * seconds + k] = column < 4 ? value / TICK : value;
    });
    price = bar[3];
  }
  return createHash('sha256').update(grid).digest('hex');
}

describe('a month with planted faults', () => {
  it('has every fault of the cleaning table, and every near miss, several times', () => {
    const kinds = Object.entries(Object.groupBy(truth.defects, ({ kind, action }) => `${kind} ${action}`));
    expect(Object.fromEntries(kinds.map(([kind, defects = []]) => [kind, defects.length >= 2]))).toEqual(
      Object.fromEntries(
        [
          'at_bounds kept',
          'double_spike kept',
          'duplicate dropped',
          'edge_spike kept',
          'extreme_off_tick changed',
          'inconsistent dropped',
          'inconsistent ignored',
          'late_correction dropped',
          'late_correction sorted',
          'lone_spike dropped',
          'long_wick kept',
          'move_that_stays kept',
          'negative_price dropped',
          'off_tick changed',
          'off_tick ignored',
          'out_of_bounds dropped',
          'out_of_order ignored',
          'out_of_order sorted',
          'slightly_inconsistent changed',
          'spike_at_limit kept',
          'spike_within_noise kept',
          'undefined_price dropped',
          'undefined_price ignored',
          'zero_price dropped',
          'zero_price ignored',
        ].map((kind) => [kind, true]),
      ),
    );
  });

  it('names each fault with the values its record has in the file', () => {
    for (const defect of truth.defects) {
      const records = recordsAt.get(keyOfDefect(defect)) ?? [];
      expect(records.map(valuesOf)).toContainEqual(defect.original);
      expect(records[0].symbol).toBe(defect.symbol);
    }
  });

  it('counts per rule what its list says', () => {
    const counts: Record<string, number> = {};
    for (const { rule } of [...acted('dropped'), ...acted('changed')]) {
      counts[rule ?? '?'] = (counts[rule ?? '?'] ?? 0) + 1;
    }
    expect(truth.cleaning_counts).toEqual(counts);
    expect(truth.disorder.session.descents).toBe(acted('sorted').length);
  });

  it('has the grids that its list makes of the file', () => {
    for (const session of truth.sessions) {
      expect(gridSha256(session)).toBe(session.grid_sha256);
      expect(cleanedByList(session.date).size).toBe(session.real_rows);
    }
  });

  it('has the file out of order and twice exactly where it says', () => {
    const inside = rows.filter((row) => isFront(row) && inSession(row));
    const descents = (list: readonly Row[]): number =>
      list.filter((row, k) => k > 0 && row.second < list[k - 1].second).length;
    expect(descents(inside)).toBe(truth.disorder.session.descents);
    expect(descents(rows)).toBe(truth.disorder.file.descents);
    expect(truth.session_records).toBe(inside.length);
    const extra = [...recordsAt.values()].reduce((sum, records) => sum + records.length - 1, 0);
    expect(extra).toBe(truth.cleaning_counts.duplicate);
  });

  it('keeps the last of several records of a second, no two of which are alike', () => {
    for (const seed of [5, 6, 7]) {
      const other = collected('2024-02', { scale: 0.05, defects: true, seed });
      const records = Map.groupBy(rowsOf(other), (row) => keyOf(row.id, row.second));
      const dropped = other.truth.defects.filter(
        ({ rule, action }) => rule === 'duplicate' && action === 'dropped',
      );
      expect(dropped.length).toBeGreaterThan(5);
      for (const defect of dropped) {
        const values = (records.get(keyOfDefect(defect)) ?? []).map((row) => JSON.stringify(valuesOf(row)));
        expect(values.length).toBeGreaterThan(1);
        expect(new Set(values).size).toBe(values.length);
        expect(values.indexOf(JSON.stringify(defect.original))).toBeLessThan(values.length - 1);
      }
    }
  });

  it('touches nothing else: all other records are those of the month without faults', () => {
    const pure = rowsOf(collected('2024-03', { scale: 0.15, seed: 5 }));
    const touched = new Set(truth.defects.map(keyOfDefect));
    const moved = truth.defects.filter(({ kind }) => kind === 'move_that_stays');
    const isMoved = (row: Row): boolean =>
      moved.some(({ timestamp }) => {
        const start = Number(BigInt(timestamp) / 1_000_000_000n);
        return isFront(row) && inSession(row) && row.second >= start && row.second < start + 27_000;
      });
    const different = pure.filter((row) => {
      const found = recordsAt.get(keyOf(row.id, row.second)) ?? [];
      return !found.some((other) => isSame(other, row));
    });
    expect(different.length).toBeGreaterThan(50);
    for (const row of different) {
      if (!touched.has(keyOf(row.id, row.second)) && !isMoved(row)) expect.fail(JSON.stringify(row));
    }
  });

  it('leaves faults alone that lie outside the session or the front contract', () => {
    for (const defect of acted('ignored')) {
      const [row] = recordsAt.get(keyOfDefect(defect)) ?? [];
      expect(isFront(row) && inSession(row)).toBe(false);
    }
  });

  it('plants nothing in sessions too thin to keep faults apart', () => {
    const thin = collected('2024-03', { scale: 0.004, defects: true }).truth;
    expect(thin.cleaning_counts).toEqual({});
    expect(thin.defects.every(({ action }) => action === 'ignored')).toBe(true);
  });
});
