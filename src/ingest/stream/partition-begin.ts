/** Where a partition is taken up: as the table has it, held to what the source still has. */
import { BarlineError } from '../../base/index.ts';
import type { DeltaTable } from '../../delta/index.ts';
import type { DeadLetters } from '../../quality/index.ts';
import type { StreamListener } from './events.ts';
import { PartitionState, type StreamRules } from './partition-state.ts';
import { START } from './partition-windows.ts';
import { progressText, type StoredProgress, storedProgress } from './progress.ts';
import type { MessageSource, PartitionRange } from './source.ts';

export interface BeginRequest {
  /** Refreshed. */
  readonly table: DeltaTable;
  readonly source: MessageSource;
  readonly deadLetters: Pick<DeadLetters, 'publish'>;
  readonly rules: StreamRules;
  readonly acceptLoss: boolean;
  readonly nowMs: number;
  readonly listener: StreamListener;
}

/**
 * `STREAM_OTHER_TOPIC` when the table's progress is of another topic of this name, `STREAM_MESSAGES_GONE` when the
 * source dropped messages that were not read yet. Publishes the dead letters of the last commit.
 */
export async function beginPartitions(
  request: BeginRequest,
  partitions: readonly number[],
): Promise<PartitionState[]> {
  const { table, source, rules, nowMs } = request;
  const { topic, identity } = source;
  return Promise.all(
    partitions.map(async (partition) => {
      const stored = storedProgress(table.latest, { topic, partition });
      await request.deadLetters.publish(stored?.letters ?? []);
      const range = await source.range(partition);
      const progress =
        stored === undefined ? fresh(range, identity) : resumed(request, partition, stored, range);
      const base = progressText(table.latest, { topic, partition });
      return new PartitionState({ partition, base, progress, rules, end: range.end, nowMs });
    }),
  );
}

function fresh({ start }: PartitionRange, identity: string | null): StoredProgress {
  return { ...START, restart: start, position: start, identity, ahead: [], letters: [] };
}

function resumed(
  { source, table, acceptLoss, listener }: BeginRequest,
  partition: number,
  stored: StoredProgress,
  { start, end }: PartitionRange,
): StoredProgress {
  const { topic, identity } = source;
  const { restart, position } = stored;
  if (stored.identity !== identity || end < restart) {
    const difference =
      stored.identity === identity
        ? `ends at ${end}, expected at least ${restart}`
        : `is ${identity}, expected ${stored.identity}`;
    throw new BarlineError({
      code: 'STREAM_OTHER_TOPIC',
      message: `${topic} is not what ${table.uri} was filled from: partition ${partition} ${difference}`,
      hint: 'was it deleted and made again? give it another name; `--topic NAME` names a file',
      facts: { topic, partition, table: table.uri },
    });
  }
  if (start <= restart) return stored;
  if (!acceptLoss) {
    throw new BarlineError({
      code: 'STREAM_MESSAGES_GONE',
      message: `the messages ${restart} to ${start - 1} of ${topic}, partition ${partition}, are gone: the oldest one left is ${start}`,
      hint: `${start > position ? `${start - position} of them were never read` : 'open windows were to be rebuilt from them'}; --accept-loss goes on without`,
      facts: { topic, partition, from: restart, to: start },
    });
  }
  listener({ type: 'gone', partition, from: restart, to: start });
  const ahead = stored.ahead.filter((offset) => offset >= start);
  return { ...stored, restart: start, position: Math.max(position, start), ahead };
}
