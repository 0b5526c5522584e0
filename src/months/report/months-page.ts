/** The report over all months as a page. */
import { formatByteLength } from '../../base/index.ts';
import { changeText, countOf, countText, mean, percentText, scoreText, secondsText, sum } from './figures.ts';
import { fillCharts, scoreCharts, stageCharts, winRateCharts } from './months-charts.ts';
import type { MonthsReport, NamedTrend } from './months-report.ts';
import {
  type ActionGroup,
  type Block,
  cell,
  type Fact,
  type Page,
  paragraph,
  type Section,
  table,
} from './page.ts';
import type { FailureCause, PriorityGroup } from './reprocessing.ts';
import { bandOf } from './standards.ts';

export function monthsPage(report: MonthsReport): Page {
  const { first, last, lake, madeAt } = report;
  const span = first === null ? 'no month' : first === last ? first : `${first} to ${last}`;
  return {
    title: `Months ${span}`,
    subtitle: `Lake ${lake}, as of ${timeText(madeAt)}`,
    sections: [
      glance(report),
      toDo(report),
      scoresSection(report),
      trends(report.trends),
      readiness(report),
      modes(report),
      fill(report),
      time(report),
    ].filter(({ blocks }) => blocks.length > 0),
  };
}

export function timeText(iso: string): string {
  return `${iso.slice(0, 16).replace('T', ' ')} UTC`;
}

function failedCount(report: MonthsReport): number {
  return sum(report.failures.map(({ months }) => months.length));
}

function dueCount(report: MonthsReport): number {
  return sum(report.reprocessing.map(({ months }) => months.length));
}

function glance(report: MonthsReport): Section {
  const { scores, monthCount, readyCount, peakRssBytes } = report;
  const [failed, due] = [failedCount(report), dueCount(report)];
  const high = report.reprocessing.find(({ priority }) => priority === 'high')?.months.length ?? 0;
  const facts: Fact[] = [
    { name: 'months', value: countText(monthCount), note: `${countText(report.rows)} rows` },
    {
      name: 'mean quality score',
      value: scoreText(scores.mean),
      note:
        scores.lowest === null
          ? 'not recorded'
          : `lowest ${scoreText(scores.lowest.value)} in ${scores.lowest.month}`,
      ...(scores.mean !== null && { tone: bandOf(scores.mean) }),
    },
    {
      name: 'ready for training',
      value: `${countText(readyCount)} of ${countText(monthCount)}`,
      tone: readyCount === monthCount ? 'good' : 'fair',
    },
    {
      name: 'to reprocess',
      value: countText(due),
      note: `${countText(high)} of high priority`,
      tone: high > 0 ? 'poor' : due > 0 ? 'fair' : 'good',
    },
    { name: 'failed', value: countText(failed), tone: failed > 0 ? 'poor' : 'good' },
    {
      name: 'processing time',
      value: secondsText(report.seconds),
      note: `${secondsText(mean(report.months.flatMap(({ seconds }) => seconds ?? [])))} a month`,
    },
    ...(peakRssBytes === null ? [] : [{ name: 'peak memory', value: formatByteLength(peakRssBytes) }]),
  ];
  return { title: 'At a glance', blocks: [{ kind: 'facts', facts }] };
}

