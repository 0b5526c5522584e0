import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { featureColumns } from '../../src/features/index.ts';
import type { FeatureStatistics } from '../../src/months/feature-statistics.ts';
import type { ModeStatistics } from '../../src/months/mode-statistics.ts';
import {
  dataQuality,
  featureQuality,
  modeQuality,
  performanceQuality,
  qualityOf,
  rollQuality,
  type ScoredMonth,
} from '../../src/months/quality-score.ts';

const names = featureColumns.map(({ name }) => name);

const goodMode: ModeStatistics = {
  win_rate: 0.2,
  total_winners: 5400,
  total_samples: 27_000,
  avg_weight: 1.1,
  weight_std: 0.2,
  min: 1,
  max: 4,
  weight_distribution: { p25: 1, p50: 1, p75: 1, p90: 1.5, p95: 2 },
  null_values: 0,
  infinite_values: 0,
  quality_flags: [],
};

function features(changes: Partial<FeatureStatistics> = {}): FeatureStatistics {
  const measured = {
    features_generated: 43,
    nan_percentages: Object.fromEntries(names.map((name) => [name, 0])),
    outlier_counts: {},
    value_ranges: {},
    high_nan_features: [],
    out_of_range_features: [],
    suspicious_features: [],
    high_outlier_features: [],
    ...changes,
  };
  return { ...measured, quality_score: changes.quality_score ?? featureQuality(measured) };
}

function month(changes: Partial<ScoredMonth> = {}): ScoredMonth {
  return {
    month_str: '2024-03',
    rth_bars: 1000,
    final_bars: 1000,
    retention: 1,
    cleaning_rules: {},
    missing_sessions: [],
    emptied_sessions: [],
    warnings: [],
    mode_statistics: { low_vol_long: goodMode },
    feature_statistics: features(),
    feature_failures: [],
    processing_time_minutes: 0.02,
    performance: { peak_rss_bytes: 500e6 },
    rollover_events: [],
    bars_excluded_rollover: 0,
    ...changes,
  };
}

const events = (count: number) => Array(count).fill({});
const some = (count: number) => names.slice(0, count);

describe('the part of modes', () => {
  it.each([
    ['a rate of exactly 5 %', { win_rate: 0.05 }, 1],
    ['a rate just below 5 %', { win_rate: 0.0499, quality_flags: ['unreasonable_win_rate'] }, 0.5],
    ['a rate of exactly 50 %', { win_rate: 0.5 }, 1],
    ['a rate just above 50 %', { win_rate: 0.5001, quality_flags: ['unreasonable_win_rate'] }, 0.5],
    ['no rate', { win_rate: null, quality_flags: ['unreasonable_win_rate'] }, 0.5],
    ['nulls among the weights', { null_values: 1, quality_flags: ['nan_in_weights'] }, 0.6],
    ['nulls among both', { null_values: 2, quality_flags: ['nan_in_labels', 'nan_in_weights'] }, 0.5],
    ['infinite weights', { infinite_values: 1 }, 0.7],
    ['labels that are neither', { quality_flags: ['invalid_label_values'] }, 0.7],
    ['weights of 0', { quality_flags: ['non_positive_weights'] }, 0.7],
    [
      'everything at once',
      {
        win_rate: 0,
        null_values: 1,
        infinite_values: 1,
        quality_flags: ['invalid_label_values', 'non_positive_weights', 'unreasonable_win_rate'],
      },
      0,
    ],
  ] as const)('%s', (_, changes, expected) => {
    expect(modeQuality({ ...goodMode, ...changes })).toBe(expected);
  });

  it('is the mean over the modes', () => {
    const bad: ModeStatistics = { ...goodMode, win_rate: 0, quality_flags: ['unreasonable_win_rate'] };
    const mode_statistics = { a: goodMode, b: bad, c: goodMode, d: bad };
    expect(qualityOf(month({ mode_statistics })).parts.modes).toBe(0.75);
  });
});

