/** Months put back as they were in an earlier version, by naming their old data files again. */
import { BarlineError } from '../base/index.ts';
import type { DeltaTable, Operation } from '../delta/index.ts';
import { appIdOf, MonthlyLake } from './lake.ts';
import type { FileChange, MonthRollback, RollbackPlan } from './rollback-plan.ts';
import { restoreStatistics } from './statistics-file.ts';
import { MONTH_COLUMN, MONTH_TABLES, type MonthTable } from './tables.ts';

/**
 * Carries a plan out: one commit for each table, `training_bars` last. All bear one new transaction number, so that a
 * crash in between shows, and the months are then taken by the next run; or the rollback is done again. Fails when
 * somebody changed one of the months since the plan was made. Returns the version of `training_bars`, that before it
 * where nothing was to be done.
 */
export async function rollBack(plan: RollbackPlan, nowMs: number): Promise<number> {
  const { tables } = plan;
  const months = plan.months.filter(({ isSame }) => !isSame);
  if (months.length === 0) return tables.training_bars.version;
  const txnVersion = months.reduce((highest, { month }) => {
    const last = MONTH_TABLES.map(
      (name) => tables[name].latest.transactions.get(appIdOf(month))?.version ?? 0,
    );
    return Math.max(highest, ...last.map((version) => version + 1));
  }, nowMs);
  let version = 0;
  for (const name of MONTH_TABLES) {
    if (name === 'training_bars') {
      await restoreStatistics(
        plan.lake,
        tables.monthly_statistics,
        months.map(({ month }) => month),
      );
    }
    version = await rollBackTable(name, tables[name], months, txnVersion);
  }
  return version;
}

async function rollBackTable(
  name: MonthTable,
  table: DeltaTable,
  months: readonly MonthRollback[],
  txnVersion: number,
): Promise<number> {
  const transaction = table.transaction().refuseAfter('VACUUM START').rowsChecked();
  for (const { month, record, files, statisticsFile } of months) {
    transaction.readPartitions({ [MONTH_COLUMN]: month }).setTransaction(appIdOf(month), txnVersion);
    for (const file of files[name].removed) transaction.remove(file);
    for (const file of files[name].added) transaction.add({ ...file, dataChange: true });
    if (name !== 'monthly_statistics') continue;
    const tags = { ...statisticsFile.tags, ...MonthlyLake.recordTags({ ...record, txnVersion }) };
    transaction.add({ ...statisticsFile, tags, dataChange: true });
  }
  const { version, alreadyCommitted } = await transaction.operation(operationOf(name, months)).commit();
  if (alreadyCommitted) throw overtaken(table.uri, months);
  return version;
}

function overtaken(table: string, months: readonly MonthRollback[]): BarlineError {
  return new BarlineError({
    code: 'ROLLBACK_OVERTAKEN',
    message: `${table}: a run made one of ${months.map(({ month }) => month).join(', ')} at the same moment`,
    hint: 'wait for it to end, then roll back again',
    facts: { table, months: months.map(({ month }) => month) },
  });
}

function operationOf(name: MonthTable, months: readonly MonthRollback[]): Operation {
  const count = (which: keyof FileChange) =>
    String(months.reduce((sum, { files }) => sum + files[name][which].length, 0));
  return {
    name: 'ROLLBACK MONTHS',
    parameters: {
      months: JSON.stringify(months.map(({ month }) => month)),
      versions: JSON.stringify(months.map(({ toVersion }) => toVersion)),
    },
    metrics: { numRestoredFiles: count('added'), numRemovedFiles: count('removed') },
  };
}