function toDo(report: MonthsReport): Section {
  const groups = [
    ...report.failures.map(failedGroup),
    ...report.reprocessing.map(priorityGroup),
    ...report.featureFailures.map(
      ({ category, months, message }): ActionGroup => ({
        title: `Features of ${category} failed in ${countOf(months.length, 'month')}`,
        tone: 'fair',
        actions: [{ title: months.join(', '), lines: [message] }],
        command: null,
      }),
    ),
  ];
  const blocks: Block[] = groups.length > 0 ? [{ kind: 'actions', groups }] : [];
  const { missing, unreadable, scores } = report;
  if (scores.notRecorded > 0) {
    blocks.push(
      paragraph(
        `An earlier version made ${countOf(scores.notRecorded, 'month')} and recorded no score; making them again with --force gives one.`,
      ),
    );
  }
  if (missing.length > 0) {
    blocks.push(
      paragraph(
        `Between the first month and the last the lake lacks ${countOf(missing.length, 'month')}: ${missing.join(', ')}.`,
      ),
    );
  }
  if (unreadable.length > 0) {
    blocks.push(paragraph(`Statistics that cannot be read, so left out here: ${unreadable.join(', ')}.`));
  }
  if (blocks.length === 0 && report.monthCount > 0) {
    blocks.push(
      paragraph('Nothing: no month failed, none needs to be made again, none is missing in between.'),
    );
  }
  return { title: 'What to do next', blocks };
}

function failedGroup({ code, kind, months, hint, command }: FailureCause): ActionGroup {
  const nature = kind === 'transient' ? 'may pass by itself' : 'will not pass by itself';
  return {
    title: `Failed: ${countOf(months.length, 'month')} with ${code}, which ${nature}`,
    tone: 'poor',
    actions: months.map(({ month, message, attempts }) => ({
      title: month,
      lines: [`${message} (${countOf(attempts, 'attempt')})`, ...(hint === null ? [] : [hint])],
    })),
    command,
  };
}

function priorityGroup({ priority, months, command }: PriorityGroup): ActionGroup {
  return {
    title: `Reprocess, ${priority} priority: ${countOf(months.length, 'month')}`,
    tone: priority === 'high' ? 'poor' : 'fair',
    actions: months.map(({ month, score, reasons }) => ({
      title: `${month}  ${score === null ? 'score not recorded' : `score ${scoreText(score)}`}`,
      lines: reasons,
    })),
    command,
  };
}

function scoresSection({ scores: found, months }: MonthsReport): Section {
  const all = found.good + found.fair + found.poor;
  if (months.length === 0) return { title: 'Quality scores', blocks: [] };
  if (all === 0) {
    return { title: 'Quality scores', blocks: [paragraph('None is recorded.')] };
  }
  const row = (name: string, count: number, tone: 'good' | 'fair' | 'poor') => [
    name,
    cell(countText(count), { bar: count / all, tone }),
    percentText(count / all),
  ];
  const rows = [
    row('0.8 and above', found.good, 'good'),
    row('0.6 to 0.8', found.fair, 'fair'),
    row('below 0.6', found.poor, 'poor'),
    ...(found.notRecorded > 0 ? [['not recorded', countText(found.notRecorded), '']] : []),
  ];
  const text = `Mean ${scoreText(found.mean)}, median ${scoreText(found.median)}; lowest ${scoreText(found.lowest?.value ?? null)} in ${found.lowest?.month}, highest ${scoreText(found.highest?.value ?? null)} in ${found.highest?.month}.`;
  return {
    title: 'Quality scores',
    blocks: [
      paragraph(text),
      { kind: 'table', table: table('Months by score', ['score', '>months', '>share'], rows) },
      scoreCharts(months),
    ],
  };
}

function trendName({ figure, mode }: NamedTrend): string {
  const names = {
    quality_score: 'quality score',
    fill_share: 'filled seconds',
    seconds: 'time',
    win_rate: 'win rate',
  };
  return mode === null ? names[figure] : `${names[figure]}, ${mode}`;
}