describe('the part of data', () => {
  it.each([
    ['70 % kept', { retention: 0.7 }, 1],
    ['just below 70 %', { retention: 0.699 }, 0.9],
    ['50 % kept', { retention: 0.5 }, 0.9],
    ['just below 50 %', { retention: 0.499 }, 0.7],
    ['30 % kept', { retention: 0.3 }, 0.7],
    ['just below 30 %', { retention: 0.299 }, 0.5],
    ['no bar in the session', { retention: null, rth_bars: 0 }, 0.5],
    ['half lost in one rule', { cleaning_rules: { out_of_bounds: 500 } }, 1],
    ['more than half lost in one rule', { cleaning_rules: { out_of_bounds: 501 } }, 0.7],
    ['more than half lost in two', { cleaning_rules: { out_of_bounds: 400, spike: 400 } }, 1],
    ['all changed by one rule', { cleaning_rules: { off_tick: 1000, out_of_order: 1000 } }, 1],
    ['a session missing', { missing_sessions: ['2024-03-04'] }, 0.8],
    ['ten sessions missing', { missing_sessions: Array(10).fill('2024-03-04') }, 0.8],
    ['a session that cleaning emptied', { emptied_sessions: ['2024-03-04'] }, 0.8],
    ['three warnings', { warnings: ['a', 'b', 'c'] }, 0.85],
    ['thirty warnings', { warnings: Array(30).fill('a') }, 0],
  ])('%s', (_, changes, expected) => {
    expect(dataQuality(month(changes))).toBe(expected);
  });
});

describe('the part of features', () => {
  const quality = (changes: Partial<FeatureStatistics>) => features(changes).quality_score;

  it('is the mean of four shares', () => {
    expect(quality({})).toBe(1);
    expect(quality({ features_generated: 37 })).toBeCloseTo(1 - 6 / 43 / 4, 8);
    expect(quality({ nan_percentages: { vwap: 100, atr_30s: 50 } })).toBeCloseTo(1 - 1.5 / 43 / 4, 8);
    expect(quality({ high_outlier_features: some(4) })).toBeCloseTo(1 - 4 / 43 / 4, 8);
    expect(quality({ suspicious_features: some(3) })).toBeCloseTo(1 - 3 / 43 / 4, 8);
  });

  it.each([
    [2, 1],
    [3, 0.9],
    [5, 0.9],
    [6, 0.8],
    [43, 0.8],
  ])('with %i features over the null limit is %f', (count, expected) => {
    expect(quality({ high_nan_features: some(count) })).toBe(expected);
  });
});

describe('the part of performance', () => {
  it.each([
    [30, 6e9, 1],
    [30.01, 6e9, 0.8],
    [45, 6e9, 0.8],
    [45.01, 6e9, 0.6],
    [30, 6e9 + 1, 0.9],
    [30, 8e9, 0.9],
    [30, 8e9 + 1, 0.7],
    [60, 9e9, 0.3],
  ])('of %f minutes and %i bytes is %f', (processing_time_minutes, peak_rss_bytes, expected) => {
    expect(performanceQuality({ processing_time_minutes, performance: { peak_rss_bytes } })).toBe(expected);
  });
});

describe('the part of rolls', () => {
  it.each([
    [50, 0, 1],
    [51, 0, 0.9],
    [100, 0, 0.9],
    [101, 0, 0.7],
    [150, 0, 0.7],
    [151, 0, 0.5],
    [0, 5, 1],
    [0, 6, 0.9],
    [0, 10, 0.9],
    [0, 11, 0.7],
    [151, 11, 0.2],
  ])('with %i of 1000 bars affected and %i events is %f', (bars_excluded_rollover, count, expected) => {
    expect(rollQuality({ bars_excluded_rollover, final_bars: 1000, rollover_events: events(count) })).toBe(
      expected,
    );
  });

  it('without bars is that of the events alone', () => {
    expect(rollQuality({ bars_excluded_rollover: 0, final_bars: 0, rollover_events: [] })).toBe(1);
  });
});

