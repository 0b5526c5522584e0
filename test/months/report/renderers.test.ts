import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { reportText } from '../../../src/cli/report-text.ts';
import { shiftMonth } from '../../../src/months/month.ts';
import { figureScale, monthAxis, monthIndex } from '../../../src/months/report/chart-scale.ts';
import { chartSvg } from '../../../src/months/report/chart-svg.ts';
import { renderHtml } from '../../../src/months/report/html.ts';
import { escapeHtml } from '../../../src/months/report/html-text.ts';
import { renderMarkdown } from '../../../src/months/report/markdown.ts';
import { monthPage } from '../../../src/months/report/month-page.ts';
import { monthReport } from '../../../src/months/report/month-report.ts';
import { monthsPage } from '../../../src/months/report/months-page.ts';
import { monthsReport } from '../../../src/months/report/months-report.ts';
import type { Chart } from '../../../src/months/report/page.ts';
import { HOSTILE, longLake, REQUEST } from './sample-documents.ts';

const lake = longLake();
const all = monthsPage(monthsReport(lake, REQUEST));
const failed = monthReport(lake, '2013-05', REQUEST);
const one = failed === null ? all : monthPage(failed);

/** The tags of a page, in order, without those that have no end. */
function tags(html: string): string[] {
  const found = html.replace(/<style>.*?<\/style>/s, '').matchAll(/<(\/?[a-z0-9]+)[^>]*?(\/?)>/g);
  const empty = new Set(['meta', 'link', 'path', 'circle', 'rect']);
  return [...found].flatMap(([, name = '', end]) =>
    end === '/' || (empty.has(name) && !isTip(name)) ? [] : [name],
  );
}
// a rect holds its title
const isTip = (name: string) => name === 'rect';

