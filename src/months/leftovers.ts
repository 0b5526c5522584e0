/** What dead runs left in a lake: data files no version names, temporary files, claims, journals. */
import { isTemporaryPath, type Storage } from '../storage/index.ts';
import type { MonthClaims } from './claims.ts';
import type { Month } from './month.ts';
import { markOfRun, runIdIn } from './run-id.ts';
import { removeJournal } from './run-journal.ts';
import type { RunWatch } from './run-watch.ts';
import type { RunWorld } from './run-world.ts';

/** The tables of a lake as far as it matters which of their files are in use. */
export interface RunTables {
  readonly names: readonly string[];
  /** Paths that any version of a table names, relative to the table. */
  referencedPaths(name: string): Promise<ReadonlySet<string>>;
  /** The number of a month's last transaction as of now; 0 before the first. */
  lastTransaction(month: Month): Promise<number>;
}

const MONTH_IN_PATH = /(?:^|\/)month=(\d{4}-\d\d)\//;

/**
 * Removes what runs left that are over; the paths. Of a run that is only silent, nothing goes that it could still
 * commit: a month's files and claim stay until a newer transaction of that month bars the way.
 */
export async function removeLeftovers(
  lake: Storage,
  tables: RunTables,
  watch: RunWatch,
  claims: MonthClaims,
  world: RunWorld,
): Promise<string[]> {
  const removed = await removeTemporary(lake, world);
  const over = watch.runs.map(({ runId }) => runId).filter((runId) => watch.stateOf(runId) !== 'alive');
  if (over.length === 0) return removed;
  const guard = new CommitGuard(tables, watch, await claims.list());
  const kept = new Set<string>();
  removed.push(
    ...(await removeUnreferenced(lake, tables, over, async (runId, month) => {
      const isSafe = await guard.cannotCommit(runId, month);
      if (!isSafe) kept.add(runId);
      return isSafe;
    })),
  );
  for (const claim of await claims.list()) {
    if (!over.includes(claim.runId)) continue;
    if (await guard.cannotCommit(claim.runId, claim.month)) await claims.remove(claim);
    else kept.add(claim.runId);
  }
  for (const runId of over) if (!kept.has(runId)) await removeJournal(lake, runId);
  return removed;
}

/** Tells whether a run that is over can still commit a month. */
class CommitGuard {
  readonly #tables: RunTables;
  readonly #watch: RunWatch;
  readonly #claims: Awaited<ReturnType<MonthClaims['list']>>;
  readonly #last = new Map<Month, Promise<number>>();

  constructor(tables: RunTables, watch: RunWatch, claims: Awaited<ReturnType<MonthClaims['list']>>) {
    this.#tables = tables;
    this.#watch = watch;
    this.#claims = claims;
  }

  async cannotCommit(runId: string, month: Month | undefined): Promise<boolean> {
    if (this.#watch.stateOf(runId) === 'dead') return true;
    const own = this.#claims.filter(
      (claim) => claim.runId === runId && (month === undefined || claim.month === month),
    );
    for (const claim of own) {
      const last = this.#last.get(claim.month) ?? this.#tables.lastTransaction(claim.month);
      this.#last.set(claim.month, last);
      if ((await last) < claim.txnVersion) return false;
    }
    return true;
  }
}

/** Notes and documents that processes of this machine were killed at while they wrote them. */
async function removeTemporary(lake: Storage, world: RunWorld): Promise<string[]> {
  // an object store shows no half-written files
  if (lake.localPath('') === undefined) return [];
  const removed: string[] = [];
  for (const folder of ['_barline/', 'processed-data/']) {
    for await (const { path } of lake.list(folder, { details: false })) {
      const runId = isTemporaryPath(path) ? runIdIn(path) : undefined;
      if (runId === undefined || world.livenessOf(markOfRun(runId)) !== 'dead') continue;
      if (await lake.delete(path)) removed.push(path);
    }
  }
  return removed;
}

/** Removes the files that bear one of these runs' ids and that no version of any table refers to; their paths. */
export async function removeUnreferenced(
  lake: Storage,
  tables: RunTables,
  runIds: readonly string[],
  mayGo: (runId: string, month: Month | undefined) => Promise<boolean> = async () => true,
): Promise<string[]> {
  const removed: string[] = [];
  for (const table of tables.names) {
    const files: { path: string; runId: string }[] = [];
    for await (const { path } of lake.list(`${table}/`, { details: false })) {
      const runId = runIds.find((id) => path.slice(path.lastIndexOf('/')).includes(id));
      if (runId !== undefined && (await mayGo(runId, MONTH_IN_PATH.exec(path)?.[1])))
        files.push({ path, runId });
    }
    if (files.length === 0) continue;
    // the log is read after it is certain that nothing of these runs can be committed any more
    const known = await tables.referencedPaths(table);
    for (const { path } of files) {
      if (known.has(path.slice(table.length + 1))) continue;
      if (await lake.delete(path)) removed.push(path);
    }
  }
  return removed;
}
