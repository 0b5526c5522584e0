import { BarlineError } from '../base/index.ts';
import type { Storage } from '../storage/index.ts';

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

const pathOf = (runId: string) => `${FOLDER}${runId}.json`;

/** Notes in the lake that a run writes there. Every file the run makes has its id in the name. */
export function openJournal(lake: Storage, record: RunRecord): Promise<void> {
  return lake.put(pathOf(record.runId), new TextEncoder().encode(`${JSON.stringify(record)}\n`));
}

export async function closeJournal(lake: Storage, runId: string): Promise<void> {
  await lake.delete(pathOf(runId));
}

/** The runs the lake knows of: at work, or dead before they could clear up. */
export async function listRuns(lake: Storage): Promise<RunRecord[]> {
  const records: RunRecord[] = [];
  for await (const file of lake.list(FOLDER)) {
    if (!file.path.endsWith('.json')) continue;
    const record = parseRecord(await lake.read(file.path).catch(() => new Uint8Array()));
    if (record !== undefined) records.push(record);
  }
  return records;
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

/**
 * Removes what dead runs left: files that bear a dead run's id and that no version of any table refers to.
 * Throws `RUN_IN_PROGRESS` when another run is at work on the lake. `referenced` gives the data files a table's
 * log knows, as paths relative to the table. Returns the paths removed, relative to the lake.
 */
export async function removeLeftovers(
  lake: Storage,
  tables: readonly string[],
  referenced: (table: string) => Promise<ReadonlySet<string>>,
  probe: LivenessProbe,
): Promise<string[]> {
  const runs = await listRuns(lake);
  if (runs.length === 0) return [];
  for (const run of runs) {
    if (probe(run) !== 'dead') throw inProgress(lake, run);
  }
  const ids = runs.map((run) => run.runId);
  const removed: string[] = [];
  for (const table of tables) {
    const known = await referenced(table);
    for await (const file of lake.list(`${table}/`, { details: false })) {
      const path = file.path.slice(table.length + 1);
      const name = path.slice(path.lastIndexOf('/') + 1);
      if (known.has(path) || !ids.some((id) => name.includes(id))) continue;
      if (await lake.delete(file.path)) removed.push(file.path);
    }
  }
  for (const id of ids) await closeJournal(lake, id);
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
