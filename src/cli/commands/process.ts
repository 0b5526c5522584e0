import { resolve } from 'node:path';
import { stdin } from 'node:process';
import { usageError } from '../../base/index.ts';
import { type CommandSpec, choice, option } from '../command.ts';
import { loadSettings, processingOf } from '../configuration.ts';
import { inputDocument, reportDocument, reportNotes } from '../process-report.ts';
import { processingFlags, processingOptions } from '../processing-options.ts';
import { shownPath } from '../shown-path.ts';
import { formatCount, formatSeconds } from '../text-table.ts';

export const process: CommandSpec = {
  name: 'process',
  arguments: [['<file>', 'bars: .dbn, .dbn.zst, .parquet, .csv or .ndjson; - is stdin, DBN, CSV or NDJSON']],
  summary: 'one local file through the stages named, no lake needed',
  description:
    'Takes one file of bars through the stages named, in one thread, and writes one Parquet file. Labels count their ' +
    'decay from the newest month of the input.',
  options: [
    option('--output <file>', 'Parquet file to write; - is stdout').makeOptionMandatory(),
    option('--stages <list>', 'stages, separated by commas', 'contract,session,clean,grid,labels,features'),
    choice(
      '--sessions <how>',
      'whether walks and windows stay inside a session',
      ['respect', 'ignore'],
      'respect',
    ),
    choice('--rolls <how>', 'what a roll is', ['contracts', 'gaps']),
    ...processingOptions(),
    option('--force', 'replace the output if it exists'),
  ],
  examples: [
    'barline process glbx-mdp3-20240301-20240331.ohlcv-1s.dbn.zst --output march.parquet',
    'barline process bars.csv --output out.parquet --instrument NQ',
    'zstd -dc bars.csv.zst | barline process - --output out.parquet',
    'barline process clean.parquet --output labelled.parquet --stages labels,features --sessions ignore --rolls gaps',
  ],
  run: async (invocation, [file = ''], options) => {
    const { output, now, directory } = invocation;
    const startedMs = now();
    const { value } = await loadSettings(invocation, {
      ...processingFlags(options),
      'labels.rolls': options.rolls,
    });
    const { checkStages, processBars } = await import('../../months/index.ts');
    const stages = checkStages(
      String(options.stages)
        .split(',')
        .map((stage) => stage.trim()),
    );
    const processing = processingOf(value, options.sessions === 'ignore' ? 'ignore' : 'respect');
    const isStdin = file === '-';
    const path = isStdin ? 'stdin' : resolve(directory, file);
    const target = String(options.output);
    if (!isStdin && target !== '-' && resolve(directory, target) === path) {
      throw usageError(`--output ${target} is the input itself`, 'name another file');
    }
    if (target !== '-' && !/\.(?:parquet|pq)$/i.test(target)) {
      throw usageError(
        `--output ${target}: expected a name that ends in .parquet`,
        'rows are written as Parquet; - is stdout',
      );
    }
    const { outputFile, writeOutputFile } = await import('../../export/index.ts');
    const replace = options.force === true || invocation.globals.yes === true;
    const outFile = target === '-' ? undefined : await outputFile(target, { replace });
    const { readBarFile, readBarStream } = await import('../../bars/index.ts');
    const { bars, source } = await (isStdin ? readBarStream(stdin, path) : readBarFile(path));
    const { fields, columns, report } = processBars(bars, stages, processing, path);
    for (const note of reportNotes(source, report)) output.note(note);
    const { encodeParquet } = await import('../../parquet/index.ts');
    const pieces = encodeParquet({ fields }, columns, { zstdLevel: value.run.compression_level });
    if (outFile === undefined) {
      for (const piece of pieces) await output.raw(piece);
      return 0;
    }
    const bytes = await writeOutputFile(outFile, pieces);
    const seconds = (now() - startedMs) / 1000;
    output.json({
      output: outFile.path,
      bytes,
      columns: fields.length,
      seconds,
      input: inputDocument(source),
      report: reportDocument(report),
    });
    output.text(
      `${formatCount(report.rowsIn)} bars in, ${formatCount(report.rowsOut)} rows × ${fields.length} columns out ` +
        `in ${formatSeconds(seconds)}: ${shownPath(outFile.path, directory)}`,
    );
    return 0;
  },
};
