import { formatByteLength, usageError } from '../../base/index.ts';
import type { FileFormat } from '../../export/index.ts';
import { textOption } from '../arguments.ts';
import { type CommandSpec, choice, type Invocation, option } from '../command.ts';
import { countProgress } from '../count-progress.ts';
import { DBN_FILE, openDbnInput } from '../dbn-input.ts';
import { formatCount, formatSeconds } from '../text-table.ts';

const FORMATS = ['parquet', 'csv', 'ndjson', 'dbn.zst', 'dbn'] as const;

export const convert: CommandSpec = {
  name: 'convert',
  summary: 'bars of a DBN file as Parquet, CSV, JSON lines or DBN',
  description:
    'Writes the columns timestamp (with its nanoseconds), publisher_id, instrument_id, symbol (of the bar’s date), open, high, low, close (an undefined price is null) and volume. The output appears when it is whole, or not at all.',
  arguments: [DBN_FILE],
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
