import type { FileEntry, Storage } from '../storage/index.ts';
import { storedName } from './column-identity.ts';
import { deltaError } from './delta-error.ts';
import { deletedFileRetentionMs } from './interval.ts';
import { type Pin, readPins } from './pins.ts';
import { checkWritable } from './protocol.ts';
import type { Snapshot } from './snapshot.ts';
import type { Transaction } from './transaction.ts';
import { neededFiles, removableFiles, VACUUM_START } from './vacuum-plan.ts';

const HOUR_MS = 3_600_000;
const IN_FLIGHT_HOURS = 24;
/** Files removed together. */
const AT_ONCE = 32;

export interface VacuumOptions {
  /** Versions younger than this stay readable. Default: `delta.deletedFileRetentionDuration`, 7 days. */
  readonly retentionHours?: number;
  /** Only tells what would be removed. */
  readonly dryRun?: boolean;
  /** Accepts a retention shorter than the table's property. */
  readonly force?: boolean;
  /** A file that no version names is taken for a commit in flight until it is so old. Default 24, at least. */
  readonly inFlightHours?: number;
}

export interface VacuumResult {
  readonly dryRun: boolean;
  /** Paths within the table's folder, removed or to be removed. */
  readonly files: readonly string[];
  readonly byteLength: number;
  readonly retentionHours: number;
  /** Pins whose versions were spared. */
  readonly pins: readonly Pin[];
}

/** What vacuum needs of the table; each call looks anew. */
export interface VacuumTable {
  readonly storage: Storage;
  refresh(): Promise<Snapshot>;
  snapshot(at: { readonly version: number }): Promise<Snapshot>;
  transaction(): Transaction;
  nowMs(): number;
}

/**
 * Removes files that no version within the retention and no pinned version needs, and records it in the log as
 * Spark does. `DELTA_RETENTION_TOO_SHORT` for a retention below the table's own, unless forced. Cost: one LIST of
 * the table's folder and a read of each commit within the retention.
 */
export async function vacuum(table: VacuumTable, options: VacuumOptions = {}): Promise<VacuumResult> {
  const snapshot = await table.refresh();
  // unconditional, as the feature vacuumProtocolCheck asks
  checkWritable(snapshot.protocol, snapshot.metadata, snapshot.schema, snapshot.table, 'none');
  const retentionMs = retentionOf(snapshot, options);
  const plan = await planVacuum(table, snapshot, retentionMs, options);
  const { files, pins } = plan;
  const result: VacuumResult = {
    dryRun: options.dryRun ?? false,
    files: files.map(({ path }) => path),
    byteLength: byteLength(files),
    retentionHours: retentionMs / HOUR_MS,
    pins,
  };
  if (!result.dryRun)
    await table.storage.giveUpWrites?.(table.nowMs() - unknownRetentionMs(retentionMs, options));
  if (result.dryRun || files.length === 0) return result;
  await recordStart(table, snapshot, files, options);
  // what was committed or pinned since the first look stays: looked at again, now that the log says we are here
  const again = await planVacuum(table, await table.refresh(), retentionMs, options);
  const stillRemovable = new Set(again.files.map(({ path }) => path));
  const removable = files.filter(({ path }) => stillRemovable.has(path));
  const removed = await removeFiles(table, removable);
  return { ...result, files: removed.map(({ path }) => path), byteLength: byteLength(removed) };
}

async function planVacuum(
  table: VacuumTable,
  snapshot: Snapshot,
  retentionMs: number,
  options: VacuumOptions,
): Promise<{ files: FileEntry[]; pins: Pin[] }> {
  const { storage } = table;
  const pins = await readPins(storage);
  const pinned: Snapshot[] = [];
  for (const version of new Set(pins.map((pin) => pin.version))) {
    pinned.push(await pinnedSnapshot(table, version, pins));
  }
  const nowMs = table.nowMs();
  const unknownMs = unknownRetentionMs(retentionMs, options);
  const needed = await neededFiles(storage, snapshot, pinned, nowMs - retentionMs);
  const ages = { knownBeforeMs: nowMs - retentionMs, unknownBeforeMs: nowMs - unknownMs };
  const keys = snapshot.schema.fields
    .filter((field) => snapshot.partitionColumns.includes(field.name))
    .flatMap((field) => [field.name, storedName(field, snapshot.properties)]);
  return { files: await removableFiles(storage, needed, ages, keys), pins };
}

