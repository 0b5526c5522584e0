import { BarlineError, type Configuration } from '../base/index.ts';
import type { Settings } from './configuration.ts';
import type { Output } from './output.ts';
import { openSession } from './query-output.ts';
import { formatCount, formatSeconds, textTable } from './text-table.ts';

/** The parts of a month's statistics document that the page shows; `--json` gives all of it. */
interface Shown {
  readonly barline_version: string;
  readonly processing_date: string;
  readonly source: { readonly file: string; readonly sha256: string };
  readonly fill_by_half_hour: readonly {
    readonly from: string;
    readonly rows: number;
    readonly fill_share: number | null;
  }[];
  readonly timezone_issue_dates: readonly string[];
  readonly feature_failures: readonly { readonly category: string; readonly message: string }[];
  readonly raw_bars: number;
  readonly front_contract_bars: number;
  readonly rth_bars: number;
  readonly final_bars: number;
  readonly bars_dropped: number;
  readonly bars_changed: number;
  readonly fill_share: number;
  readonly longest_fill: number;
  readonly sessions: readonly unknown[];
  readonly missing_sessions: readonly string[];
  readonly cleaning_rules: Readonly<Record<string, number>>;
  readonly rollover_events: readonly {
    readonly timestamp: string;
    readonly from_contract: string | null;
    readonly to_contract: string | null;
    readonly price_gap: number | null;
    readonly bars_affected: number;
  }[];
  readonly previous_front_known: boolean;
  readonly mode_statistics: Readonly<
    Record<
      string,
      {
        readonly win_rate: number | null;
        readonly total_winners: number;
        readonly avg_weight?: number | null;
        readonly weight_std?: number | null;
        readonly quality_flags?: readonly string[];
      }
    >
  >;
  readonly feature_statistics?: {
    readonly suspicious_features: readonly string[];
    readonly high_outlier_features: readonly string[];
  };
  readonly dataset_condition?: Readonly<Record<string, string>> | null;
  readonly warnings?: readonly string[];
  readonly quality_score?: number;
  readonly quality_parts?: Readonly<Record<string, number>>;
  readonly reprocessing_reasons?: readonly string[];
  readonly reprocessing_priority?: string | null;
  readonly feature_flags: readonly {
    readonly feature: string;
    readonly kind: string;
    readonly found: number;
    readonly limit: number;
  }[];
  readonly performance: {
    readonly seconds: number;
    readonly stage_seconds: Readonly<Record<string, number>>;
  };
}

/** Prints what `monthly_statistics` has of a month. `MONTH_NOT_FOUND` when the lake has no such month. */
export async function showMonth(
  output: Output,
  lakeUri: string,
  month: string,
  configuration: Configuration<Settings>,
): Promise<void> {
  const { prepareLakeQuery } = await import('../query/index.ts');
  using session = await openSession(configuration);
  const query = `SELECT document FROM monthly_statistics WHERE month = '${month}'`;
  const prepared = await prepareLakeQuery(session, query, lakeUri, lakeUri);
  const document = await session.value(prepared.sql);
  if (typeof document !== 'string') {
    throw new BarlineError({
      code: 'MONTH_NOT_FOUND',
      message: `the lake ${lakeUri} has no month ${month}`,
      hint: 'run `barline months list` to see what it has',
      facts: { lake: lakeUri, month },
    });
  }
  // written by this package
  const shown: Shown = JSON.parse(document);
  output.json(shown);
  output.text(page(month, shown));
}

const RIGHT = { align: 'right' } as const;

const percent = (share: number | null) => (share === null ? '-' : `${(share * 100).toFixed(1)} %`);

function page(month: string, document: Shown): string {
  const { barline_version, processing_date, performance, source } = document;
  return [
    `${month}  made ${processing_date} by barline ${barline_version} in ${formatSeconds(performance.seconds)}\n` +
      `from ${source.file} (SHA-256 ${source.sha256.slice(0, 16)}…)`,
    ...scoreText(document),
    barCounts(document),
    sessionsText(document),
    cleaningText(document),
    rollsText(document),
    modesTable(document),
    featuresText(document),
    stagesTable(document),
  ].join('\n\n');
}

/** Nothing for a month of an earlier release. */
function scoreText(document: Shown): string[] {
  const { quality_score: score, quality_parts: parts = {}, warnings = [] } = document;
  if (score === undefined) return [];
  const of = Object.entries(parts).map(([part, value]) => `${part} ${value.toFixed(2)}`);
  const { reprocessing_reasons: reasons = [], reprocessing_priority: priority } = document;
  return [
    [
      `Score ${score.toFixed(3)} of 1: ${of.join(', ')}`,
      ...(reasons.length > 0 ? [`To be made again, priority ${priority ?? '-'}:`] : []),
      ...reasons.map((reason) => `  ${reason}`),
      ...(warnings.length > 0 ? ['Warnings:'] : []),
      ...warnings.map((warning) => `  ${warning}`),
      ...conditionLines(document),
    ].join('\n'),
  ];
}

