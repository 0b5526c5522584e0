/** The report of one month as a page. */
import { formatByteLength } from '../../base/index.ts';
import { countOf, countText, numberText, percentText, scoreText, secondsText } from './figures.ts';
import type { FeatureLine, FlowStep, MonthReport, RecordedPart } from './month-report.ts';
import { timeText } from './months-page.ts';
import { type Block, type Cell, cell, type Fact, type Page, paragraph, type Section, table } from './page.ts';
import { spoken } from './readiness.ts';
import { bandOf, isSoundWinRate } from './standards.ts';

export function monthPage(report: MonthReport): Page {
  const { month, lake, madeAt, recorded } = report;
  const parts = recorded === null ? [] : recordedSections(recorded);
  return {
    title: `Month ${month}`,
    subtitle: `Lake ${lake}, as of ${timeText(madeAt)}`,
    sections: [...glance(report), recommendations(report), ...parts].filter(
      ({ blocks }) => blocks.length > 0,
    ),
  };
}

function recordedSections(recorded: RecordedPart): Section[] {
  return [
    score(recorded),
    dataFlow(recorded),
    performance(recorded),
    modes(recorded),
    features(recorded),
    rolls(recorded),
  ];
}

const NOT_RECORDED = 'not recorded';

function glance({ failure, recorded }: MonthReport): Section[] {
  const facts: Fact[] = [];
  if (failure !== null) {
    const note = recorded === null ? failure.code : `${failure.code}; figures are of the run before`;
    facts.push({ name: 'last run', value: 'failed', note, tone: 'poor' });
  }
  if (recorded !== null) {
    const { statistics, isReady } = recorded;
    const {
      quality_score: found,
      requires_reprocessing: isDue,
      reprocessing_priority: priority,
    } = statistics;
    facts.push(
      {
        name: 'quality score',
        value: found === null ? NOT_RECORDED : scoreText(found),
        ...(found !== null && { tone: bandOf(found) }),
      },
      {
        name: 'rows',
        value: countText(statistics.final_bars),
        note: `${percentText(statistics.fill_share)} filled`,
      },
      { name: 'ready for training', value: isReady ? 'yes' : 'no', tone: isReady ? 'good' : 'poor' },
      ...(isDue === null
        ? []
        : [
            {
              name: 'reprocess',
              value: isDue ? 'yes' : 'no',
              ...(priority !== null && { note: `${priority} priority` }),
              tone: isDue ? ('poor' as const) : ('good' as const),
            },
          ]),
      { name: 'time', value: secondsText(statistics.performance?.seconds ?? null) },
    );
  }
  return [{ title: 'At a glance', blocks: [{ kind: 'facts', facts }, ...originOf(recorded)] }];
}

function originOf(recorded: RecordedPart | null): Block[] {
  if (recorded === null) return [];
  const { source, barline_version: version, processing_date: date } = recorded.statistics;
  const made = `Made ${date === null ? NOT_RECORDED : timeText(date)} by barline ${version ?? NOT_RECORDED}`;
  const size =
    source?.bytes === null || source?.bytes === undefined ? '' : ` (${formatByteLength(source.bytes)})`;
  return [paragraph(`${made} from ${source?.file ?? `a source ${NOT_RECORDED}`}${size}.`)];
}

function recommendations({ recommendations: found }: MonthReport): Section {
  const groups = found.map(({ text, details, command }) => ({
    title: text,
    tone: command !== null ? ('poor' as const) : details.length > 0 ? ('fair' as const) : ('good' as const),
    actions: details.length === 0 ? [] : [{ title: '', lines: details }],
    command,
  }));
  return { title: 'Recommendations', blocks: [{ kind: 'actions', groups }] };
}

const WEIGHTS: Readonly<Record<string, number>> = {
  modes: 0.4,
  data: 0.25,
  features: 0.2,
  performance: 0.1,
  rolls: 0.05,
};

function score({ statistics }: RecordedPart): Section {
  const parts = Object.entries(statistics.quality_parts ?? {});
  const rows = parts.map(([part, value]) => [
    part,
    cell(scoreText(value), { bar: value, tone: bandOf(value) }),
    WEIGHTS[part] === undefined ? '' : percentText(WEIGHTS[part], 0),
  ]);
  if (rows.length === 0)
    return { title: 'Score', blocks: [paragraph(`The score and its parts are ${NOT_RECORDED}.`)] };
  return {
    title: 'Score',
    blocks: [{ kind: 'table', table: table('Parts of the score', ['part', '>score', '>weight'], rows) }],
  };
}

