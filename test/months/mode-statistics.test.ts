import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ModeTally, modeStatistics, tallyMode } from '../../src/months/mode-statistics.ts';
import { ValueCounter } from '../../src/months/value-tally.ts';

interface Rows {
  readonly label: readonly number[];
  readonly weight: readonly number[];
}

const counter = new ValueCounter();

function tally({ label, weight }: Rows): ModeTally {
  return tallyMode({ label: Int8Array.from(label), weight: Float32Array.from(weight) }, counter);
}

/** Of the mode `m`, from rows cut into row groups. */
function statisticsOf(groups: readonly Rows[], nullLabels = 0) {
  const bounds = new Map([['label_m', { min: 0, max: 1, nullCount: nullLabels }]]);
  return modeStatistics(
    [{ name: 'm' }],
    groups.map((rows) => [tally(rows)]),
    bounds,
  ).m;
}

const good: Rows = { label: [1, 0, 0, 0], weight: [2.5, 1, 1, 1] };

describe('the statistics of a mode', () => {
  it('are those of all rows, winners or not', () => {
    expect(statisticsOf([good])).toEqual({
      win_rate: 0.25,
      total_winners: 1,
      total_samples: 4,
      avg_weight: 1.375,
      weight_std: 0.75,
      min: 1,
      max: 2.5,
      weight_distribution: {
        p25: 1,
        p50: 1,
        p75: 1.375,
        p90: expect.closeTo(2.05),
        p95: expect.closeTo(2.275),
      },
      null_values: 0,
      infinite_values: 0,
      quality_flags: [],
    });
  });

  it('of no rows are not known', () => {
    expect(statisticsOf([{ label: [], weight: [] }])).toMatchObject({
      win_rate: null,
      avg_weight: null,
      weight_std: null,
      min: null,
      max: null,
      weight_distribution: { p50: null },
      quality_flags: ['unreasonable_win_rate'],
    });
  });

  it.each([
    ['a label of 2', { label: [1, 0, 2, 0], weight: [1, 1, 1, 1] }, 0, ['invalid_label_values']],
    ['a label of -1', { label: [1, 0, -1, 0], weight: [1, 1, 1, 1] }, 0, ['invalid_label_values']],
    ['a null label', good, 1, ['nan_in_labels']],
    ['a weight of 0', { label: [1, 0, 0, 0], weight: [1, 0, 1, 1] }, 0, ['non_positive_weights']],
    ['a weight below 0', { label: [1, 0, 0, 0], weight: [1, 1, -1, 1] }, 0, ['non_positive_weights']],
    ['a weight of NaN', { label: [1, 0, 0, 0], weight: [1, 1, Number.NaN, 1] }, 0, ['nan_in_weights']],
    ['no winner', { label: [0, 0, 0, 0], weight: [1, 1, 1, 1] }, 0, ['unreasonable_win_rate']],
    ['winners alone', { label: [1, 1, 1, 0], weight: [1, 1, 1, 1] }, 0, ['unreasonable_win_rate']],
    ['half winners', { label: [1, 1, 0, 0], weight: [1, 1, 1, 1] }, 0, []],
  ] as const)('tell of %s', (_, rows, nullLabels, flags) => {
    expect(statisticsOf([rows], nullLabels).quality_flags).toEqual(flags);
  });

  it('count what is null and what is infinite', () => {
    const weight = [Number.NaN, Number.POSITIVE_INFINITY, 1, 1];
    expect(statisticsOf([{ label: [1, 0, 0, 0], weight }], 2)).toMatchObject({
      null_values: 3,
      infinite_values: 1,
      avg_weight: 1,
      max: Number.POSITIVE_INFINITY,
    });
  });

  it('do not depend on how rows are cut, and agree with the plain formulas', () => {
    const row = fc.record({
      label: fc.constantFrom(0, 1),
      weight: fc.oneof(fc.constant(1), fc.float({ noNaN: true, min: 0.25, max: 4 })),
    });
    fc.assert(
      fc.property(fc.array(row, { minLength: 2, maxLength: 100 }), fc.nat(100), (rows, cut) => {
        const columns = (part: typeof rows): Rows => ({
          label: part.map(({ label }) => label),
          weight: part.map(({ weight }) => weight),
        });
        const { avg_weight, weight_std, ...whole } = statisticsOf([columns(rows)]);
        const {
          avg_weight: average,
          weight_std: deviation,
          ...parts
        } = statisticsOf([columns(rows.slice(0, cut)), columns(rows.slice(cut))]);
        expect(parts).toEqual(whole);
        const weights = rows.map(({ weight }) => weight);
        const mean = weights.reduce((sum, weight) => sum + weight, 0) / rows.length;
        const variance = weights.reduce((sum, weight) => sum + (weight - mean) ** 2, 0) / (rows.length - 1);
        for (const found of [avg_weight, average]) expect(found).toBeCloseTo(mean, 12);
        for (const found of [weight_std, deviation]) expect(found).toBeCloseTo(Math.sqrt(variance), 7);
        expect(whole.min).toBe(Math.min(...weights));
        expect(whole.max).toBe(Math.max(...weights));
      }),
    );
  });
});
