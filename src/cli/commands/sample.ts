import { formatByteLength, usageError } from '../../base/index.ts';
import { countOption, folderOption, textOption } from '../arguments.ts';
import { type CommandSpec, type NounSpec, option } from '../command.ts';
import { countProgress } from '../count-progress.ts';
import { formatCount, formatSeconds } from '../text-table.ts';

const months: CommandSpec = {
  name: 'months',
  summary: 'realistic monthly DBN files: several contracts, rolls, day and night hours',
  description:
    'Writes one glbx-mdp3-….ohlcv-1s.dbn.zst a month and truth.json, which says what a reader must find in them. The same options always give the same bytes; files of those names are replaced, each at once.',
  options: [
    option('--from <month>', 'first month, YYYY-MM').makeOptionMandatory(),
    option('--to <month>', 'last month, YYYY-MM (the first unless told)'),
    option('--out <folder>', 'where to; made if need be').makeOptionMandatory(),
    option('--seed <number>', 'another seed is another market', '1'),
    option('--scale <share>', 'share of a real month’s records, above 0 and at most 1', '1'),
    option('--defects', 'plant the faults that cleaning must find'),
  ],
  examples: [
    'barline sample months --from 2024-02 --to 2024-04 --out data',
    'barline sample months --from 2024-03 --out data --scale 0.05 --seed 7 --defects',
  ],
  run: async ({ output, now, signal }, _args, options) => {
    const from = textOption(options, 'from') ?? '';
    const seed = countOption(options, 'seed') ?? 1;
    const { writeSampleMonths } = await import('../../sample/index.ts');
    const progress = countProgress(output, now, 'records');
    const started = now();
    let records = 0;
    let monthStarted = started;
    const written = await writeSampleMonths({
      from,
      to: textOption(options, 'to') ?? from,
      outDir: folderOption(options, 'out') ?? '',
      seed,
      scale: scaleOf(textOption(options, 'scale') ?? '1'),
      defects: options.defects === true,
      onProgress: (month) => {
        signal.throwIfAborted();
        records += month.records;
        const seconds = (now() - monthStarted) / 1000;
        const left = ((now() - started) / 1000 / month.done) * (month.total - month.done);
        monthStarted = now();
        progress.end();
        output.json({ month: month.month, records: month.records, seconds });
        output.note(
          `${month.month}  ${formatCount(month.records)} records in ${formatSeconds(seconds)}  (${month.done}/${month.total})`,
        );
        if (month.done < month.total) progress.update(records, `ETA ${formatSeconds(left)}`);
      },
    }).finally(progress.end);
    const seconds = (now() - started) / 1000;
    output.json({
      summary: {
        months: written.files.length,
        records: written.records,
        bytes: written.byteLength,
        seconds,
        records_per_second: seconds > 0 ? Math.round(written.records / seconds) : null,
        files: written.files,
        truth: written.truthFile,
      },
    });
    output.text(
      `${written.files.length} ${written.files.length === 1 ? 'month' : 'months'}, ${formatCount(written.records)} records, ${formatByteLength(written.byteLength)} in ${formatSeconds(seconds)}: ${textOption(options, 'out')}`,
    );
    return 0;
  },
};

function scaleOf(text: string): number {
  const scale = text.trim() === '' ? Number.NaN : Number(text);
  if (scale > 0 && scale <= 1) return scale;
  throw usageError(
    `--scale is ${JSON.stringify(text)}; expected a number above 0 and at most 1`,
    'try 0.05 for a quick one',
  );
}

export const sample: NounSpec = {
  name: 'sample',
  summary: 'sample data that needs no account with a vendor',
  verbs: [months],
};
