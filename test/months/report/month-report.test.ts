import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderHtml } from '../../../src/months/report/html.ts';
import { renderMarkdown } from '../../../src/months/report/markdown.ts';
import { monthPage } from '../../../src/months/report/month-page.ts';
import { monthReport } from '../../../src/months/report/month-report.ts';
import { monthsPage } from '../../../src/months/report/months-page.ts';
import { monthsReport } from '../../../src/months/report/months-report.ts';
import { parseStatistics } from '../../../src/months/report/recorded-month.ts';
import { lakeOf, REQUEST, sampleDocument, sampleMonth } from './sample-documents.ts';

const reportOf = (given: Readonly<Record<string, unknown>> = {}) =>
  monthReport(lakeOf([sampleMonth('2024-03', given)]), '2024-03', REQUEST);

describe('the report of a month', () => {
  test('follows the bars from the file to the grid', () => {
    expect(reportOf()?.recorded?.flow).toEqual([
      { step: 'raw', bars: 1_000_000, shareOfBefore: null, shareOfRaw: 1 },
      { step: 'front_contract', bars: 900_000, shareOfBefore: 0.9, shareOfRaw: 0.9 },
      { step: 'session', bars: 450_000, shareOfBefore: 0.5, shareOfRaw: 0.45 },
      { step: 'cleaned', bars: 445_500, shareOfBefore: 0.99, shareOfRaw: 0.4455 },
      { step: 'grid', bars: 600_000, shareOfBefore: 600_000 / 445_500, shareOfRaw: 0.6 },
    ]);
    // a document without it: 445,500 of 450,000
    expect(reportOf({ retention: undefined })?.recorded?.retention).toBe(0.99);
  });

  test('has stages by share, features with their flags, and the share that rolls affect', () => {
    const recorded = reportOf({
      bars_excluded_rollover: 6000,
      feature_flags: [{ feature: 'rsi_14', kind: 'above_range', found: 101, limit: 100 }],
    })?.recorded;
    expect(recorded?.rollShare).toBe(0.01);
    expect(recorded?.meanNullShare).toBe(0.02);
    expect(recorded?.stages.find(({ stage }) => stage === 'feature')?.share).toBeCloseTo(0.7 / 1.9, 12);
    expect(recorded?.features).toEqual([
      {
        feature: 'atr_30s',
        nullShare: 0.01,
        outliers: 6000,
        outlierShare: 0.01,
        min: 0.01,
        max: 12,
        flags: [],
      },
      {
        feature: 'rsi_14',
        nullShare: 0.03,
        outliers: 0,
        outlierShare: 0,
        min: 0,
        max: 100,
        flags: ['above range'],
      },
    ]);
  });

  test('recommends what its figures ask for, with the command', () => {
    expect(reportOf()?.recommendations).toEqual([{ text: 'Nothing to do.', details: [], command: null }]);
    const again = 'barline months run --month 2024-03 --force --lake lake';
    const texts = (given: Readonly<Record<string, unknown>>) => reportOf(given)?.recommendations;
    expect(
      texts({
        requires_reprocessing: true,
        reprocessing_priority: 'low',
        reprocessing_reasons: ['Look at rolls.'],
      }),
    ).toEqual([
      {
        text: 'Make it again (low priority), once its reasons are seen to.',
        details: ['Look at rolls.'],
        command: again,
      },
    ]);
    expect(texts({ quality_score: undefined })).toMatchObject([{ command: again }]);
    expect(
      texts({
        dataset_condition: { '2024-03-04': 'available', '2024-03-05': 'degraded' },
        missing_sessions: ['2024-03-06'],
        warnings: ['one', 'two'],
      })?.map(({ text, details }) => [text.slice(0, 24), details]),
    ).toEqual([
      ['The vendor calls the dat', ['2024-03-05: degraded']],
      ['The file lacks 1 session', ['2024-03-06']],
      ['Look at 2 warnings.', ['one', 'two']],
    ]);
  });

  test('of a failed month says why, with or without an earlier run', () => {
    const failure = {
      ...{ month: '2024-03', code: 'DBN_BAD_MAGIC', message: 'no DBN file', hint: 'fetch it again' },
      ...{ kind: 'permanent' as const, attempts: 1, failed_at: '', run_id: '', source_file: '' },
    };
    const alone = monthReport(lakeOf([], { failures: [failure] }), '2024-03', REQUEST);
    expect(alone).toMatchObject({ recorded: null, failure });
    expect(alone?.recommendations).toEqual([
      {
        text: 'The last run failed on it (DBN_BAD_MAGIC): no DBN file',
        details: ['fetch it again'],
        command: 'barline months retry --month 2024-03 --lake lake',
      },
    ]);
    const both = monthReport(lakeOf([sampleMonth('2024-03')], { failures: [failure] }), '2024-03', REQUEST);
    expect(both?.recorded).not.toBeNull();
    expect(monthReport(lakeOf([]), '2024-03', REQUEST)).toBeNull();
    expect(
      monthReport(lakeOf([], { unreadable: ['2024-03'] }), '2024-03', REQUEST)?.recommendations,
    ).toHaveLength(1);
  });
});

/** Every way to lay a document's page out, over all months and over one. */
function pages(document: unknown): string {
  const statistics = parseStatistics(JSON.stringify(document));
  if (statistics === null) return '';
  const lake = lakeOf([{ month: '2024-03', statistics, isCutShort: false }]);
  const one = monthReport(lake, '2024-03', REQUEST);
  const all = monthsPage(monthsReport(lake, REQUEST));
  const each = one === null ? [all] : [all, monthPage(one)];
  return each.map((page) => renderHtml(page) + renderMarkdown(page)).join('');
}

describe('documents of other versions', () => {
  const whole = sampleDocument('2024-03');

  test.each(Object.keys(whole))('without %s, or with something else there, make a report', (key) => {
    for (const value of [undefined, null, 7, 'text', [], {}, [null], { a: null }, { a: {} }]) {
      const text = pages({ ...whole, [key]: value });
      expect(text).toContain('2024-03');
      expect(text).not.toMatch(/undefined|NaN|\[object/);
    }
  });

  test('of any JSON make a report or count as unreadable', () => {
    fc.assert(
      fc.property(
        fc.record(Object.fromEntries(Object.keys(whole).map((key) => [key, fc.jsonValue()]))),
        (document) => {
          pages(document);
        },
      ),
      { numRuns: 50 },
    );
    for (const text of ['', 'nul', 'null', '[]', '"x"', '3']) expect(parseStatistics(text)).toBeNull();
    expect(pages({})).toContain('not recorded');
  });
});
