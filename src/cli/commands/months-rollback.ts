import type { MonthReason, MonthRollback } from '../../months/index.ts';
import { countOption } from '../arguments.ts';
import { type CommandSpec, option } from '../command.ts';
import { confirm } from '../confirm.ts';
import type { Output } from '../output.ts';
import { countOfMonths } from '../run-result.ts';
import { lakeOf } from '../table-argument.ts';
import { formatCount, textTable } from '../text-table.ts';

export const rollback: CommandSpec = {
  name: 'rollback',
  summary: 'puts months back as they were in an earlier version, and only those',
  description:
    'Puts the rows of the months named back as they were in an earlier version of `training_bars`, with their ' +
    'quarantine, rolls and statistics. The old data files are named again, nothing is rewritten and no other month ' +
    'is touched. The same command again brings the newer rows back. A month whose configuration, source or kernels ' +
    'are no longer those of now is stale afterwards, and the next plain `months run` makes it again.',
  arguments: [['<months...>', 'months, as YYYY-MM']],
  options: [
    option(
      '--to-version <n>',
      'version of training_bars to go back to (default: the one before each month’s last change)',
    ),
    option('--dry-run', 'only say what would be done'),
  ],
  examples: [
    'barline months rollback 2024-01 2024-02',
    'barline months rollback 2024-10 --to-version 17 --dry-run',
    'barline months rollback 2024-10 --yes --json',
  ],
  keepsWorking: true,
  run: async (invocation, args, options) => {
    const { output, now } = invocation;
    const { monthsAtWork, parseMonth, planRollback, rollBack, staleByMaking } = await import(
      '../../months/index.ts'
    );
    const { openStorage } = await import('../../storage/index.ts');
    const { processingOf } = await import('../configuration.ts');
    const months = args.flatMap((text) => (text === undefined ? [] : [parseMonth(text, 'month')]));
    const toVersion = countOption(options, 'toVersion');
    const { configuration, lake } = await lakeOf(invocation);
    const processing = processingOf(configuration.value);
    const plan = await planRollback({
      lakeUri: lake,
      months,
      ...(toVersion !== undefined && { toVersion }),
    });
    const stale = new Map(plan.months.map(({ month, record }) => [month, staleByMaking(record, processing)]));
    const changed = plan.months.filter(({ isSame }) => !isSame);
    const atWork = (await monthsAtWork(openStorage(lake))).map(({ month }) => month);
    const busy = changed.filter(({ month }) => atWork.includes(month)).map(({ month }) => month);
    if (busy.length > 0) output.note(`a run is at work on ${busy.join(', ')}: it may put newer rows on top`);
    printPlan(output, plan.months, stale);
    const isDryRun = options.dryRun === true;
    const version =
      isDryRun || changed.length === 0
        ? null
        : (await confirm(invocation, `Put ${countOfMonths(changed.length)} back?`))
          ? await rollBack(plan, now())
          : undefined;
    if (version === undefined) {
      output.note('nothing was changed');
      return 1;
    }
    const summary = { months: plan.months.length, changed: changed.length, dry_run: isDryRun, version };
    output.json({ summary });
    if (changed.length === 0) output.text('nothing to do: the months are as they were then');
    if (version === null) return 0;
    output.text(
      `${countOfMonths(changed.length)} put back; training_bars is at version ${version} (\`barline months rollback\` again undoes it)`,
    );
    const taken = changed.filter(({ month }) => stale.get(month) !== null).map(({ month }) => month);
    if (taken.length > 0) {
      output.note(
        `${taken.join(', ')} ${taken.length === 1 ? 'is' : 'are'} stale now: the next \`months run\` makes ${taken.length === 1 ? 'it' : 'them'} again unless it is given --skip-existing`,
      );
    }
    return 0;
  },
};

function printPlan(
  output: Output,
  months: readonly MonthRollback[],
  stale: ReadonlyMap<string, MonthReason | null>,
): void {
  for (const { month, toVersion, rowsNow, rowsThen, isSame } of months) {
    output.json({
      month,
      to_version: toVersion,
      rows_now: rowsNow,
      rows_then: rowsThen,
      changed: !isSame,
      stale: stale.get(month) ?? null,
    });
  }
  output.text(
    textTable(
      [
        { title: 'month' },
        { title: 'to version', align: 'right' },
        { title: 'rows now', align: 'right' },
        { title: 'rows then', align: 'right' },
        { title: 'made', align: 'left' },
        { title: 'afterwards' },
      ],
      months.map(({ month, toVersion, rowsNow, rowsThen, isSame, madeAtMs }) => [
        month,
        String(toVersion),
        formatCount(rowsNow),
        formatCount(rowsThen),
        new Date(madeAtMs).toISOString().slice(0, 19),
        isSame ? 'as it is now' : (stale.get(month) ?? 'made as it would be now'),
      ]),
    ),
  );
}
