import { formatByteLength, usageError } from '../../base/index.ts';
import type { DbnCounts, DbnMetadata } from '../../dbn/index.ts';
import type { BarRecord, FileFormat } from '../../export/index.ts';
import { countOption, textOption } from '../arguments.ts';
import { type CommandSpec, choice, type Invocation, type NounSpec, option } from '../command.ts';
import { countProgress } from '../count-progress.ts';
import { openDbnInput } from '../dbn-input.ts';
import { formatCount, formatSeconds, type TextColumn, textTable } from '../text-table.ts';

const FILE: readonly [string, string] = ['<file>', 'a .dbn or .dbn.zst file; - is stdin'];

/** Record types by number, as the vendor names their schemas. */
const RECORD_TYPES: Readonly<Record<number, string>> = {
  0: 'trades',
  1: 'mbp-1',
  10: 'mbp-10',
  17: 'ohlcv (deprecated)',
  18: 'status',
  19: 'definition',
  20: 'imbalance',
  21: 'error',
  22: 'symbol mapping',
  23: 'system',
  24: 'statistics',
  32: 'ohlcv-1s',
  33: 'ohlcv-1m',
  34: 'ohlcv-1h',
  35: 'ohlcv-1d',
  36: 'ohlcv-eod',
  160: 'mbo',
  177: 'cmbp-1',
  192: 'cbbo-1s',
  193: 'cbbo-1m',
  194: 'tcbbo',
  195: 'bbo-1s',
  196: 'bbo-1m',
};

const info: CommandSpec = {
  name: 'info',
  summary: 'metadata of a DBN file, its symbol mappings, and how many records it holds',
  arguments: [FILE],
  examples: [
    'barline dbn info glbx-mdp3-20241001-20241031.ohlcv-1s.dbn.zst',
    'barline dbn info bars.dbn --json | jq .mappings',
    'zstd -dc bars.dbn.zst | barline dbn info -',
  ],
  run: async ({ output }, [file = '']) => {
    const { timestampText } = await import('../../export/index.ts');
    await using reader = await openDbnInput(file);
    const counts = await reader.countRecords();
    const facts = infoOf(file, reader.metadata, reader.isCompressed, counts, timestampText());
    output.json(facts);
    if (!output.options.json) output.text(infoText(facts));
    return 0;
  },
};

type Info = ReturnType<typeof infoOf>;

function infoOf(
  file: string,
  metadata: DbnMetadata,
  isCompressed: boolean,
  counts: DbnCounts,
  timeText: (timeNs: bigint) => string | null,
) {
  const time = (timeNs: bigint | null) => (timeNs === null ? null : timeText(timeNs));
  return {
    file,
    version: metadata.version,
    compression: isCompressed ? 'zstd' : 'none',
    dataset: metadata.dataset,
    schema: metadata.schema,
    stype_in: metadata.stypeIn,
    stype_out: metadata.stypeOut,
    start: time(metadata.start),
    end: time(metadata.end),
    limit: metadata.limit,
    ts_out: metadata.tsOut,
    symbol_cstr_len: metadata.symbolCstrLen,
    symbols: metadata.symbols,
    partial: metadata.partial,
    not_found: metadata.notFound,
    mappings: metadata.mappings.map(({ rawSymbol, intervals }) => ({
      raw_symbol: rawSymbol,
      intervals: intervals.map((each) => ({
        start_date: each.startDate,
        end_date: each.endDate,
        symbol: each.symbol,
      })),
    })),
    records: counts.records,
    bars: counts.bars,
    records_by_rtype: counts.byRtype,
  };
}

function infoText(facts: Info): string {
  const lines: [string, string][] = [
    [
      'file',
      `${facts.file} (DBN version ${facts.version}, ${facts.compression === 'zstd' ? 'zstd' : 'plain'})`,
    ],
    ['dataset', facts.dataset],
    ['schema', facts.schema ?? 'mixed'],
    ['symbology', `${facts.stype_in ?? 'mixed'} → ${facts.stype_out}`],
    ['start', facts.start ?? 'undefined'],
    ['end', facts.end === null ? 'undefined' : `${facts.end} (exclusive)`],
    ['limit', facts.limit === null ? 'none' : formatCount(Number(facts.limit))],
    ['ts_out', facts.ts_out ? 'yes' : 'no'],
    ['symbols', facts.symbols.join(', ') || 'none'],
  ];
  if (facts.partial.length > 0) lines.push(['partly found', facts.partial.join(', ')]);
  if (facts.not_found.length > 0) lines.push(['not found', facts.not_found.join(', ')]);
  const types = Object.entries(facts.records_by_rtype).map(
    ([rtype, count]) => `${RECORD_TYPES[Number(rtype)] ?? 'unknown'} (${rtype}): ${formatCount(count)}`,
  );
  const among = types.length === 0 ? '' : `, ${types.join(', ')}`;
  lines.push(['records', `${formatCount(facts.records)}${among}`]);
  const head = lines.map(([key, value]) => `${key.padEnd(14)}${value}`).join('\n');
  if (facts.mappings.length === 0) return head;
  const rows = facts.mappings.flatMap(({ raw_symbol, intervals }) =>
    intervals.length === 0
      ? [[raw_symbol, '', '', '']]
      : intervals.map((each) => [raw_symbol, each.symbol, each.start_date, each.end_date]),
  );
  const columns: TextColumn[] = [
    { title: 'symbol' },
    { title: facts.stype_out, align: 'right' },
    { title: 'from' },
    { title: 'until (exclusive)' },
  ];
  return `${head}\n\n${textTable(columns, rows)}`;
}