const STEPS: Readonly<Record<FlowStep['step'], string>> = {
  raw: 'file',
  front_contract: 'front contract',
  session: 'session',
  cleaned: 'cleaned',
  grid: 'grid, filled up',
};

function dataFlow({ flow, retention, statistics }: RecordedPart): Section {
  const most = Math.max(1, ...flow.map(({ bars }) => bars ?? 0));
  const rows = flow.map(({ step, bars, shareOfBefore, shareOfRaw }) => [
    STEPS[step],
    cell(countText(bars), bars === null ? {} : { bar: bars / most }),
    percentText(shareOfBefore),
    percentText(shareOfRaw),
  ]);
  const { sessions, missing_sessions: missing, longest_fill: longest, bars_changed: changed } = statistics;
  const facts = [
    `Cleaning kept ${percentText(retention)} of the bars in the session and changed ${countText(changed)}`,
    `${percentText(statistics.fill_share)} of the seconds are filled, the longest run ${countText(longest)} s`,
    `${countText(sessions?.length ?? null)} sessions, ${countText(missing?.length ?? null)} missing`,
  ];
  const blocks: Block[] = [
    {
      kind: 'table',
      table: table('Bars step by step', ['step', '>bars', '>of the step before', '>of the file'], rows),
    },
    paragraph(`${facts.join('; ')}.`),
  ];
  const rules = Object.entries(statistics.cleaning_rules ?? {}).filter(([, count]) => count > 0);
  if (rules.length > 0) {
    const touched = rules.map(([rule, count]) => [spoken(rule), countText(count)]);
    blocks.push({ kind: 'table', table: table('Cleaning', ['rule', '>bars'], touched) });
  }
  const halfHours = (statistics.fill_by_half_hour ?? []).map(({ from, rows: count, fill_share: share }) => [
    from,
    countText(count),
    cell(percentText(share), share === null ? {} : { bar: share }),
  ]);
  if (halfHours.length > 0) {
    const columns = ['half hour from', '>rows', '>filled'];
    blocks.push({
      kind: 'table',
      table: table('Filled seconds over the day', columns, halfHours),
      isFolded: true,
    });
  }
  const condition = Object.entries(statistics.dataset_condition ?? {}).filter(
    ([, word]) => word !== 'available',
  );
  if (condition.length > 0) {
    blocks.push({
      kind: 'table',
      table: table('The vendor’s word on the data', ['date', 'condition'], condition),
    });
  }
  return { title: 'Data flow', blocks };
}

function performance({ stages, statistics }: RecordedPart): Section {
  const { performance: found } = statistics;
  if (found === null) return { title: 'Performance', blocks: [paragraph(`Times are ${NOT_RECORDED}.`)] };
  const memory = found.peak_rss_bytes === null ? NOT_RECORDED : formatByteLength(found.peak_rss_bytes);
  const speed = found.rows_per_second === null ? '' : `, ${countText(found.rows_per_second)} rows a second`;
  const rows = stages.map(({ stage, seconds, share }) => [
    stage,
    cell(secondsText(seconds), { bar: share }),
    percentText(share),
  ]);
  return {
    title: 'Performance',
    blocks: [
      paragraph(`${secondsText(found.seconds)} by the clock${speed}; peak memory ${memory}.`),
      { kind: 'table', table: table('Stages, added up over threads', ['stage', '>seconds', '>share'], rows) },
    ],
  };
}

