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
    Record<string, { readonly win_rate: number | null; readonly total_winners: number }>
  >;
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
  // written by this package; an older one may lack a key, which then shows as empty
  const shown: Shown = JSON.parse(document);
  output.json(shown);
  output.text(page(month, shown));
}

function page(month: string, document: Shown): string {
  const percent = (share: number | null) => (share === null ? '-' : `${(share * 100).toFixed(1)} %`);
  const rules = Object.entries(document.cleaning_rules).filter(([, count]) => count > 0);
  const rolls = document.rollover_events.map((roll) => [
    roll.timestamp,
    roll.from_contract ?? '-',
    roll.to_contract ?? '-',
    roll.price_gap === null ? '-' : String(roll.price_gap),
    String(roll.bars_affected),
  ]);
  const right = { align: 'right' } as const;
  const sections = [
    `${month}  made ${document.processing_date} by barline ${document.barline_version} in ${formatSeconds(document.performance.seconds)}`,
    `from ${document.source.file} (SHA-256 ${document.source.sha256.slice(0, 16)}…)`,
    '',
    textTable(
      [{ title: 'bars' }, { title: 'count', ...right }],
      [
        ['in the file', formatCount(document.raw_bars)],
        ['of the front contract', formatCount(document.front_contract_bars)],
        ['in the session', formatCount(document.rth_bars)],
        ['dropped by cleaning', formatCount(document.bars_dropped)],
        ['changed by cleaning', formatCount(document.bars_changed)],
        ['rows of the grid', formatCount(document.final_bars)],
      ],
    ),
    '',
    `${document.sessions.length} sessions, ${percent(document.fill_share)} of the seconds filled, longest run ${document.longest_fill} s` +
      (document.missing_sessions.length > 0 ? `; missing: ${document.missing_sessions.join(', ')}` : ''),
    '',
    rules.length === 0
      ? 'Cleaning: no rule found anything.'
      : textTable(
          [{ title: 'cleaning rule' }, { title: 'bars', ...right }],
          rules.map(([rule, count]) => [rule, formatCount(count)]),
        ),
    '',
    rolls.length === 0
      ? 'Rolls: none.'
      : textTable(
          [
            { title: 'roll' },
            { title: 'from' },
            { title: 'to' },
            { title: 'gap', ...right },
            { title: 'bars affected', ...right },
          ],
          rolls,
        ),
    document.previous_front_known
      ? ''
      : 'The month before was not at hand, so the first session counts as no roll.\n',
    textTable(
      [{ title: 'mode' }, { title: 'winners', ...right }, { title: 'win rate', ...right }],
      Object.entries(document.mode_statistics).map(([mode, each]) => [
        mode,
        formatCount(each.total_winners),
        percent(each.win_rate),
      ]),
    ),
    '',
    document.feature_flags.length === 0
      ? 'Features: all within their expected ranges and null shares.'
      : textTable(
          [
            { title: 'feature' },
            { title: 'finding' },
            { title: 'found', ...right },
            { title: 'limit', ...right },
          ],
          document.feature_flags.map((flag) => [
            flag.feature,
            flag.kind,
            flag.found.toPrecision(5),
            flag.limit.toPrecision(5),
          ]),
        ),
    '',
    textTable(
      [{ title: 'stage' }, { title: 'seconds', ...right }],
      Object.entries(document.performance.stage_seconds).map(([stage, seconds]) => [
        stage,
        seconds.toFixed(3),
      ]),
    ),
  ];
  return sections.join('\n');
}
