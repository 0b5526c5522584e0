import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AbortedTransaction,
  committedRecords,
  type RecordBatch,
} from '../../../src/ingest/stream/committed-records.ts';

const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
const PLAIN_PRODUCER = -1n;

interface Written {
  readonly batches: readonly RecordBatch[];
  /** Aborted transactions with the offset of their marker. */
  readonly aborted: readonly (AbortedTransaction & { readonly marker: number })[];
  readonly committed: ReadonlySet<number>;
}

/** What producers do in turn: write plainly, write into the transaction they have open, end it. */
const step = fc.record({
  producer: fc.nat(2),
  does: fc.constantFrom('write', 'plain', 'commit', 'abort'),
  records: fc.integer({ min: 1, max: 3 }),
});

function write(steps: readonly { producer: number; does: string; records: number }[]): Written {
  const batches: RecordBatch[] = [];
  const aborted: (AbortedTransaction & { marker: number })[] = [];
  const committed = new Set<number>();
  const open = new Map<number, number[]>();
  let next = 0;
  const batch = (producerId: bigint, attributes: number, keys: (Buffer | null)[]) => {
    const offsets = keys.map((_, i) => next + i);
    batches.push({
      firstOffset: BigInt(next),
      lastOffsetDelta: keys.length - 1,
      attributes,
      producerId,
      records: keys.map((key, i) => ({ offsetDelta: i, key, value: Buffer.from(String(next + i)) })),
    });
    next += keys.length;
    return offsets;
  };
  const end = (producer: number, does: string) => {
    const offsets = open.get(producer);
    if (offsets === undefined) return;
    open.delete(producer);
    const [marker = 0] = batch(BigInt(producer), TRANSACTIONAL | CONTROL, [
      Buffer.from([0, 0, 0, does === 'abort' ? 0 : 1]),
    ]);
    if (does === 'commit') for (const offset of offsets) committed.add(offset);
    else aborted.push({ producerId: BigInt(producer), firstOffset: BigInt(offsets[0] ?? 0), marker });
  };
  for (const { producer, does, records } of steps) {
    const keys = Array.from({ length: records }, () => null);
    if (does === 'plain') for (const offset of batch(PLAIN_PRODUCER, 0, keys)) committed.add(offset);
    else if (does === 'write') {
      const offsets = batch(BigInt(producer), TRANSACTIONAL, keys);
      open.set(producer, [...(open.get(producer) ?? []), ...offsets]);
    } else end(producer, does);
  }
  // the broker gives nothing from the first open transaction on
  for (const producer of [...open.keys()]) end(producer, 'abort');
  return { batches, aborted, committed };
}

describe('the committed messages of a partition', () => {
  it('are those outside aborted transactions, however the batches are cut into pieces', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40 }),
        fc.array(fc.integer({ min: 1, max: 6 })),
        (steps, cuts) => {
          const { batches, aborted, committed } = write(steps);
          const read: number[] = [];
          for (let at = 0, k = 0; at < batches.length; k++) {
            const piece = batches.slice(at, at + (cuts[k] ?? 4));
            at += piece.length;
            const first = Number(piece[0]?.firstOffset);
            const last = Number(piece.at(-1)?.firstOffset) + (piece.at(-1)?.lastOffsetDelta ?? 0);
            // what the broker tells with a piece: transactions that have a part in it
            const told = aborted.filter(({ firstOffset, marker }) => firstOffset <= last && marker >= first);
            read.push(...committedRecords(piece, told.toReversed()).map(({ offset }) => offset));
          }
          expect(read).toEqual([...committed].sort((a, b) => a - b));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('carry their values', () => {
    const { batches } = write([{ producer: 0, does: 'plain', records: 2 }]);
    expect(committedRecords(batches, [])).toEqual([
      { offset: 0, value: Buffer.from('0') },
      { offset: 1, value: Buffer.from('1') },
    ]);
  });
});