function modes({ modes: found, isReady, notReadyBecause }: RecordedPart): Section {
  if (found.length === 0) return { title: 'Modes', blocks: [paragraph(`Label modes are ${NOT_RECORDED}.`)] };
  const rows = found.map((each) => [
    each.mode,
    cell(percentText(each.win_rate), {
      ...(each.win_rate !== null && {
        bar: each.win_rate,
        tone: isSoundWinRate(each.win_rate) ? 'good' : 'poor',
      }),
    }),
    countText(each.total_winners),
    flagsCell(each.quality_flags),
  ]);
  const weights = found.filter(({ avg_weight }) => avg_weight !== null);
  const weightRows = weights.map((each) => [
    each.mode,
    ...[each.avg_weight, each.weight_std, each.min].map(numberText),
    ...['p25', 'p50', 'p75', 'p90', 'p95'].map((key) => numberText(each.weight_distribution?.[key] ?? null)),
    numberText(each.max),
  ]);
  const columns = [
    'mode',
    ...['mean', 'deviation', 'least', 'p25', 'p50', 'p75', 'p90', 'p95', 'most'].map((each) => `>${each}`),
  ];
  return {
    title: 'Modes',
    blocks: [
      paragraph(isReady ? 'Ready for training.' : `Not ready for training: ${notReadyBecause.join('; ')}.`),
      { kind: 'table', table: table('Win rates', ['mode', '>win rate', '>winners', 'flags'], rows) },
      weightRows.length === 0
        ? paragraph(`The distribution of weights is ${NOT_RECORDED}.`)
        : { kind: 'table', table: table('Weights', columns, weightRows) },
    ],
  };
}

function flagsCell(flags: readonly string[] | null): Cell {
  if (flags === null) return cell(NOT_RECORDED);
  return flags.length === 0 ? cell('none') : cell(flags.map(spoken).join(', '), { tone: 'poor' });
}

function features(recorded: RecordedPart): Section {
  const { features: lines, meanNullShare, statistics } = recorded;
  const found = statistics.feature_statistics;
  const failures = (statistics.feature_failures ?? []).map(({ category, message }) =>
    paragraph(`The features of ${category} could not be computed and are null: ${message}`),
  );
  if (lines.length === 0 && found === null) {
    const none = statistics.feature_flags === null ? NOT_RECORDED : 'within their ranges and null shares';
    return { title: 'Features', blocks: [...failures, paragraph(`Features: ${none}.`)] };
  }
  const flagged = lines.filter(({ flags }) => flags.length > 0);
  const text =
    found === null
      ? `Nulls, outliers and ranges are ${NOT_RECORDED}; ${countOf(flagged.length, 'feature')} flagged.`
      : `${countOf(found.features_generated ?? lines.length, 'feature')}; ${percentText(meanNullShare, 2)} of their values ` +
        `are null; score ${scoreText(found.quality_score)}; ${countText(flagged.length)} flagged.`;
  const blocks: Block[] = [...failures, paragraph(text)];
  if (flagged.length > 0) blocks.push({ kind: 'table', table: featureTable('Flagged features', flagged) });
  if (found !== null)
    blocks.push({ kind: 'table', table: featureTable('All features', lines), isFolded: true });
  return { title: 'Features', blocks };
}

function featureTable(title: string, lines: readonly FeatureLine[]) {
  const rows = lines.map((each) => [
    each.feature,
    percentText(each.nullShare, 2),
    countText(each.outliers),
    percentText(each.outlierShare),
    numberText(each.min),
    numberText(each.max),
    each.flags.length === 0 ? '' : cell(each.flags.join(', '), { tone: 'fair' }),
  ]);
  return table(title, ['feature', '>null', '>outliers', '>share', '>least', '>most', 'flags'], rows);
}

function rolls({ statistics, rollShare }: RecordedPart): Section {
  const {
    rollover_events: events,
    bars_excluded_rollover: affected,
    previous_front_known: isKnown,
  } = statistics;
  if (events === null) return { title: 'Rolls', blocks: [paragraph(`Rolls are ${NOT_RECORDED}.`)] };
  const unknown =
    isKnown === false ? ' The month before was not at hand, so the first session counts as no roll.' : '';
  const text = `${countOf(events.length, 'roll')}; ${countText(affected)} rows (${percentText(rollShare, 3)}) are affected and labelled 0.${unknown}`;
  const rows = events.map((each) => [
    each.timestamp === null ? NOT_RECORDED : timeText(each.timestamp),
    each.from_contract ?? '–',
    each.to_contract ?? '–',
    numberText(each.price_gap),
    countText(each.bars_affected),
  ]);
  const columns = ['time', 'from', 'to', '>gap', '>rows affected'];
  const blocks: Block[] = [paragraph(text)];
  if (rows.length > 0) blocks.push({ kind: 'table', table: table('Rolls', columns, rows) });
  return { title: 'Rolls', blocks };
}
