import { BarlineError } from '../base/index.ts';
import { isStorageError, isTemporaryPath, type Storage } from '../storage/index.ts';

/** Who runs: enough to tell later whether that process still lives. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** A text that differs between two processes which had the same pid one after the other; null if unknown. */
  readonly startToken: string | null;
}

export interface RunRecord extends ProcessIdentity {
  readonly runId: string;
  readonly startedAt: string;
}

/** Tells of a process whether it lives. */
export type LivenessProbe = (identity: ProcessIdentity) => 'alive' | 'dead' | 'unknown';

const FOLDER = '_barline/runs/';

/** How often a run looks whether one that came at the same moment has stepped back. */
const LOOKS = 20;

const pathOf = (runId: string) => `${FOLDER}${runId}.json`;

/** Notes in the lake that a run writes there. Every file the run makes has its id in the name. */
export async function openJournal(lake: Storage, record: RunRecord): Promise<void> {
  const write = () => lake.put(pathOf(record.runId), new TextEncoder().encode(`${JSON.stringify(record)}\n`));
  await write().catch((error: unknown) => {
    // a run that starts now takes any half-written journal for a dead run's
    if (isStorageError(error, 'STORAGE_NOT_FOUND')) return write();
    throw error;
  });
}

/**
 * Opens the journal and makes sure that no other run works on the lake. Of two that come at the same moment the one
 * with the lower id stays; it waits for the other to step back, `pause` between looks. Throws `RUN_IN_PROGRESS` with
 * the journal closed again.
 */
export async function claimLake(
  lake: Storage,
  record: RunRecord,
  probe: LivenessProbe,
  pause: () => Promise<void>,
): Promise<void> {
  await openJournal(lake, record);
  for (let look = 1; ; look++) {
    const runs = await listRuns(lake);
    const others = runs.filter((run) => run.runId !== record.runId && probe(run) !== 'dead');
    if (others.length === 0) return;
    const first = others.find((run) => run.runId < record.runId) ?? (look > LOOKS ? others[0] : undefined);
    if (first !== undefined) {
      await closeJournal(lake, record.runId);
      throw inProgress(lake, first);
    }
    await pause();
  }
}

export async function closeJournal(lake: Storage, runId: string): Promise<void> {
  await lake.delete(pathOf(runId));
}

/** The runs the lake knows of: at work, or dead before they could clear up. */
export async function listRuns(lake: Storage): Promise<RunRecord[]> {
  const records: RunRecord[] = [];
  for await (const file of lake.list(FOLDER)) {
    if (!file.path.endsWith('.json')) continue;
    const record = parseRecord(await readIfThere(lake, file.path));
    if (record !== undefined) records.push(record);
  }
  return records;
}

/** Empty when its run has ended since the folder was listed. A journal that may not be read is no sign of that. */
async function readIfThere(lake: Storage, path: string): Promise<Uint8Array> {
  return lake.read(path).catch((error: unknown) => {
    if (isStorageError(error, 'STORAGE_NOT_FOUND')) return new Uint8Array();
    throw error;
  });
}

function parseRecord(bytes: Uint8Array): RunRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { runId, startedAt, host, pid, startToken } = Object.fromEntries(Object.entries(value));
  if (typeof runId !== 'string' || typeof startedAt !== 'string') return undefined;
  if (typeof host !== 'string' || typeof pid !== 'number') return undefined;
  return { runId, startedAt, host, pid, startToken: typeof startToken === 'string' ? startToken : null };
}

/** The data files a table's log knows, in any version, as paths relative to the table. */
export type ReferencedPaths = (table: string) => Promise<ReadonlySet<string>>;

/**
 * Removes what dead runs left: files that bear a dead run's id and that no version of any table refers to, and
 * journals cut short. Throws `RUN_IN_PROGRESS` when another run is at work on the lake. Returns the paths removed,
 * relative to the lake.
 */
export async function removeLeftovers(
  lake: Storage,
  tables: readonly string[],
  referenced: ReferencedPaths,
  probe: LivenessProbe,
): Promise<string[]> {
  const runs = await listRuns(lake);
  for (const run of runs) {
    if (probe(run) !== 'dead') throw inProgress(lake, run);
  }
  const removed: string[] = [];
  for await (const file of lake.list(FOLDER, { details: false })) {
    if (isTemporaryPath(file.path) && (await lake.delete(file.path))) removed.push(file.path);
  }
  const ids = runs.map((run) => run.runId);
  if (ids.length > 0) removed.push(...(await removeUnreferenced(lake, tables, referenced, ids)));
  for (const id of ids) await closeJournal(lake, id);
  return removed;
}

/** Removes the files that bear one of these runs' ids and that no version of any table refers to; their paths. */
export async function removeUnreferenced(
  lake: Storage,
  tables: readonly string[],
  referenced: ReferencedPaths,
  runIds: readonly string[],
): Promise<string[]> {
  const removed: string[] = [];
  for (const table of tables) {
    const known = await referenced(table);
    for await (const file of lake.list(`${table}/`, { details: false })) {
      const path = file.path.slice(table.length + 1);
      const name = path.slice(path.lastIndexOf('/') + 1);
      if (known.has(path) || !runIds.some((id) => name.includes(id))) continue;
      if (await lake.delete(file.path)) removed.push(file.path);
    }
  }
  return removed;
}

function inProgress(lake: Storage, run: RunRecord): BarlineError {
  return new BarlineError({
    code: 'RUN_IN_PROGRESS',
    message: `another run works on ${lake.uri}: process ${run.pid} on ${run.host}, since ${run.startedAt}`,
    hint: `wait for it; if that process is surely gone, delete ${pathOf(run.runId)} in the lake`,
    facts: { ...run },
  });
}