function trends(found: readonly NamedTrend[]): Section {
  if (found.length === 0) return { title: 'Trends', blocks: [] };
  const value = (figure: NamedTrend['figure'], number: number) => {
    if (figure === 'quality_score') return scoreText(number);
    return figure === 'seconds' ? secondsText(number) : percentText(number);
  };
  const tones = { improving: 'good', stable: 'good', declining: 'poor' } as const;
  const signs = { improving: '▲', stable: '=', declining: '▼' } as const;
  const rows = found.map((each) => [
    trendName(each),
    cell(`${signs[each.verdict]} ${each.verdict}`, { tone: tones[each.verdict] }),
    changeText(each.change),
    value(each.figure, each.first),
    value(each.figure, each.last),
  ]);
  const columns = ['figure', 'trend', '>change', '>first third', '>last third'];
  const text =
    'The mean of the first third of the months against that of the last; within 5 % is stable. Higher is better for ' +
    'scores and win rates, lower for filled seconds and time.';
  return {
    title: 'Trends',
    blocks: [
      paragraph(text),
      { kind: 'table', table: table('First third against last third', columns, rows) },
    ],
  };
}

function readiness(report: MonthsReport): Section {
  const { standard, monthCount, readyCount } = report;
  if (monthCount === 0) return { title: 'Ready for training', blocks: [] };
  const text =
    `${countText(readyCount)} of ${countOf(monthCount, 'month')}. A month is ready when every mode has at least ` +
    `${countText(standard.minWinners)} winners, a win rate of 5 to 50 % and sound labels, when at most ` +
    `${percentText(standard.maxNullShare, 0)} of its feature values are null and none is infinite, and when its score is not below 0.6.`;
  const rest = report.months.filter(({ isReady }) => !isReady);
  const rows = rest.map(({ month, notReadyBecause }) => [month, notReadyBecause.join('; ')]);
  const blocks: Block[] = [paragraph(text)];
  if (rows.length > 0) {
    blocks.push({
      kind: 'table',
      table: table('Months that are not ready', ['month', 'why not'], rows),
      isFolded: rows.length > 12,
    });
  }
  return { title: 'Ready for training', blocks };
}

function modes({ modes: found, months }: MonthsReport): Section {
  if (found.length === 0) return { title: 'Win rates', blocks: [] };
  const rows = found.map((each) => [
    each.mode,
    percentText(each.mean),
    `${percentText(each.lowest.value)} in ${each.lowest.month}`,
    `${percentText(each.highest.value)} in ${each.highest.month}`,
    countText(each.winners),
    cell(countText(each.outside.length), each.outside.length > 0 ? { tone: 'poor' } : {}),
  ]);
  const columns = ['mode', '>mean', '>lowest', '>highest', '>winners', '>months outside 5–50 %'];
  return {
    title: 'Win rates',
    blocks: [{ kind: 'table', table: table('Win rates by mode', columns, rows) }, winRateCharts(months)],
  };
}

function fill({ months }: MonthsReport): Section {
  const shares = months.flatMap(({ fillShare }) => fillShare ?? []);
  if (shares.length === 0) return { title: 'Filled seconds', blocks: [] };
  const text = `${percentText(mean(shares))} of the seconds of a month had no bar on average and carry the last price on.`;
  return { title: 'Filled seconds', blocks: [paragraph(text), fillCharts(months)] };
}

function time({ stages, slowestMonth, months }: MonthsReport): Section {
  const [slowest] = stages;
  if (slowest === undefined) return { title: 'Time', blocks: [] };
  const month =
    slowestMonth === null
      ? ''
      : ` The slowest month is ${slowestMonth.month} with ${secondsText(slowestMonth.value)} by the clock.`;
  const text = `The slowest stage is ${slowest.stage}: ${percentText(slowest.share)} of all work.${month}`;
  const rows = stages.map((each) => [
    each.stage,
    cell(secondsText(each.seconds), { bar: each.share }),
    percentText(each.share),
    secondsText(each.meanSeconds),
    `${secondsText(each.slowest.value)} in ${each.slowest.month}`,
  ]);
  const columns = ['stage', '>all months', '>share', '>a month', '>slowest'];
  return {
    title: 'Time',
    blocks: [
      paragraph(text),
      { kind: 'table', table: table('Stages, added up over threads', columns, rows) },
      stageCharts(months),
    ],
  };
}
