import { join, resolve } from 'node:path';
import { formatByteLength, usageError } from '../../base/index.ts';
import { countOption, folderOption } from '../arguments.ts';
import { type CommandSpec, option } from '../command.ts';
import { processingOf, settingsSchema } from '../configuration.ts';
import { wholeNumber } from '../months-request.ts';
import { printResult } from '../run-result.ts';
import { shellWord, shownPath } from '../shown-path.ts';
import { formatCount, formatSeconds } from '../text-table.ts';

const FIRST_MONTH = '2024-02';

export const demo: CommandSpec = {
  name: 'demo',
  summary: 'sample months, the monthly run on them, and where everything lies',
  description:
    'Writes realistic monthly Databento files (ES, 1-second bars, a roll in March), takes them through the monthly ' +
    'run, and shows what came out. Needs no network and no account.',
  options: [
    option('--dir <dir>', 'where to put the sample and the lake', 'demo'),
    option('--months <n>', 'how many months, from February 2024 on', '3'),
    option('--seed <n>', 'seed of the sample', '1'),
  ],
  examples: ['barline demo', 'barline demo --dir barline-demo --months 6 --seed 42'],
  run: async (invocation, _args, options) => {
    const { output, now, signal, directory } = invocation;
    if (invocation.globals.lake !== undefined) {
      throw usageError(
        '--lake does not apply: the demo fills a lake of its own, never yours',
        '--dir DIR puts it at DIR/lake',
      );
    }
    const count = wholeNumber(options.months, '--months') ?? 3;
    if (count > 60)
      throw usageError(`--months ${count}: the demo makes at most 60`, 'use `barline sample months`');
    const seed = countOption(options, 'seed') ?? 1;
    const folder = resolve(directory, folderOption(options, 'dir') ?? 'demo');
    const dataFolder = join(folder, 'data');
    const lakeUri = join(folder, 'lake');
    // the sample is ES with everything built in, whatever a barline.yaml nearby says of other data
    const settings = settingsSchema.parse({});
    const { shiftMonth, runMonths } = await import('../../months/index.ts');
    const { writeSampleMonths } = await import('../../sample/index.ts');
    const shownLake = shownPath(lakeUri, directory);
    output.note(
      `Writing ${count} sample ${count === 1 ? 'month' : 'months'} to ${shownPath(dataFolder, directory)} ...`,
    );
    const startedMs = now();
    const sample = await writeSampleMonths({
      from: FIRST_MONTH,
      to: shiftMonth(FIRST_MONTH, count - 1),
      outDir: dataFolder,
      seed,
      defects: true,
      onProgress: () => signal.throwIfAborted(),
    });
    output.note(
      `${formatCount(sample.records)} records, ${formatByteLength(sample.byteLength)} of DBN in ` +
        `${formatSeconds((now() - startedMs) / 1000)}. Running them ...`,
    );
    const { runProgress } = await import('../run-progress.ts');
    const { outcomes, summary } = await runMonths({
      sourceUri: dataFolder,
      lakeUri,
      processing: processingOf(settings),
      plan: { take: 'force' },
      workers: settings.run.workers,
      compressionLevel: settings.run.compression_level,
      now,
      signal,
      onEvent: runProgress(output, now),
    });
    printResult(output, outcomes, summary, shownLake);
    // as the reader can type it: from a checkout, or from an installed package
    const command = import.meta.url.endsWith('.ts') ? './barline' : 'npx barline';
    const lake = shellWord(shownLake);
    output.json({ demo: { raw_months: dataFolder, lake: lakeUri } });
    output.text(
      [
        '',
        'What lies where:',
        `  raw months     ${shownPath(dataFolder, directory)}`,
        `  training_bars  ${join(shownLake, 'training_bars')}`,
        `  quarantine     ${join(shownLake, 'quarantine')}`,
        `  rolls          ${join(shownLake, 'rolls')}`,
        `  statistics     ${join(shownLake, 'monthly_statistics')}`,
        '',
        'Next:',
        `  ${command} table read training_bars --lake ${lake} --limit 5`,
        `  ${command} sql "SELECT month, count(*) AS bars, avg(label_low_vol_long) AS win_rate FROM training_bars GROUP BY month ORDER BY month" --lake ${lake}`,
        `  ${command} months show ${shiftMonth(FIRST_MONTH, Math.min(1, count - 1))} --lake ${lake}`,
      ].join('\n'),
    );
    return summary.failed > 0 ? 1 : 0;
  },
};