/** The days of which the vendor says more than that they are there. */
function conditionLines({ dataset_condition: condition }: Shown): string[] {
  if (condition === null || condition === undefined) return [];
  const days = Object.entries(condition).filter(([, each]) => each !== 'available');
  const said = days.map(([date, each]) => `${date} ${each}`).join(', ');
  return [`The vendor calls ${days.length === 0 ? 'every day available' : said}.`];
}

function barCounts(document: Shown): string {
  const counts: [string, number][] = [
    ['in the file', document.raw_bars],
    ['of the front contract', document.front_contract_bars],
    ['in the session', document.rth_bars],
    ['dropped by cleaning', document.bars_dropped],
    ['changed by cleaning', document.bars_changed],
    ['rows of the grid', document.final_bars],
  ];
  return textTable(
    [{ title: 'bars' }, { title: 'count', ...RIGHT }],
    counts.map(([bars, count]) => [bars, formatCount(count)]),
  );
}

function sessionsText(document: Shown): string {
  const { sessions, missing_sessions: missing, timezone_issue_dates: shifted } = document;
  const fill = `${percent(document.fill_share)} of the seconds filled, longest run ${document.longest_fill} s`;
  const lines = [
    `${sessions.length} sessions, ${fill}${missing.length > 0 ? `; missing: ${missing.join(', ')}` : ''}`,
  ];
  if (shifted.length > 0) lines.push(`an hour off, as in another time zone: ${shifted.join(', ')}`);
  const table = textTable(
    [{ title: 'half hour from' }, { title: 'rows', ...RIGHT }, { title: 'filled', ...RIGHT }],
    document.fill_by_half_hour.map((each) => [each.from, formatCount(each.rows), percent(each.fill_share)]),
  );
  return [...lines, '', table].join('\n');
}

function cleaningText(document: Shown): string {
  const rules = Object.entries(document.cleaning_rules).filter(([, count]) => count > 0);
  if (rules.length === 0) return 'Cleaning: no rule found anything.';
  return textTable(
    [{ title: 'cleaning rule' }, { title: 'bars', ...RIGHT }],
    rules.map(([rule, count]) => [rule, formatCount(count)]),
  );
}

function rollsText({ rollover_events: rolls, previous_front_known: isKnown }: Shown): string {
  const table = textTable(
    [
      { title: 'roll' },
      { title: 'from' },
      { title: 'to' },
      { title: 'gap', ...RIGHT },
      { title: 'bars affected', ...RIGHT },
    ],
    rolls.map((roll) => [
      roll.timestamp,
      roll.from_contract ?? '-',
      roll.to_contract ?? '-',
      roll.price_gap === null ? '-' : String(roll.price_gap),
      String(roll.bars_affected),
    ]),
  );
  return (
    (rolls.length === 0 ? 'Rolls: none.' : table) +
    (isKnown ? '' : '\nThe month before was not at hand, so the first session counts as no roll.')
  );
}

function modesTable(document: Shown): string {
  return textTable(
    [
      { title: 'mode' },
      { title: 'winners', ...RIGHT },
      { title: 'win rate', ...RIGHT },
      { title: 'mean weight', ...RIGHT },
      { title: 'deviation', ...RIGHT },
      { title: 'flags' },
    ],
    Object.entries(document.mode_statistics).map(([mode, each]) => [
      mode,
      formatCount(each.total_winners),
      percent(each.win_rate),
      each.avg_weight?.toFixed(4) ?? '-',
      each.weight_std?.toFixed(4) ?? '-',
      each.quality_flags?.join(', ') ?? '',
    ]),
  );
}

function featuresText(document: Shown): string {
  const { feature_failures: failures, feature_flags: flags, feature_statistics: statistics } = document;
  const failed = failures.map(
    ({ category, message }) => `Features of ${category} could not be computed and are null: ${message}`,
  );
  const table = textTable(
    [{ title: 'feature' }, { title: 'finding' }, { title: 'found', ...RIGHT }, { title: 'limit', ...RIGHT }],
    flags.map((flag) => [flag.feature, flag.kind, flag.found.toPrecision(5), flag.limit.toPrecision(5)]),
  );
  const found = flags.length === 0 ? 'Features: all within their expected ranges and null shares.' : table;
  const named = (what: string, features: readonly string[]) =>
    features.length === 0 ? [] : [`${what}: ${features.join(', ')}`];
  return [
    ...failed,
    found,
    ...named('More than 5 % outliers', statistics?.high_outlier_features ?? []),
    ...named('Constant or implausible', statistics?.suspicious_features ?? []),
  ].join('\n');
}

function stagesTable({ performance }: Shown): string {
  return textTable(
    [{ title: 'stage' }, { title: 'seconds', ...RIGHT }],
    Object.entries(performance.stage_seconds).map(([stage, seconds]) => [stage, seconds.toFixed(3)]),
  );
}
