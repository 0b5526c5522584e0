import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { processingOf, settingsSchema } from '../../src/cli/configuration.ts';
import { DeltaTable } from '../../src/delta/index.ts';
import { type RunOptions, runMonths } from '../../src/months/index.ts';

export const defaultProcessing = processingOf(settingsSchema.parse({}));

const opening = { zone: 'America/Chicago', open: '08:30', close: '09:00', calendar: 'cme-equity' };

/** Half an hour a day, for tests of how runs begin, commit and end. */
export const shortProcessing = processingOf(
  settingsSchema.parse({ session: 'opening', sessions: { opening } }),
);

/** A run with the defaults, two threads, and what differs. */
export function run(sourceUri: string, lakeUri: string, changes: Partial<RunOptions> = {}) {
  return runMonths({
    sourceUri,
    lakeUri,
    processing: defaultProcessing,
    plan: { take: 'default' },
    workers: 2,
    compressionLevel: 1,
    now: Date.now,
    signal: new AbortController().signal,
    onEvent: () => {},
    ...changes,
  });
}

/** SHA-256 of the data files of every month, by month, of the newest or an earlier version. */
export async function monthHashes(lakeUri: string, table = 'training_bars', version?: number) {
  const delta = await DeltaTable.open(join(lakeUri, table));
  const scan = await delta.scan(version === undefined ? {} : { version });
  const hashes: Record<string, string[]> = {};
  for (const file of scan.files) {
    const path = delta.localPath(file) ?? '';
    const hash = createHash('sha256').update(readFileSync(path)).digest('hex');
    const month = String(file.partitionValues.month);
    hashes[month] = [...(hashes[month] ?? []), hash].sort();
  }
  return hashes;
}

/** Every file below a folder that no version of the lake's tables names and that is no log. */
export async function strayFiles(lakeUri: string): Promise<string[]> {
  const stray: string[] = [];
  const referenced = new Map<string, ReadonlySet<string>>();
  for (const entry of readdirSync(lakeUri, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.parentPath.endsWith('_delta_log')) continue;
    const path = join(entry.parentPath, entry.name).slice(lakeUri.length + 1);
    if (/^processed-data\/.*\/monthly_[^/]+\.json$|^_barline\/(?:failures|alerts)\/.*[^/]+$/.test(path))
      continue;
    const [table = ''] = path.split('/');
    const known = referenced.get(table) ?? (await referencedBy(lakeUri, table));
    referenced.set(table, known);
    if (!known.has(path.slice(table.length + 1))) stray.push(path);
  }
  const temporary = readdirSync(lakeUri, { recursive: true }).filter((path) =>
    String(path).includes('.barline-tmp'),
  );
  return [...new Set([...stray, ...temporary.map(String)])];
}

async function referencedBy(lakeUri: string, table: string): Promise<ReadonlySet<string>> {
  if (table.startsWith('_')) return new Set();
  return (await DeltaTable.open(join(lakeUri, table))).allReferencedPaths();
}
