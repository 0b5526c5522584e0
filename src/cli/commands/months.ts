import { BarlineError, formatByteLength, usageError } from '../../base/index.ts';
import type { MonthOutcome, RunEvent, RunSummary } from '../../months/index.ts';
import { type CommandSpec, choice, type Invocation, type NounSpec, option, repeatable } from '../command.ts';
import { loadSettings, locate, processingOf } from '../configuration.ts';
import type { Output } from '../output.ts';
import { shownPath } from '../shown-path.ts';
import { formatCount, formatSeconds, textTable } from '../text-table.ts';

const sourceOption = () => option('--source <dir>', 'folder with the raw months, at any depth');
const rangeOptions = () => [
  option('--from <month>', 'first month, YYYY-MM (default: all there are)'),
  option('--to <month>', 'last month, YYYY-MM'),
  repeatable('--month <month>', 'this month; may be given several times'),
];

/** Settings, places and the months asked for, of any `months` command. */
async function openRequest(invocation: Invocation, options: Readonly<Record<string, unknown>>) {
  const { parseMonth } = await import('../../months/index.ts');
  const configuration = await loadSettings(invocation, {
    source: options.source,
    instrument: options.instrument,
    'run.workers': wholeNumber(options.workers, '--workers'),
  });
  const { value } = configuration;
  const month = (text: unknown, name: string) =>
    typeof text === 'string' ? parseMonth(text, name) : undefined;
  const from = month(options.from, '--from');
  const to = month(options.to, '--to');
  if (from !== undefined && to !== undefined && from > to) {
    throw usageError(`--from ${from} is after --to ${to}`, 'exchange the two');
  }
  const given = Array.isArray(options.month) ? options.month : [];
  return {
    settings: value,
    processing: processingOf(value),
    sourceUri: locate(value.source, configuration, 'source', invocation.directory),
    lakeUri: locate(value.lake, configuration, 'lake', invocation.directory),
    range: {
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
      ...(given.length > 0 && { months: given.map((text) => parseMonth(String(text), '--month')) }),
    },
  };
}

export function wholeNumber(value: unknown, name: string): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isInteger(number) && number > 0) return number;
  throw usageError(`${name} ${JSON.stringify(value)}: expected a whole number above 0`, `e.g. ${name} 2`);
}

function takeOf(options: Readonly<Record<string, unknown>>): 'default' | 'missing' | 'stale' | 'force' {
  const chosen = (['skipExisting', 'stale', 'force'] as const).filter((name) => options[name] === true);
  if (chosen.length > 1) {
    throw usageError('--skip-existing, --stale and --force exclude each other', 'give one of them');
  }
  return chosen[0] === 'skipExisting' ? 'missing' : (chosen[0] ?? 'default');
}

const run: CommandSpec = {
  name: 'run',
  summary: 'raw months in, training table out',
  description:
    'Takes the raw months that are missing or stale through contract, session, cleaning, grid, labels and features, ' +
    'and replaces each in the lake by one commit. Running it again changes nothing.',
  options: [
    sourceOption(),
    ...rangeOptions(),
    option('--skip-existing', 'take only months that are missing'),
    option('--stale', 'take only months whose source, configuration or kernels changed'),
    option('--force', 'take everything asked for'),
    option('--workers <n>', 'worker threads (default: one per core)'),
    option('--dry-run', 'say what would run and why, and write nothing'),
    option('--instrument <name>', 'the product, e.g. ES or NQ'),
  ],
  examples: [
    'barline months run --source data --lake lake',
    'barline months run --from 2024-01 --to 2024-12 --workers 4',
    'barline months run --month 2024-10 --force --json',
  ],
  keepsWorking: true,
  run: async (invocation, _args, options) => {
    const { output, now, signal } = invocation;
    const request = await openRequest(invocation, options);
    const months = await import('../../months/index.ts');
    const { sourceUri, lakeUri, processing, settings } = request;
    const plan = { ...request.range, take: takeOf(options) };
    if (options.dryRun === true) {
      printPlan(output, (await months.planRun({ sourceUri, lakeUri, processing, plan })).planned);
      return 0;
    }
    const { runProgress } = await import('../run-progress.ts');
    const progress = runProgress(output, now);
    const result = await months.runMonths({
      sourceUri,
      lakeUri,
      processing,
      plan,
      workers: settings.run.workers,
      compressionLevel: settings.run.compression_level,
      now,
      signal,
      onEvent: (event) => {
        progress(event);
        if (event.type === 'month-finished') output.json(jsonLine(event));
      },
    });
    printResult(output, result.outcomes, result.summary, shownPath(lakeUri, invocation.directory));
    return result.summary.failed > 0 ? 1 : 0;
  },
};

/** The stable shape of a month in `months run --json`. */
function jsonLine({ outcome }: Extract<RunEvent, { type: 'month-finished' }>) {
  const { month, status, rows, seconds, version, error, reason } = outcome;
  return {
    month,
    status,
    reason,
    rows,
    quality_score: null,
    seconds,
    peak_rss_bytes: process.resourceUsage().maxRSS * 1024,
    version,
    ...(error && { error }),
  };
}