const head: CommandSpec = {
  name: 'head',
  summary: 'first bars of a DBN file',
  arguments: [FILE],
  options: [
    option('-n, --count <rows>', 'how many bars', '20'),
    option('--skip <rows>', 'bars to step over before', '0'),
  ],
  examples: [
    'barline dbn head glbx-mdp3-20241001-20241031.ohlcv-1s.dbn.zst',
    'barline dbn head bars.dbn -n 5 --skip 1000 --json',
  ],
  run: async ({ output }, [file = ''], options) => {
    const count = countOption(options, 'count') ?? 20;
    const skip = countOption(options, 'skip') ?? 0;
    const rows = await firstBars(file, skip, count);
    for (const row of rows) output.json(row);
    if (!output.options.json) output.text(barTable(rows));
    if (rows.length === 0 && count > 0) output.note(skip > 0 ? `no bars after the first ${skip}` : 'no bars');
    return 0;
  },
};

async function firstBars(file: string, skip: number, count: number): Promise<BarRecord[]> {
  const { symbolResolver } = await import('../../dbn/index.ts');
  const { barColumns, barRecords } = await import('../../export/index.ts');
  await using reader = await openDbnInput(file);
  const resolver = symbolResolver(reader.metadata);
  const rows: BarRecord[] = [];
  let row = 0;
  for await (const batch of reader.batches({ batchRows: 4096, reuseBatch: true })) {
    const start = Math.max(0, skip - row);
    const end = Math.min(batch.rowCount, skip + count - row);
    if (start < end) rows.push(...barRecords(barColumns(batch, resolver), resolver.symbols, start, end));
    row += batch.rowCount;
    if (row >= skip + count) break;
  }
  return rows;
}

function barTable(rows: readonly BarRecord[]): string {
  const titles = [
    'timestamp',
    'publisher_id',
    'instrument_id',
    'symbol',
    'open',
    'high',
    'low',
    'close',
    'volume',
  ];
  const columns = titles.map(
    (title): TextColumn => ({ title, align: title === 'timestamp' || title === 'symbol' ? 'left' : 'right' }),
  );
  return textTable(
    columns,
    rows.map((row) => Object.values(row).map((value) => (value === null ? '' : String(value)))),
  );
}

const FORMATS = ['parquet', 'csv', 'ndjson', 'dbn.zst', 'dbn'] as const;

const convert: CommandSpec = {
  name: 'convert',
  summary: 'bars of a DBN file as Parquet, CSV, JSON lines or DBN',
  description:
    'Writes the columns timestamp (with its nanoseconds), publisher_id, instrument_id, symbol (of the bar’s date), open, high, low, close (an undefined price is null) and volume. The output appears when it is whole, or not at all.',
  arguments: [FILE],
  options: [
    option(
      '-o, --output <file>',
      'F.parquet, F.csv, F.ndjson, F.dbn.zst or F.dbn; - is stdout',
    ).makeOptionMandatory(),
    choice('--format <format>', 'format, where the name of the output does not tell it', FORMATS),
    option('--force', 'replace the output if it exists'),
  ],
  examples: [
    'barline dbn convert glbx-mdp3-20241001-20241031.ohlcv-1s.dbn.zst --output 2024-10.parquet',
    'barline dbn convert bars.dbn.zst --output bars.csv --force',
    'barline dbn convert bars.dbn --output - --format ndjson | head',
  ],
  run: async (invocation, [file = ''], options) => {
    const { output, now, signal } = invocation;
    const started = now();
    const { convertBars, outputFile } = await import('../../export/index.ts');
    const name = textOption(options, 'output') ?? '';
    const format = await conversionFormat(invocation, name, textOption(options, 'format'));
    const replace = options.force === true || invocation.globals.yes === true;
    const target =
      name === '-'
        ? { write: (bytes: Uint8Array) => output.raw(bytes) }
        : await outputFile(name, { replace });
    const progress = countProgress(output, now, 'rows');
    await using reader = await openDbnInput(file);
    const done = await convertBars(reader, target, { format, signal, onProgress: progress.update }).finally(
      progress.end,
    );
    const seconds = (now() - started) / 1000;
    const { rows, skipped, byteLength, beyondRange } = done;
    if (skipped > 0)
      output.note(`left out ${formatCount(skipped)} records that are no bars of the file’s schema`);
    if (beyondRange > 0)
      output.note(`${formatCount(beyondRange)} values beyond 64-bit signed integers became null`);
    const summary = `${name === '-' ? 'stdout' : name}: ${formatCount(rows)} rows, ${formatByteLength(byteLength)} in ${formatSeconds(seconds)}`;
    if (name === '-') output.note(summary);
    else {
      output.text(summary);
      output.json({
        file,
        output: name,
        format,
        rows,
        skipped,
        nulled: beyondRange,
        bytes: byteLength,
        seconds,
      });
    }
    return 0;
  },
};

async function conversionFormat(
  { output }: Invocation,
  name: string,
  given: string | undefined,
): Promise<FileFormat> {
  const { outputFormat } = await import('../../export/index.ts');
  const format = FORMATS.find((each) => each === given);
  if (name !== '-') return format ?? outputFormat(name, FORMATS);
  if (output.options.json && format !== undefined && format !== 'ndjson') {
    throw usageError(
      `--json puts JSON lines on stdout, so --output - cannot be ${format}`,
      'leave out one of them',
    );
  }
  return format ?? (output.options.json ? 'ndjson' : 'csv');
}

export const dbn: NounSpec = {
  name: 'dbn',
  summary: 'look into Databento files and convert them',
  verbs: [info, head, convert],
};
