import { describe, expect, test } from 'vitest';
import { monthsReport } from '../../../src/months/report/months-report.ts';
import { trendOf } from '../../../src/months/report/trend.ts';
import { lakeOf, REQUEST, sampleMode, sampleMonth } from './sample-documents.ts';

const performance = (seconds: number, stages: Readonly<Record<string, number>>) => ({
  performance: { seconds, stage_seconds: stages, peak_rss_bytes: seconds * 1e8 },
});

describe('a trend', () => {
  test.each([
    // ⌊7 / 3⌋ = 2: (1 + 2) / 2 against (6 + 7) / 2
    [[1, 2, 3, 4, 5, 6, 7], 'higher', { first: 1.5, last: 6.5, change: 10 / 3, verdict: 'improving' }],
    [[1, 2, 3, 4, 5, 6, 7], 'lower', { first: 1.5, last: 6.5, change: 10 / 3, verdict: 'declining' }],
    [[0.8, 0, 0.84], 'higher', { verdict: 'stable' }],
    [[0.8, 0, 0.841], 'higher', { verdict: 'improving' }],
    [[0.8, 0, 0.759], 'higher', { verdict: 'declining' }],
    [[0, 5, 0], 'lower', { change: null, verdict: 'stable' }],
    [[0, 5, 1], 'lower', { change: null, verdict: 'declining' }],
  ] as const)('of %j where %s is better', (values, better, expected) => {
    expect(trendOf(values, better)).toMatchObject(expected);
  });

  test('of two months says nothing', () => {
    expect(trendOf([1, 2], 'higher')).toBeNull();
  });
});

