import { type CommandSpec, repeatable } from '../command.ts';
import { openMonthsRequest, sourceOption, workOptions } from '../months-request.ts';
import { processingOptions } from '../processing-options.ts';
import { runAndPrint } from '../run-months.ts';
import { countOfMonths } from '../run-result.ts';

export const retry: CommandSpec = {
  name: 'retry',
  summary: 'takes just the months that failed',
  description:
    'Runs the months that the lake has noted as failed, and no other. A month that comes through is noted no more; ' +
    'the note of one that fails again says why it did.',
  options: [
    sourceOption(),
    repeatable('--month <month>', 'of the failed months only this one; may be given several times'),
    ...workOptions(),
    ...processingOptions(),
  ],
  examples: [
    'barline months retry --source data --lake lake',
    'barline months retry --month 2024-10 --retries 5 --retry-delay 1m',
  ],
  keepsWorking: true,
  run: async (invocation, _args, options) => {
    const { output } = invocation;
    const { range, ...request } = await openMonthsRequest(invocation, options);
    const { discoverMonths, listFailures } = await import('../../months/index.ts');
    const { openStorage } = await import('../../storage/index.ts');
    const noted = await listFailures(openStorage(request.lakeUri));
    const failures = noted.filter(({ month }) => range.months?.includes(month) ?? true);
    if (failures.length === 0) {
      const others =
        noted.length === 0 ? '' : `; ${countOfMonths(noted.length)} failed that --month leaves out`;
      output.json({ summary: { months: 0, succeeded: 0, failed: 0, skipped: 0 } });
      output.text(`nothing to retry: no month has failed${others}`);
      return 0;
    }
    const found = new Set(
      (await discoverMonths(openStorage(request.sourceUri))).months.map((raw) => raw.month),
    );
    const gone = failures.filter(({ month }) => !found.has(month));
    for (const { month, source_file } of gone) {
      output.note(`${month} cannot be tried again: ${source_file} is no longer in ${request.sourceUri}`);
    }
    const months = failures.map(({ month }) => month).filter((month) => found.has(month));
    const code = months.length === 0 ? 0 : await runAndPrint(invocation, request, { months, take: 'force' });
    return gone.length > 0 ? 1 : code;
  },
};
