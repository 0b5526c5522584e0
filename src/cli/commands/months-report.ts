import { BarlineError, formatByteLength, usageError } from '../../base/index.ts';
import type { Page, ReportRequest } from '../../months/index.ts';
import { textOption } from '../arguments.ts';
import { type CommandSpec, choice, type Invocation, option } from '../command.ts';
import { sourceOption, wholeNumber } from '../months-request.ts';
import { toJson } from '../output.ts';
import { shellWord, shownPath } from '../shown-path.ts';
import { lakeOf } from '../table-argument.ts';

const FORMATS = ['text', 'markdown', 'html', 'json'] as const;
type Format = (typeof FORMATS)[number];

export const report: CommandSpec = {
  name: 'report',
  arguments: [['[month]', 'the month, YYYY-MM; all of them unless given']],
  summary: 'how far to trust the months, and what to do next: scores, trends, failures, times',
  description:
    'One month: data flow, times, modes, features, rolls, recommendations. All months: scores and their trends, win rates, failures by cause, which months are ready for training, where the time goes, and what to make again, with the command. The HTML page holds everything in one file and can be mailed.',
  options: [
    choice('--format <format>', 'what to write (default: by the output’s ending, else text)', FORMATS),
    option('-o, --output <file>', 'write to F.html, F.md, F.json or F.txt instead of to stdout'),
    option('--force', 'replace the output if it exists'),
    option('--min-winners <n>', 'winners a mode must have in a month that a model is trained on'),
    sourceOption(),
  ],
  examples: [
    'barline months report',
    'barline months report --output months.html',
    'barline months report 2024-03',
    'barline months report --format markdown --min-winners 10000',
    'barline months report --json | jq .reprocessing',
  ],
  run: async (invocation, [month], options) => {
    const { output } = invocation;
    const file = textOption(options, 'output');
    const format = formatOf(invocation, textOption(options, 'format'), file);
    const { outputFile, writeOutputFile } = await import('../../export/index.ts');
    const replace = options.force === true || invocation.globals.yes === true;
    const target = file === undefined || file === '-' ? undefined : await outputFile(file, { replace });
    const made = await makeReport(invocation, month, options);
    const text = await written(made, format);
    if (target === undefined) {
      await output.raw(text);
      return 0;
    }
    const bytes = await writeOutputFile(target, [new TextEncoder().encode(text)]);
    output.text(`${target.name}: ${formatByteLength(bytes)}, ${made.page.title}`);
    output.json({ output: target.name, format, bytes });
    return 0;
  },
};

const ENDINGS: readonly (readonly [RegExp, Format])[] = [
  [/\.html?$/i, 'html'],
  [/\.(md|markdown)$/i, 'markdown'],
  [/\.json$/i, 'json'],
  [/\.txt$/i, 'text'],
];

function formatOf({ globals }: Invocation, asked: string | undefined, file: string | undefined): Format {
  const given = FORMATS.find((each) => each === asked);
  const isStdout = file === undefined || file === '-';
  if (isStdout && globals.json === true) {
    if (given === undefined || given === 'json') return 'json';
    throw usageError(
      `--json and --format ${given} exclude each other`,
      'write the report to a file with --output',
    );
  }
  if (given !== undefined) return given;
  if (isStdout) return 'text';
  const [, ending] = ENDINGS.find(([pattern]) => pattern.test(file)) ?? [];
  if (ending !== undefined) return ending;
  throw usageError(`--output ${file}: its ending tells no format`, `give --format ${FORMATS.join(', ')}`);
}

interface Made {
  readonly page: Page;
  readonly document: () => Promise<unknown>;
}

async function makeReport(
  invocation: Invocation,
  text: string | undefined,
  options: Readonly<Record<string, unknown>>,
): Promise<Made> {
  const months = await import('../../months/index.ts');
  const month = text === undefined ? undefined : months.parseMonth(text, 'MONTH');
  const { lake } = await lakeOf(invocation);
  const minWinners = wholeNumber(options.minWinners, '--min-winners');
  const request: ReportRequest = {
    lake: shownPath(lake, invocation.directory),
    madeAtMs: invocation.now(),
    places: places(invocation, options),
    standard: { ...months.TRAINING_STANDARD, ...(minWinners !== undefined && { minWinners }) },
  };
  const recorded = await months.readRecordedLake(lake, month);
  if (month !== undefined) {
    const found = months.monthReport(recorded, month, request);
    if (found === null) throw notFound(lake, month);
    return {
      page: months.monthPage(found),
      document: async () => (await import('../report-document.ts')).monthReportDocument(found),
    };
  }
  const found = months.monthsReport(recorded, request);
  if (found.monthCount + found.failures.length + found.unreadable.length === 0) throw notFound(lake);
  return {
    page: months.monthsPage(found),
    document: async () => (await import('../report-document.ts')).monthsReportDocument(found),
  };
}

function notFound(lake: string, month?: string): BarlineError {
  return new BarlineError({
    code: 'MONTH_NOT_FOUND',
    message: `the lake ${lake} has ${month === undefined ? 'no months' : `no month ${month}`}`,
    hint:
      month === undefined
        ? 'make some with `barline months run`, or name another lake with --lake'
        : 'run `barline months list` to see what it has',
    facts: { lake, ...(month !== undefined && { month }) },
  });
}

/** The places that the commands shown must name, as they were given to this one. */
function places({ globals }: Invocation, options: Readonly<Record<string, unknown>>): string {
  const given = [
    ['--source', textOption(options, 'source')],
    ['--lake', globals.lake],
    ['--config', globals.config],
  ] as const;
  return given.map(([flag, value]) => (value === undefined ? '' : ` ${flag} ${shellWord(value)}`)).join('');
}

async function written({ page, document }: Made, format: Format): Promise<string> {
  switch (format) {
    case 'json':
      return `${toJson(await document())}\n`;
    case 'html':
      return (await import('../../months/index.ts')).renderHtml(page);
    case 'markdown':
      return (await import('../../months/index.ts')).renderMarkdown(page);
    case 'text':
      return `${(await import('../report-text.ts')).reportText(page)}\n`;
  }
}
