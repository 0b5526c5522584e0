/** What the commands that write rows to a table share. */
import { tmpdir } from 'node:os';
import { parseByteLength, usageError } from '../base/index.ts';
import type { RowChangeResult } from '../delta/index.ts';
import type { SessionLimits } from '../query/index.ts';
import { textOption } from './arguments.ts';
import { type Invocation, option } from './command.ts';
import { openSession } from './query-output.ts';
import { RowFile } from './row-file.ts';
import { lakeOf } from './table-argument.ts';
import { formatCount } from './text-table.ts';

export const TXN = option(
  '--txn <app:version>',
  'write once: a version of this application that the table has already is not written again',
);

export const MERGE_SCHEMA = option('--merge-schema', 'add columns that the file has and the table lacks');

type Options = Readonly<Record<string, unknown>>;

/** `--txn` as the table takes it; empty when it was not given. */
export function txnOption(options: Options): {
  readonly txn?: { readonly appId: string; readonly version: number };
} {
  const text = textOption(options, 'txn');
  if (text === undefined) return {};
  const [, appId, version] = /^(.+):(\d{1,15})$/s.exec(text) ?? [];
  if (appId !== undefined && version !== undefined) return { txn: { appId, version: Number(version) } };
  throw usageError(
    `--txn is ${JSON.stringify(text)}; expected an application and a version`,
    'e.g. --txn nightly:42',
  );
}

/** The table, and what preparing a write of it may use. */
export async function openForWrite(invocation: Invocation, text: string) {
  const { openTable } = await import('../query/index.ts');
  const { configuration, lake } = await lakeOf(invocation);
  const { name, table } = await openTable(text, lake, invocation.directory);
  const { memory, workers } = configuration.value.run;
  const limits: SessionLimits = {
    memoryByteLength: parseByteLength(memory) ?? 2e9,
    threads: workers,
    temporaryFolder: tmpdir(),
  };
  return { name, table, limits, configuration };
}

type OpenedForWrite = Awaited<ReturnType<typeof openForWrite>>;

/** Writes the rows of FILE to TABLE and says what came of it. */
export async function writeFile(
  invocation: Invocation,
  [text = '', file = '']: readonly (string | undefined)[],
  write: (
    opened: OpenedForWrite,
    source: { readonly relation: string; readonly session: Awaited<ReturnType<typeof openSession>> },
  ) => Promise<RowChangeResult>,
): Promise<number> {
  const opened = await openForWrite(invocation, text);
  await using rows = await RowFile.open(invocation, file);
  using session = await openSession(opened.configuration);
  reportWrite(invocation, opened.name, await write(opened, { relation: rows.relation, session }));
  return 0;
}

/** What a write did, in a line or as JSON. */
export function reportWrite({ output }: Invocation, name: string, result: RowChangeResult): void {
  output.json({
    table: name,
    version: result.version,
    already_committed: result.alreadyCommitted,
    rows_inserted: result.rowsInserted,
    rows_updated: result.rowsUpdated,
    rows_deleted: result.rowsDeleted,
    rows_copied: result.rowsCopied,
    files_added: result.filesAdded,
    files_removed: result.filesRemoved,
    deletion_vectors: result.vectorsAdded,
  });
  if (result.alreadyCommitted) {
    output.text(`${name}: this transaction is in version ${result.version} or before; nothing was written`);
    return;
  }
  const { rowsInserted, rowsUpdated, rowsDeleted } = result;
  output.text(
    `${name}: version ${result.version}; ${formatCount(rowsInserted)} rows inserted, ${formatCount(rowsUpdated)} updated, ${formatCount(rowsDeleted)} deleted`,
  );
}
