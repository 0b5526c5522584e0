/** The figures of the months over time: charts, and the tables that say the same. */
import { known, percentText, scoreText, secondsText, sum } from './figures.ts';
import { type MonthLine, modeNames, winRateOf } from './months-report.ts';
import { type Block, type Cell, type Chart, cell, type Series, type Table, table } from './page.ts';
import { bandOf, FAIR_SCORE, GOOD_SCORE, isSoundWinRate, WIN_RATES } from './standards.ts';

export function scoreCharts(lines: readonly MonthLine[]): Block {
  const chart: Chart = {
    title: 'Quality score of each month',
    shape: 'line',
    size: 'wide',
    months: monthsOf(lines),
    series: [{ name: 'score', values: lines.map(({ qualityScore }) => qualityScore) }],
    format: 'score',
    atLeast: [0.5, 1],
    marks: [
      { value: GOOD_SCORE, label: 'good from 0.8' },
      { value: FAIR_SCORE, label: 'poor below 0.6' },
    ],
    toneOf: bandOf,
  };
  const byYear = calendarTable('Quality scores by year and month', lines, ({ qualityScore }) =>
    cell(scoreText(qualityScore), qualityScore === null ? {} : { tone: bandOf(qualityScore) }),
  );
  return { kind: 'charts', charts: [chart], table: byYear };
}

/** A panel a mode, all on one scale. */
export function winRateCharts(lines: readonly MonthLine[]): Block {
  const modes = modeNames(lines);
  const rates = known(modes.flatMap((mode) => lines.map((line) => winRateOf(line, mode))));
  const charts = modes.map(
    (mode): Chart => ({
      title: mode,
      shape: 'line',
      size: 'panel',
      months: monthsOf(lines),
      series: [{ name: 'win rate', values: lines.map((line) => winRateOf(line, mode)) }],
      format: 'share',
      atLeast: [0, Math.max(WIN_RATES[1], ...rates)],
      marks: WIN_RATES.map((value) => ({ value, label: percentText(value, 0) })),
      toneOf: (rate) => (isSoundWinRate(rate) ? 'good' : 'poor'),
    }),
  );
  const rows = lines.map((line) => [line.month, ...modes.map((mode) => percentText(winRateOf(line, mode)))]);
  const months = table('Win rates month by month', ['month', ...modes.map((mode) => `>${mode}`)], rows);
  return { kind: 'charts', note: 'A diamond marks a month outside 5 to 50 %.', charts, table: months };
}

export function fillCharts(lines: readonly MonthLine[]): Block {
  const chart: Chart = {
    title: 'Share of seconds that had no bar and were filled',
    shape: 'line',
    size: 'wide',
    months: monthsOf(lines),
    series: [{ name: 'filled', values: lines.map(({ fillShare }) => fillShare) }],
    format: 'share',
    atLeast: [0, 0.1],
    marks: [],
  };
  const byYear = calendarTable('Filled seconds by year and month', lines, ({ fillShare }) =>
    cell(percentText(fillShare)),
  );
  return { kind: 'charts', charts: [chart], table: byYear };
}

/** Stages that are drawn together, so that a stack has a few colours: a name, and the stages in it. */
const WORK: readonly (readonly [name: string, stages: readonly string[]])[] = [
  ['read', ['fetch', 'decode']],
  ['select and clean', ['contract', 'session', 'clean', 'grid']],
  ['label', ['label']],
  ['features', ['feature']],
  ['validate and count', ['validate', 'statistics']],
  ['write', ['encode', 'write', 'commit']],
];

export function stageCharts(lines: readonly MonthLine[]): Block {
  const secondsOf = (line: MonthLine, stages: readonly string[]): number | null => {
    const found = line.stages.filter(({ stage }) => stages.includes(stage));
    return found.length === 0 ? null : sum(found.map(({ seconds }) => seconds));
  };
  const grouped = WORK.flatMap(([, stages]) => stages);
  const others = [...new Set(lines.flatMap(({ stages }) => stages.map(({ stage }) => stage)))].filter(
    (stage) => !grouped.includes(stage),
  );
  const series = [...WORK, ['other', others] as const]
    .map(([name, stages]): Series => ({ name, values: lines.map((line) => secondsOf(line, stages)) }))
    .filter(({ values }) => known(values).length > 0);
  const chart: Chart = {
    title: 'Seconds of work in each month, added up over threads',
    shape: 'stacks',
    size: 'wide',
    months: monthsOf(lines),
    series,
    format: 'seconds',
    atLeast: [0, 0.1],
    marks: [],
  };
  const rows = lines.map((line, index) => [
    line.month,
    ...series.map(({ values }) => secondsText(values[index] ?? null)),
    secondsText(line.seconds),
  ]);
  const columns = ['month', ...series.map(({ name }) => `>${name}`), '>by the clock'];
  return { kind: 'charts', charts: [chart], table: table('Seconds month by month', columns, rows) };
}

function monthsOf(lines: readonly MonthLine[]): string[] {
  return lines.map(({ month }) => month);
}

const NAMES = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A row a year, a column a month. */
function calendarTable(title: string, lines: readonly MonthLine[], cellOf: (line: MonthLine) => Cell): Table {
  const byMonth = new Map(lines.map((line) => [line.month, line]));
  const years = [...new Set(lines.map(({ month }) => month.slice(0, 4)))];
  const rows = years.map((year) => [
    year,
    ...NAMES.map((_, index) => {
      const line = byMonth.get(`${year}-${String(index + 1).padStart(2, '0')}`);
      return line === undefined ? cell('') : cellOf(line);
    }),
  ]);
  return table(title, ['year', ...NAMES.map((name) => `>${name}`)], rows);
}