export function printResult(
  output: Output,
  outcomes: readonly MonthOutcome[],
  summary: RunSummary,
  lake: string,
): void {
  output.json({
    summary: {
      months: summary.months,
      succeeded: summary.succeeded,
      failed: summary.failed,
      skipped: summary.skipped,
      rows: summary.rows,
      seconds: summary.seconds,
      rows_per_second: summary.rowsPerSecond,
      peak_rss_bytes: summary.peakRssBytes,
      stage_seconds: summary.stageSeconds,
    },
  });
  const shown = outcomes.filter(({ status }) => status !== 'skipped');
  if (shown.length > 0) {
    output.text(
      textTable(
        [
          { title: 'month' },
          { title: 'status' },
          { title: 'rows', align: 'right' },
          { title: 'sessions', align: 'right' },
          { title: 'rolls', align: 'right' },
          { title: 'quarantined', align: 'right' },
          { title: 'seconds', align: 'right' },
          { title: 'version', align: 'right' },
          { title: 'taken because' },
        ],
        shown.map((each) => [
          each.month,
          each.status,
          formatCount(each.rows),
          String(each.sessions),
          String(each.rolls),
          formatCount(each.quarantined),
          each.seconds.toFixed(2),
          each.version === null ? '-' : String(each.version),
          each.reason,
        ]),
      ),
    );
    output.text('');
  }
  if (shown.length === 0) {
    output.text(`nothing to do: ${countOfMonths(summary.skipped)} up to date (--force takes them anyway)`);
    output.text(`lake: ${lake}`);
    return;
  }
  output.text(
    `${summary.succeeded} succeeded, ${summary.failed} failed, ${summary.skipped} up to date: ` +
      `${formatCount(summary.rows)} rows in ${formatSeconds(summary.seconds)} ` +
      `(${formatCount(Math.round(summary.rowsPerSecond))} rows/s), peak memory ${formatByteLength(summary.peakRssBytes)}`,
  );
  if (output.options.verbose) {
    const stages = Object.entries(summary.stageSeconds).map(
      ([stage, seconds]) => `${stage} ${seconds.toFixed(3)}`,
    );
    output.text(`seconds by stage, over all threads: ${stages.join(', ')}`);
  }
  output.text(`lake: ${lake}`);
  for (const { month, error } of outcomes) {
    if (error !== null && !output.options.json) {
      const { code, message, hint } = error;
      output.error(new BarlineError({ code, message: `${month}: ${message}`, hint: hint ?? undefined }));
    }
  }
}

function countOfMonths(count: number): string {
  return count === 1 ? '1 month' : `${formatCount(count)} months`;
}

function printPlan(
  output: Output,
  planned: readonly {
    raw: { month: string; path: string; byteLength: number };
    reason: string;
    take: boolean;
  }[],
): void {
  output.json({
    plan: planned.map(({ raw, reason, take }) => ({
      month: raw.month,
      file: raw.path,
      bytes: raw.byteLength,
      take,
      reason,
    })),
  });
  output.text(
    textTable(
      [
        { title: 'month' },
        { title: 'would run' },
        { title: 'why' },
        { title: 'size', align: 'right' },
        { title: 'file' },
      ],
      planned.map(({ raw, reason, take }) => [
        raw.month,
        take ? 'yes' : 'no',
        reason,
        formatByteLength(raw.byteLength),
        raw.path,
      ]),
    ),
  );
}

const list: CommandSpec = {
  name: 'list',
  summary: 'one line per month: what is there, what is made, what is stale',
  options: [
    sourceOption(),
    ...rangeOptions(),
    choice('--state <state>', 'only these', ['all', 'stale', 'missing'], 'all'),
  ],
  examples: [
    'barline months list',
    'barline months list --source data --lake lake --state stale',
    'barline months list --json',
  ],
  run: async (invocation, _args, options) => {
    const { output } = invocation;
    const { planRun } = await import('../../months/index.ts');
    const { range, ...request } = await openRequest(invocation, options);
    const { planned, records } = await planRun({ ...request, plan: { ...range, take: 'default' } });
    const wanted = planned.filter(({ reason }) => {
      if (options.state === 'missing') return reason === 'missing';
      return options.state !== 'stale' || (reason !== 'missing' && reason !== 'up to date');
    });
    for (const { raw, reason } of wanted) {
      const record = records.get(raw.month);
      output.json({
        month: raw.month,
        file: raw.path,
        bytes: raw.byteLength,
        state: reason,
        rows: record?.rowCount ?? null,
      });
    }
    if (wanted.length === 0) {
      output.note(`none of ${countOfMonths(planned.length)} is ${options.state}`);
      return 0;
    }
    output.text(
      textTable(
        [
          { title: 'month' },
          { title: 'state' },
          { title: 'rows', align: 'right' },
          { title: 'size', align: 'right' },
          { title: 'file' },
        ],
        wanted.map(({ raw, reason }) => [
          raw.month,
          reason,
          records.has(raw.month) ? formatCount(records.get(raw.month)?.rowCount ?? 0) : '-',
          formatByteLength(raw.byteLength),
          raw.path,
        ]),
      ),
    );
    return 0;
  },
};

const show: CommandSpec = {
  name: 'show',
  arguments: [['<month>', 'the month, YYYY-MM']],
  summary: 'everything recorded of one month: stages, cleaning rules, sessions, rolls, win rates',
  options: [],
  examples: ['barline months show 2024-03', 'barline months show 2024-03 --json | jq .cleaning_rules'],
  run: async (invocation, [text = '']) => {
    const { parseMonth } = await import('../../months/index.ts');
    const month = parseMonth(text, 'MONTH');
    const { showMonth } = await import('../month-page.ts');
    const configuration = await loadSettings(invocation);
    const lakeUri = locate(configuration.value.lake, configuration, 'lake', invocation.directory);
    await showMonth(invocation.output, lakeUri, month, configuration);
    return 0;
  },
};

export const months: NounSpec = {
  name: 'months',
  summary: 'the monthly run: raw months to training bars',
  verbs: [run, list, show],
};
