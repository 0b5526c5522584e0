/** What of a fetched piece of a partition may be read: committed messages alone. */
import type { SourceMessage } from './source.ts';

/** A record batch of Kafka, as far as it matters here. */
export interface RecordBatch {
  readonly firstOffset: bigint;
  readonly lastOffsetDelta: number;
  readonly attributes: number;
  readonly producerId: bigint;
  readonly records: readonly {
    readonly offsetDelta: number;
    readonly key: Uint8Array | null;
    readonly value: Uint8Array | null;
  }[];
}

export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
}

const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
const ABORT = 0;

/**
 * The committed messages of consecutive batches, by the rule of Kafka's protocol: from the first offset of an aborted
 * transaction on, a producer's transactional batches do not count, up to its abort marker, which may lie in a later
 * piece. Control batches hold no messages.
 */
export function committedRecords(
  batches: readonly RecordBatch[],
  aborted: readonly AbortedTransaction[],
): SourceMessage[] {
  const messages: SourceMessage[] = [];
  const ahead = [...aborted].sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  const aborting = new Set<bigint>();
  for (const { firstOffset, lastOffsetDelta, attributes, producerId, records } of batches) {
    const last = firstOffset + BigInt(lastOffsetDelta);
    for (let next = ahead[0]; next !== undefined && next.firstOffset <= last; next = ahead[0]) {
      aborting.add(next.producerId);
      ahead.shift();
    }
    if ((attributes & CONTROL) !== 0) {
      if (isAbort(records[0]?.key)) aborting.delete(producerId);
      continue;
    }
    if ((attributes & TRANSACTIONAL) !== 0 && aborting.has(producerId)) continue;
    for (const { offsetDelta, value } of records) {
      messages.push({ offset: Number(firstOffset) + offsetDelta, value });
    }
  }
  return messages;
}

/** A marker's key is its version and its type, two bytes each. */
function isAbort(key: Uint8Array | null | undefined): boolean {
  if (key === null || key === undefined || key.length < 4) return false;
  return new DataView(key.buffer, key.byteOffset, key.length).getInt16(2) === ABORT;
}