describe('the report over all months', () => {
  test('counts scores by band, each lower end belonging to the better one', () => {
    const scores = [0.8, 0.7999, 0.6, 0.5999, null, 1];
    const months = scores.map((quality_score, index) => sampleMonth(`2024-0${index + 1}`, { quality_score }));
    expect(monthsReport(lakeOf(months), REQUEST).scores).toEqual({
      good: 2,
      fair: 2,
      poor: 1,
      notRecorded: 1,
      mean: (0.8 + 0.7999 + 0.6 + 0.5999 + 1) / 5,
      median: 0.7999,
      lowest: { month: '2024-04', value: 0.5999 },
      highest: { month: '2024-06', value: 1 },
    });
  });

  test('gives each mode its range, its winners and the months outside 5 to 50 %', () => {
    const rates = [0.05, 0.049, 0.5, 0.501];
    const months = rates.map((win_rate, index) =>
      sampleMonth(`2024-0${index + 1}`, {
        mode_statistics: { long: sampleMode({ win_rate, total_winners: 1000 * (index + 1) }) },
      }),
    );
    expect(monthsReport(lakeOf(months), REQUEST).modes).toEqual([
      {
        mode: 'long',
        mean: 1.1 / 4,
        lowest: { month: '2024-02', value: 0.049 },
        highest: { month: '2024-04', value: 0.501 },
        winners: 10_000,
        outside: ['2024-02', '2024-04'],
      },
    ]);
  });

  test('adds up stages, the slowest first, and finds trends of every figure', () => {
    const months = [
      sampleMonth('2024-01', {
        fill_share: 0.2,
        quality_score: 0.9,
        ...performance(2, { label: 1, clean: 3 }),
      }),
      sampleMonth('2024-02', { fill_share: 0.3, quality_score: 0.9, ...performance(3, { label: 7 }) }),
      sampleMonth('2024-03', {
        fill_share: 0.1,
        quality_score: 0.8,
        ...performance(2, { label: 2, clean: 2 }),
      }),
    ];
    const report = monthsReport(lakeOf(months), REQUEST);
    expect(report.stages).toEqual([
      {
        stage: 'label',
        seconds: 10,
        share: 10 / 15,
        meanSeconds: 10 / 3,
        slowest: { month: '2024-02', value: 7 },
      },
      {
        stage: 'clean',
        seconds: 5,
        share: 5 / 15,
        meanSeconds: 2.5,
        slowest: { month: '2024-01', value: 3 },
      },
    ]);
    expect(report.slowestMonth).toEqual({ month: '2024-02', value: 3 });
    expect(report.peakRssBytes).toBe(3e8);
    expect(report.trends.slice(0, 3)).toMatchObject([
      { figure: 'quality_score', first: 0.9, last: 0.8, verdict: 'declining' },
      { figure: 'fill_share', first: 0.2, last: 0.1, verdict: 'improving' },
      { figure: 'seconds', first: 2, last: 2, verdict: 'stable' },
    ]);
    expect(report.trends).toHaveLength(3 + 6);
  });

  test('says what to make again, by priority and the worst first, with the command', () => {
    const due = (month: string, score: number | null, priority: string | null = null) =>
      sampleMonth(month, {
        quality_score: score,
        requires_reprocessing: true,
        reprocessing_priority: priority,
        reprocessing_reasons: [`reason of ${month}`],
      });
    const months = [
      due('2024-01', 0.69, 'medium'),
      sampleMonth('2024-02'),
      due('2024-03', 0.55, 'medium'),
      due('2024-04', 0.4, 'high'),
      due('2024-05', 0.9, 'low'),
      due('2024-06', 0.8, 'low'),
      due('2024-07', 0.95, 'low'),
      { ...sampleMonth('2024-08'), isCutShort: true },
      // without a priority the score decides
      due('2024-09', null),
    ];
    const groups = monthsReport(lakeOf(months), REQUEST).reprocessing;
    expect(
      groups.map((group) => [group.priority, group.command, group.months.map(({ month }) => month)]),
    ).toEqual([
      [
        'high',
        'barline months run --month 2024-04 --month 2024-08 --month 2024-09 --force --lake lake',
        ['2024-09', '2024-04', '2024-08'],
      ],
      [
        'medium',
        'barline months run --month 2024-01 --month 2024-03 --force --lake lake',
        ['2024-03', '2024-01'],
      ],
      [
        'low',
        'barline months run --from 2024-05 --to 2024-07 --force --lake lake',
        ['2024-06', '2024-05', '2024-07'],
      ],
    ]);
    expect(groups[1]?.months[0]).toEqual({
      month: '2024-03',
      score: 0.55,
      reasons: ['reason of 2024-03'],
      command: 'barline months run --month 2024-03 --force --lake lake',
    });
  });

  test('tells which months are ready for training, and why the others are not', () => {
    const mode = (given: Readonly<Record<string, unknown>>) => ({
      mode_statistics: { long: sampleMode(given) },
    });
    const nulls = (percent: number) => ({
      feature_statistics: { nan_percentages: { a: percent, b: 0 }, value_ranges: {} },
    });
    const cases: [Record<string, unknown>, string[]][] = [
      [{}, []],
      [mode({ total_winners: 3000 }), []],
      [mode({ total_winners: 2999 }), ['long: 2,999 winners, fewer than 3,000']],
      [mode({ win_rate: 0.51 }), ['long: win rate 51.0 %']],
      [
        mode({ null_values: 2, infinite_values: 1 }),
        ['long: 2 null labels or weights', 'long: 1 infinite weights'],
      ],
      [mode({ quality_flags: ['invalid_label_values', 'nan_in_labels'] }), ['long: invalid label values']],
      [nulls(10), []],
      [nulls(10.2), ['5.1 % of feature values are null, more than 5.0 %']],
      [
        { feature_statistics: { nan_percentages: { a: 1 }, value_ranges: { a: { min: 0, max: null } } } },
        ['values without bound in a'],
      ],
      [
        { feature_failures: [{ category: 'volume', message: 'no' }] },
        ['the features of volume could not be computed: no'],
      ],
      [{ quality_score: 0.59 }, ['score 0.59, below 0.6']],
      [{ mode_statistics: undefined }, ['no statistics of label modes are recorded']],
    ];
    const months = cases.map(([given], index) => sampleMonth(`20${10 + index}-01`, given));
    const report = monthsReport(lakeOf(months), REQUEST);
    expect(report.months.map(({ notReadyBecause }) => notReadyBecause)).toEqual(
      cases.map(([, reasons]) => reasons),
    );
    expect(report.readyCount).toBe(3);
    const strict = monthsReport(lakeOf(months), {
      ...REQUEST,
      standard: { minWinners: 1e6, maxNullShare: 1 },
    });
    expect(strict.readyCount).toBe(0);
  });

  test('puts failures together by cause, each with its retry, and names what is missing in between', () => {
    const failure = (month: string, code: string, kind: 'transient' | 'permanent') => ({
      ...{ month, code, kind, message: `${code} ${month}`, hint: kind === 'permanent' ? 'look' : null },
      ...{ attempts: 3, failed_at: '', run_id: '', source_file: '' },
    });
    const failures = [
      failure('2024-02', 'A', 'permanent'),
      failure('2024-04', 'B', 'transient'),
      failure('2024-07', 'B', 'permanent'),
    ];
    const lake = lakeOf([sampleMonth('2024-01'), sampleMonth('2024-06')], {
      failures,
      unreadable: ['2024-05'],
    });
    const report = monthsReport(lake, REQUEST);
    expect(report.failures.map(({ code, kind, hint, command }) => ({ code, kind, hint, command }))).toEqual([
      {
        code: 'B',
        kind: 'permanent',
        hint: 'look',
        command: 'barline months retry --month 2024-04 --month 2024-07 --lake lake',
      },
      {
        code: 'A',
        kind: 'permanent',
        hint: 'look',
        command: 'barline months retry --month 2024-02 --lake lake',
      },
    ]);
    expect(report.missing).toEqual(['2024-03']);
    const one = monthsReport(lakeOf([], { failures: [failure('2024-02', 'A', 'permanent')] }), REQUEST);
    expect(one.failures[0]?.command).toBe('barline months retry --lake lake');
    expect(one).toMatchObject({ first: null, monthCount: 0, missing: [], trends: [], stages: [] });
  });
});