describe('HTML', () => {
  test.each([
    ['all months', all],
    ['one month', one],
  ])('of %s: every tag that opens closes', (_name, page) => {
    const open: string[] = [];
    for (const tag of tags(renderHtml(page))) {
      if (tag.startsWith('/')) expect(open.pop()).toBe(tag.slice(1));
      else open.push(tag);
    }
    expect(open).toEqual([]);
  });

  test('holds everything itself: no script, no address, and a policy that forbids the rest', () => {
    for (const page of [all, one]) {
      const html = renderHtml(page);
      expect(html).not.toMatch(/<script|<img|<iframe|<object|@import|url\(| on\w+="/i);
      expect(html.match(/(?:href|src)="[^"#]*"/g)).toEqual(['href="data:,"']);
      expect(html).toContain(
        `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">`,
      );
    }
  });

  test('shows hostile texts as they are', () => {
    expect(renderHtml(all)).toContain(escapeHtml(HOSTILE));
    expect(renderHtml(one)).toContain(escapeHtml(HOSTILE));
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const escaped = escapeHtml(text);
        expect(escaped).not.toMatch(/[<>"']/);
        expect(escaped.replace(/&(amp|lt|gt|quot|#39);/g, '')).not.toContain('&');
      }),
    );
  });

  test('has a table with the figures after every chart', () => {
    const html = renderHtml(all);
    const blocks = html.split(/<figure>/).length - 1;
    // score, six modes, filled seconds, stages
    expect(blocks).toBe(9);
    expect(html.match(/<\/figure>(<\/div>)?<details><summary>Table: /g)).toHaveLength(4);
    expect(html.match(/<svg class="(wide|narrow|panel)"/g)).toHaveLength(3 * 2 + 6);
  });

  test('has a stretch with a month’s figures for every month of every chart', () => {
    const html = renderHtml(all);
    expect(html.split('<title>2011-06: score 0.47</title>')).toHaveLength(3);
    expect(html.split('class="tip"')).toHaveLength(12 * lake.months.length + 1);
  });
});

describe('Markdown', () => {
  test('has tables whose rows are as wide as their heads', () => {
    for (const page of [all, one]) {
      const lines = renderMarkdown(page).split('\n');
      let cells = 0;
      for (const line of lines) {
        if (!line.startsWith('|')) cells = 0;
        else {
          const count = line.replaceAll('\\|', '').split('|').length;
          if (cells !== 0) expect(count, line).toBe(cells);
          cells = count;
        }
      }
    }
  });

  test('has no HTML of a hostile text, and no markup', () => {
    const text = renderMarkdown(all);
    expect(text).not.toMatch(/<|(?<!\\)\*a/);
    expect(text).toContain('\\*a\\* \\`b\\`');
    // a name in snake case needs no escape
    expect(text).toContain('DBN_BAD_MAGIC');
  });
});

describe('text', () => {
  test('fits a terminal and moves no cursor', () => {
    const [section] = all.sections;
    const hostile = 'a\u001b[2Jb\u0007';
    const text = reportText({
      ...all,
      sections: [
        { title: section?.title ?? '', blocks: [{ kind: 'text', text: `${hostile} ${'word '.repeat(60)}` }] },
      ],
    });
    expect(text).not.toMatch(/[^\P{Cc}\n]/u);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(reportText(all)).toContain('  $ barline months run --month 2011-06 --force --lake lake');
  });
});

describe('a chart', () => {
  test('has round ticks around its figures', () => {
    const figure = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(figure, figure, fc.integer({ min: 2, max: 8 }), (a, b, count) => {
        const [least, most] = [Math.min(a, b), Math.max(a, b)];
        fc.pre(most - least > 1e-6 || most === least);
        const { ticks, at } = figureScale([least, most], [100, 0], count);
        const slack = 1e-6 * Math.max(1, Math.abs(most), Math.abs(least));
        expect(ticks[0]).toBeLessThanOrEqual(least + slack);
        expect(ticks.at(-1)).toBeGreaterThanOrEqual(most - slack);
        expect(ticks.length).toBeGreaterThan(1);
        expect(ticks.length).toBeLessThanOrEqual(count + 3);
        expect(at(ticks[0] ?? 0)).toBeCloseTo(100, 6);
        expect(at(ticks.at(-1) ?? 0)).toBeCloseTo(0, 6);
      }),
    );
  });

  test('labels months so that no two labels touch', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 0, max: 600 }), (count, start) => {
        const months = Array.from({ length: count }, (_, index) => shiftMonth('2010-01', start + index));
        const { ticks, at, step } = monthAxis(months, [50, 340]);
        expect(ticks.length).toBeGreaterThan(0);
        for (const [index, tick] of ticks.entries()) {
          const next = ticks[index + 1];
          if (next !== undefined) expect(next.at - tick.at).toBeGreaterThanOrEqual(tick.label.length * 7);
        }
        expect(at(months[0] ?? '')).toBeCloseTo(50 + step / 2, 9);
        expect(at(months.at(-1) ?? '')).toBeCloseTo(340 - step / 2, 9);
      }),
    );
    expect(monthIndex('2024-01') - monthIndex('2023-12')).toBe(1);
  });

  const chart = (months: readonly string[], values: readonly (number | null)[]): Chart => ({
    title: 'scores',
    shape: 'line',
    size: 'wide',
    months,
    series: [{ name: 'score', values }],
    format: 'score',
    atLeast: [0, 1],
    marks: [],
  });
  const pathOf = (svg: string) => /class="line" d="([^"]*)"/.exec(svg)?.[1] ?? '';

  test('breaks its line where a month or a figure is missing', () => {
    const size = { width: 400, height: 200 };
    const whole = pathOf(
      chartSvg(chart(['2024-01', '2024-02', '2024-03', '2024-04'], [1, 1, 1, 1]), size, 'wide'),
    );
    expect(whole.replace(/[^ML]/g, '')).toBe('MLLL');
    const gaps = pathOf(
      chartSvg(chart(['2024-01', '2024-03', '2024-04', '2024-05'], [1, 1, null, 1]), size, 'wide'),
    );
    expect(gaps.replace(/[^ML]/g, '')).toBe('MMM');
  });

  test('stacks the parts of a month up to their sum', () => {
    const stacked: Chart = {
      ...chart(['2024-01'], [0.25]),
      shape: 'stacks',
      series: [
        { name: 'a', values: [0.25] },
        { name: 'b', values: [0.5] },
      ],
    };
    const svg = chartSvg(stacked, { width: 400, height: 200 }, 'wide');
    // the plot is 14 to 174 high: 0.25 is 40 of 160
    const tops = [...svg.matchAll(/class="stack s\d" d="M[\d.]+ ([\d.]+)h[\d.]+V([\d.]+)/g)];
    expect(tops.map(([, top, bottom]) => [Number(top), Number(bottom)])).toEqual([
      [134, 174],
      [54, 134],
    ]);
  });
});