describe('a month', () => {
  it('without fault scores 1 and is left', () => {
    expect(qualityOf(month())).toEqual({
      score: 1,
      parts: { modes: 1, data: 1, features: 1, performance: 1, rolls: 1 },
      requiresReprocessing: false,
      reasons: [],
      priority: null,
    });
  });

  it('scores by the weights of its parts', () => {
    const { score, parts } = qualityOf(
      month({
        mode_statistics: { m: { ...goodMode, infinite_values: 1 } },
        retention: 0.6,
        feature_statistics: features({ quality_score: 0.8 }),
        processing_time_minutes: 50,
        bars_excluded_rollover: 60,
      }),
    );
    expect(parts).toEqual({ modes: 0.7, data: 0.9, features: 0.8, performance: 0.6, rolls: 0.9 });
    // 0.28 + 0.225 + 0.16 + 0.06 + 0.045
    expect(score).toBe(0.77);
  });

  const noWins: ModeStatistics = { ...goodMode, win_rate: 0, quality_flags: ['unreasonable_win_rate'] };
  it.each([
    ['retention below 30 %', { retention: 0.29 }, 'low', [/^Cleaning kept 29\.0 %/]],
    ['retention of 30 %', { retention: 0.3 }, null, []],
    ['no bar in the session', { retention: null, rth_bars: 0 }, 'low', [/^No bar of the front contract/]],
    [
      'feature quality below 0.6',
      { feature_statistics: features({ quality_score: 0.59 }) },
      'low',
      [/^The features' quality of 0\.59/],
    ],
    ['feature quality of 0.6', { feature_statistics: features({ quality_score: 0.6 }) }, null, []],
    [
      'a category of features that failed, in two row groups',
      { feature_failures: Array(2).fill({ category: 'volume', message: 'no' }) },
      'low',
      [/^The volume features could not be computed and are null \(no\)/],
    ],
    [
      'a win rate out of range',
      { mode_statistics: { a: goodMode, b: goodMode, c: noWins } },
      'low',
      [/^The win rate of c is 0\.0 %/],
    ],
    [
      'a mode that is not valid',
      { mode_statistics: { a: { ...goodMode, null_values: 1, quality_flags: ['nan_in_labels'] } } },
      'low',
      [/^Mode a is not valid \(nan_in_labels\)/],
    ],
    [
      'infinite weights',
      { mode_statistics: { a: { ...goodMode, infinite_values: 7 } } },
      'low',
      [/^Mode a has 7 infinite weights/],
    ],
    ['15 % of bars affected by rolls', { bars_excluded_rollover: 150 }, null, []],
    ['more than 15 %', { bars_excluded_rollover: 151 }, 'low', [/^Rolls affect 15\.1 %/]],
  ] as const)('with %s', (_, changes, priority, patterns) => {
    const quality = qualityOf(month(changes));
    expect(quality.priority).toBe(priority);
    expect(quality.requiresReprocessing).toBe(priority !== null);
    expect(quality.reasons).toHaveLength(patterns.length);
    for (const [at, pattern] of patterns.entries()) expect(quality.reasons[at]).toMatch(pattern);
  });

  it.each([
    // parts of modes 0, data, features 1, performance 1, rolls 1: 0.35 + 0.25 × data
    [6, 0.525, 'medium'],
    [8, 0.5, 'medium'],
    [9, 0.4875, 'high'],
  ])('that lost its modes and has %i warnings scores %f: priority %s', (count, score, priority) => {
    const mode = { ...noWins, null_values: 1, infinite_values: 1 };
    const quality = qualityOf(month({ mode_statistics: { mode }, warnings: Array(count).fill('w') }));
    expect(quality).toMatchObject({ score, priority, parts: { modes: 0 } });
    expect(quality.reasons[0]).toMatch(
      /^The score of 0\.\d\d is below 0\.7; most of it was lost on modes \(0\.40\) and data/,
    );
  });

  it('with a score of exactly 0.7 is not below it', () => {
    const lost = { feature_statistics: features({ quality_score: 0 }), warnings: Array(8).fill('w') };
    const { score, priority, reasons } = qualityOf(month(lost));
    expect({ score, priority }).toEqual({ score: 0.7, priority: 'low' });
    expect(reasons).toHaveLength(1);
  });
});

describe('whatever a month is like', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const anyMonth = fc
    .record({
      retention: fc.option(share),
      warnings: fc.array(fc.constant('w'), { maxLength: 30 }),
      missing_sessions: fc.array(fc.constant('2024-03-04'), { maxLength: 2 }),
      dropped: fc.nat(1000),
      winRate: fc.option(share),
      nulls: fc.nat(2),
      infinite: fc.nat(1),
      quality: share,
      minutes: fc.double({ min: 0, max: 90, noNaN: true }),
      bytes: fc.nat(10_000),
      affected: fc.nat(1000),
      rolls: fc.nat(20),
    })
    .map((each) =>
      month({
        retention: each.retention,
        warnings: each.warnings,
        missing_sessions: each.missing_sessions,
        cleaning_rules: { spike: each.dropped },
        mode_statistics: {
          m: { ...goodMode, win_rate: each.winRate, null_values: each.nulls, infinite_values: each.infinite },
        },
        feature_statistics: features({ quality_score: each.quality }),
        processing_time_minutes: each.minutes,
        performance: { peak_rss_bytes: each.bytes * 1e6 },
        rollover_events: events(each.rolls),
        bars_excluded_rollover: each.affected,
      }),
    );

  it('the score and its parts lie from 0 to 1, and there is a priority exactly where there is a reason', () => {
    fc.assert(
      fc.property(anyMonth, (each) => {
        const { score, parts, reasons, requiresReprocessing, priority } = qualityOf(each);
        for (const value of [score, ...Object.values(parts)]) {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(1);
        }
        expect(requiresReprocessing).toBe(reasons.length > 0);
        expect(priority === null).toBe(reasons.length === 0);
        if (score < 0.7) expect(requiresReprocessing).toBe(true);
      }),
    );
  });

  const worse: readonly [string, (each: ScoredMonth) => ScoredMonth][] = [
    ['less retention', (each) => ({ ...each, retention: (each.retention ?? 0) / 2 })],
    ['a warning more', (each) => ({ ...each, warnings: [...each.warnings, 'w'] })],
    ['a session less', (each) => ({ ...each, missing_sessions: ['2024-03-05'] })],
    ['more time', (each) => ({ ...each, processing_time_minutes: each.processing_time_minutes * 2 + 1 })],
    [
      'more memory',
      (each) => ({ ...each, performance: { peak_rss_bytes: each.performance.peak_rss_bytes * 2 } }),
    ],
    ['a roll more', (each) => ({ ...each, rollover_events: [...each.rollover_events, {}] })],
    ['more bars at rolls', (each) => ({ ...each, bars_excluded_rollover: each.bars_excluded_rollover + 50 })],
    [
      'worse features',
      (each) => ({
        ...each,
        feature_statistics: features({ quality_score: each.feature_statistics.quality_score / 2 }),
      }),
    ],
    [
      'infinite weights',
      (each) => ({ ...each, mode_statistics: { m: { ...each.mode_statistics.m, infinite_values: 1 } } }),
    ],
  ];
  it.each(worse)('%s never raises it', (_, worsen) => {
    fc.assert(
      fc.property(anyMonth, (each) => {
        const [before, after] = [qualityOf(each), qualityOf(worsen(each))];
        expect(after.score).toBeLessThanOrEqual(before.score);
        if (before.requiresReprocessing) expect(after.requiresReprocessing).toBe(true);
      }),
    );
  });
});
