import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase85, encodeBase85 } from '../../src/delta/deletion-vectors/base85.ts';
import {
  BitmapError,
  decodeRoaring,
  encodeRoaring,
} from '../../src/delta/deletion-vectors/roaring-bitmap.ts';
import { DeltaTable, field, struct } from '../../src/delta/index.ts';
import { HandMadeTable, inlineVector } from './hand-made-table.ts';

const sorted = (rows: readonly number[]) => [...new Set(rows)].sort((a, b) => a - b);
/** Some rows near each other, as deletes leave them, and some far. */
const rowNumbers = fc
  .array(
    fc.oneof(
      fc.nat(200_000).map((row) => [row]),
      fc
        .tuple(fc.nat(2 ** 34), fc.integer({ min: 1, max: 9000 }))
        .map(([from, count]) => Array.from({ length: count }, (_, i) => from + i)),
    ),
    { maxLength: 12 },
  )
  .map((lists) => sorted(lists.flat()));

describe('base 85', () => {
  it('gives back the bytes, and the example of its specification', () => {
    expect(encodeBase85(Uint8Array.of(0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b))).toBe('HelloWorld');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 99 }), (bytes) => {
        const decoded = decodeBase85(encodeBase85(bytes)) ?? new Uint8Array();
        expect([...decoded.subarray(0, bytes.length)]).toEqual([...bytes]);
        expect(decoded.length).toBe(Math.ceil(bytes.length / 4) * 4);
      }),
    );
  });

  it.each(['Hell', 'Hell~', 'Hell\u00e4', '#####'])('refuses %s', (text) => {
    expect(decodeBase85(text)).toBeUndefined();
  });
});

describe('a Roaring bitmap', () => {
  it('gives back the rows', () => {
    fc.assert(
      fc.property(rowNumbers, (rows) => {
        expect([...decodeRoaring(encodeRoaring(rows))]).toEqual(rows);
      }),
      { numRuns: 60 },
    );
  });

  it('with runs, with and without a table of offsets', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(65_535), { minLength: 1, maxLength: 9 }),
        fc.array(fc.tuple(fc.nat(6000), fc.integer({ min: 1, max: 3000 })), { minLength: 1, maxLength: 5 }),
        (keys, gaps) => {
          const { bytes, rows } = runBitmap(sorted(keys), gaps);
          expect([...decodeRoaring(bytes)]).toEqual(rows);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('cut short anywhere is said to be', () => {
    const whole = encodeRoaring([1, 5, 70_000, 2 ** 33]);
    for (let length = 0; length < whole.length; length++) {
      expect(() => decodeRoaring(whole.subarray(0, length))).toThrow(BitmapError);
    }
  });
});

/** Containers of runs alone, written plainly. */
function runBitmap(keys: readonly number[], gaps: readonly (readonly [number, number])[]) {
  const runs: [number, number][] = [];
  let at = 0;
  for (const [gap, length] of gaps) {
    at += gap + 1;
    if (at + length > 65_535) break;
    runs.push([at, length]);
    at += length;
  }
  const values = runs.flatMap(([from, length]) => Array.from({ length }, (_, i) => from + i));
  const out: number[] = [];
  const push16 = (value: number) => out.push(value & 255, value >> 8);
  const push32 = (value: number) =>
    out.push(value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24);
  for (const word of [1_681_511_377, 1, 0, 0]) push32(word);
  push32(12_347 | ((keys.length - 1) << 16));
  for (let i = 0; i < Math.ceil(keys.length / 8); i++) out.push(255);
  for (const key of keys) {
    push16(key);
    push16(values.length - 1);
  }
  if (keys.length >= 4) for (const _ of keys) push32(0);
  for (const _ of keys) {
    push16(runs.length);
    for (const [from, length] of runs) {
      push16(from);
      push16(length - 1);
    }
  }
  return {
    bytes: Uint8Array.from(out),
    rows: keys.flatMap((key) => values.map((value) => key * 65_536 + value)),
  };
}

const UUID = 'd2c639aa-8816-431a-aaf6-d3fe2512ff61';
const VECTORS = { schema: struct([field('x', 'long')]), readerFeatures: ['deletionVectors'] };

async function tableOf(files: readonly (readonly number[])[]): Promise<HandMadeTable> {
  const table = new HandMadeTable();
  const vectors = table.vectorFile(UUID, ...files);
  const adds = await Promise.all(
    vectors.map((deletionVector, i) =>
      table.file(`${i}.parquet`, `SELECT range + ${i * 1000} AS x FROM range(100)`, { deletionVector }),
    ),
  );
  table.commit(0, ...HandMadeTable.first(VECTORS), ...adds);
  return table;
}

async function values({ folder }: HandMadeTable): Promise<number[]> {
  const { columns } = await (await (await DeltaTable.open(folder)).scan()).columns();
  return Array.from(columns.x?.values ?? [], Number).sort((a, b) => a - b);
}

describe('a deletion vector', () => {
  it('in a file with others leaves the other rows', async () => {
    const all = Array.from({ length: 100 }, (_, row) => row);
    const deleted = [[0, 99, 5], all, all.slice(10, 90)].map(sorted);
    const left = deleted.flatMap((rows, i) =>
      all.filter((row) => !rows.includes(row)).map((row) => row + i * 1000),
    );
    expect(await values(await tableOf(deleted))).toEqual(left);
  });

  it('inline', async () => {
    const table = new HandMadeTable();
    const add = await table.file('a b.parquet', 'SELECT range AS x FROM range(5)', {
      deletionVector: inlineVector([1, 3]),
    });
    table.commit(0, ...HandMadeTable.first(VECTORS), add);
    expect(await values(table)).toEqual([0, 2, 4]);
  });

  it('that is broken is named, with its data file', async () => {
    const table = await tableOf([[1, 2, 3]]);
    const file = join(table.folder, `deletion_vector_${UUID}.bin`);
    const whole = readFileSync(file);
    const fails = (says: string) =>
      expect(values(table)).rejects.toMatchObject({
        code: 'DELTA_BAD_DELETION_VECTOR',
        message: expect.stringMatching(new RegExp(`deletion_vector_${UUID}\\.bin of 0\\.parquet .*${says}`)),
      });
    for (let at = 5; at < whole.length; at++) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      writeFileSync(file, damaged);
      await fails('another checksum');
    }
    const shorter = Buffer.from(whole);
    shorter.writeInt32BE(7, 1);
    writeFileSync(file, shorter);
    await fails('says 7 bytes at byte 1');
    writeFileSync(file, whole);
    truncateSync(file, whole.length - 1);
    await fails(`ends at byte ${whole.length - 1}`);
    rmSync(file);
    await fails('is missing');
  });

  it('of another number of rows than the log says is refused', async () => {
    const table = new HandMadeTable();
    const deletionVector = { ...inlineVector([1, 3]), cardinality: 3 };
    table.commit(
      0,
      ...HandMadeTable.first(VECTORS),
      await table.file('a.parquet', 'SELECT 1 AS x', { deletionVector }),
    );
    await expect(values(table)).rejects.toThrow(/inline of a\.parquet holds 2 rows, the log says 3/);
  });
});
