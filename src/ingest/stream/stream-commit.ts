/** One commit of a stream: the windows closed, and how far each partition is. */

import { type AddFile, ConcurrentModificationError, type DeltaTable } from '../../delta/index.ts';
import type { DeadLetters } from '../../quality/index.ts';
import { removeBarFiles } from '../bar-files.ts';
import type { PartitionBatch } from './partition-state.ts';
import { progressText, type StoredProgress, setProgress, textOf } from './progress.ts';
import { writeWindowFiles } from './window-files.ts';

export interface StreamCommitRequest {
  readonly table: DeltaTable;
  readonly provider: string;
  readonly topic: string;
  readonly batches: readonly PartitionBatch[];
  readonly deadLetters: Pick<DeadLetters, 'stage' | 'publish' | 'discard'>;
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
  readonly progress: StoredProgress;
  readonly files: readonly AddFile[];
}

/**
 * Stages dead letters, writes data files, then commits rows and progress, which names the letters, as one version; then
 * publishes the letters. A kill before the commit leaves letters and files that no version names, one after it letters
 * that the partition's next owner publishes. A partition whose progress in the log is not what its batch goes on from
 * has another owner by now; its batch is dropped, the rest is committed.
 */
export async function commitStream(request: StreamCommitRequest): Promise<StreamCommit> {
  const { table, batches, topic, provider, ingestionId, nowMs, deadLetters } = request;
  const isOurs = ({ partition, base }: PartitionBatch) =>
    progressText(table.latest, { topic, partition }) === base;
  let written: Written[] = await Promise.all(
    batches.map(async (batch) => {
      const { partition } = batch;
      const origin = { provider, topic, partition, ingestionId, extractedUs: nowMs * 1000 };
      const context = { provider, topic, partition };
      const letters = await deadLetters.stage({ context, records: batch.dead });
      const files = await writeWindowFiles(table, batch.bars, origin);
      return { batch, progress: { ...batch.progress, letters }, files };
    }),
  );
  const lost: number[] = [];
  while (written.length > 0) {
    for (const { batch, progress, files } of written.filter((each) => !isOurs(each.batch))) {
      lost.push(batch.partition);
      await deadLetters.discard(progress.letters);
      await removeBarFiles(table, files);
    }
    written = written.filter(({ batch }) => isOurs(batch));
    const version = written.length === 0 ? undefined : await tryCommit(request, written);
    if (version === undefined) break;
    if (version === 'overtaken') {
      await table.refresh();
      continue;
    }
    const rowCount = written.reduce((sum, { batch }) => sum + batch.bars.length, 0);
    const committed = new Map(
      written.map(({ batch, progress }) => [batch.partition, textOf(progress)] as const),
    );
    await deadLetters.publish(written.flatMap(({ progress }) => progress.letters));
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
  for (const { batch, progress, files } of written) {
    for (const file of files) transaction.add(file);
    setProgress(transaction, { topic, partition: batch.partition }, progress);
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
