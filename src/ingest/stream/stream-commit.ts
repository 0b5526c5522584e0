/** One commit of a stream: the windows closed, and how far each partition is. */
import { type AddFile, ConcurrentModificationError, type DeltaTable } from '../../delta/index.ts';
import type { DeadLetters } from '../../quality/index.ts';
import type { PartitionBatch } from './partition-state.ts';
import { progressText, setProgress, textOf } from './progress.ts';
import { writeWindowFiles } from './window-files.ts';

export interface StreamCommitRequest {
  readonly table: DeltaTable;
  readonly provider: string;
  readonly topic: string;
  readonly batches: readonly PartitionBatch[];
  readonly deadLetters: Pick<DeadLetters, 'add'>;
  readonly ingestionId: string;
  readonly nowMs: number;
}

export interface StreamCommit {
  /** Undefined when nothing was left to commit. */
  readonly version: number | undefined;
  readonly rowCount: number;
  /** By partition, the text of its progress as it stands in the log now. */
  readonly committed: ReadonlyMap<number, string>;
  /** Partitions that somebody else has carried on: what was done of them here is void. */
  readonly lost: readonly number[];
}

interface Written {
  readonly batch: PartitionBatch;
  readonly files: readonly AddFile[];
}

/**
 * Keeps dead letters, writes data files, then commits rows and progress as one version. A kill before that leaves dead
 * letters that the next run recognises by their offsets, and files that no version names. A partition whose progress in
 * the log is not what its batch goes on from has another owner by now; its batch is dropped, the rest is committed.
 */
export async function commitStream(request: StreamCommitRequest): Promise<StreamCommit> {
  const { table, batches, topic, provider, ingestionId, nowMs, deadLetters } = request;
  const isOurs = ({ partition, base }: PartitionBatch) =>
    progressText(table.latest, { topic, partition }) === base;
  // who has lost a partition leaves its dead letters to the one who has it now
  if (batches.some(({ dead }) => dead.length > 0)) await table.refresh();
  for (const { partition, dead } of batches.filter(isOurs)) {
    if (dead.length > 0) await deadLetters.add({ context: { provider, topic, partition }, records: dead });
  }
  let written: Written[] = await Promise.all(
    batches.map(async (batch) => {
      const { partition } = batch;
      const origin = { provider, topic, partition, ingestionId, extractedUs: nowMs * 1000 };
      return { batch, files: await writeWindowFiles(table, batch.bars, origin) };
    }),
  );
  const lost: number[] = [];
  while (written.length > 0) {
    for (const { batch, files } of written.filter((each) => !isOurs(each.batch))) {
      lost.push(batch.partition);
      await removeFiles(table, files);
    }
    written = written.filter(({ batch }) => isOurs(batch));
    const version = written.length === 0 ? undefined : await tryCommit(request, written);
    if (version === undefined) break;
    if (version === 'overtaken') {
      await table.refresh();
      continue;
    }
    const rowCount = written.reduce((sum, { batch }) => sum + batch.bars.length, 0);
    const committed = new Map(written.map(({ batch }) => [batch.partition, textOf(batch.progress)] as const));
    return { version, rowCount, committed, lost };
  }
  return { version: undefined, rowCount: 0, committed: new Map(), lost };
}

async function tryCommit(
  { table, topic }: StreamCommitRequest,
  written: readonly Written[],
): Promise<number | 'overtaken'> {
  const transaction = table.transaction();
  let [rowCount, fileCount] = [0, 0];
  for (const { batch, files } of written) {
    for (const file of files) transaction.add(file);
    setProgress(transaction, { topic, partition: batch.partition }, batch.progress);
    rowCount += batch.bars.length;
    fileCount += files.length;
  }
  transaction.operation({
    name: 'STREAMING UPDATE',
    parameters: { outputMode: 'Append', queryId: `barline-stream/${topic}` },
    metrics: { numAddedFiles: String(fileCount), numOutputRows: String(rowCount) },
  });
  try {
    // Commit point: rows, the offsets to restart from (txn) and the rest of the progress become one version, or none.
    const { version, alreadyCommitted } = await transaction.commit();
    return alreadyCommitted ? 'overtaken' : version;
  } catch (error) {
    if (error instanceof ConcurrentModificationError) return 'overtaken';
    throw error;
  }
}

async function removeFiles(table: DeltaTable, files: readonly AddFile[]): Promise<void> {
  // a file that stays is found by vacuum: no version names it
  await Promise.all(files.map(({ path }) => table.storage.delete(decodeURI(path)).catch(() => false)));
}