/** How old what no version names must be before it is taken for a crashed writer's. */
function unknownRetentionMs(retentionMs: number, { inFlightHours = IN_FLIGHT_HOURS }: VacuumOptions): number {
  return Math.max(retentionMs, inFlightHours * HOUR_MS);
}

async function pinnedSnapshot(table: VacuumTable, version: number, pins: readonly Pin[]): Promise<Snapshot> {
  try {
    return await table.snapshot({ version });
  } catch (cause) {
    const names = pins.filter((pin) => pin.version === version).map((pin) => pin.name);
    throw deltaError({
      code: 'DELTA_BAD_PIN',
      message: `${table.storage.uri}: version ${version} is pinned (${names.join(', ')}) and can no longer be read, so vacuum cannot tell its files: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: 'unpin it, if it is given up',
      cause,
      facts: { table: table.storage.uri, version, pins: names },
    });
  }
}

function retentionOf(snapshot: Snapshot, { retentionHours, force }: VacuumOptions): number {
  const own = deletedFileRetentionMs(snapshot.properties);
  if (retentionHours === undefined) return own;
  const retentionMs = retentionHours * HOUR_MS;
  if (!(retentionMs >= 0) || (retentionMs < own && force !== true)) {
    throw deltaError({
      code: 'DELTA_RETENTION_TOO_SHORT',
      message: `${snapshot.table}: vacuum with a retention of ${retentionHours} h; expected at least the table's own ${own / HOUR_MS} h`,
      hint: 'readers and writers that are at work may need the younger files; force it when there are none, or set delta.deletedFileRetentionDuration',
      exitCode: 2,
      facts: { table: snapshot.table, retentionHours, leastHours: own / HOUR_MS },
    });
  }
  return retentionMs;
}

async function recordStart(
  table: VacuumTable,
  snapshot: Snapshot,
  files: readonly FileEntry[],
  { retentionHours, force = false }: VacuumOptions,
): Promise<void> {
  await table
    .transaction()
    .operation({
      name: VACUUM_START,
      parameters: {
        retentionCheckEnabled: !force,
        defaultRetentionMillis: deletedFileRetentionMs(snapshot.properties),
        ...(retentionHours !== undefined && { specifiedRetentionMillis: retentionHours * HOUR_MS }),
      },
      metrics: {
        numFilesToDelete: String(files.length),
        sizeOfDataToDelete: String(byteLength(files)),
      },
    })
    .commit();
}

/** A crash in between leaves fewer files, each of which nothing needs; the next vacuum goes on. */
async function removeFiles(table: VacuumTable, files: readonly FileEntry[]): Promise<FileEntry[]> {
  const removed: FileEntry[] = [];
  let status = 'FAILED';
  try {
    for (let i = 0; i < files.length; i += AT_ONCE) {
      const batch = files.slice(i, i + AT_ONCE);
      const there = await Promise.all(batch.map(({ path }) => table.storage.delete(path)));
      removed.push(...batch.filter((_, k) => there[k] === true));
    }
    status = 'COMPLETED';
  } finally {
    await table
      .transaction()
      .operation({
        name: 'VACUUM END',
        parameters: { status },
        metrics: {
          numDeletedFiles: String(removed.length),
          numVacuumedDirectories: String(new Set(removed.map(({ path }) => folderOf(path))).size),
        },
      })
      .commit();
  }
  return removed;
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

function byteLength(files: readonly FileEntry[]): number {
  return files.reduce((sum, file) => sum + file.byteLength, 0);
}
