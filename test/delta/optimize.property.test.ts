import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeltaTable, field, parseStats, struct, verifyTable } from '../../src/delta/index.ts';
import { defaultLimits } from '../../src/duckdb/index.ts';

const limits = { ...defaultLimits(), threads: 1 };
const INNER = struct([
  field('x', 'integer'),
  field('tags', { type: 'array', elementType: 'string', containsNull: true }),
]);
const SCHEMA = struct([
  field('k', 'long'),
  field('t', 'timestamp'),
  field('s', 'string'),
  field('f', 'double'),
  field('amount', 'decimal(25,3)'),
  field('d', 'date'),
  field('flag', 'boolean'),
  field('inner', INNER),
  field('counts', { type: 'map', keyType: 'string', valueType: 'long', valueContainsNull: true }),
  field('p', 'string'),
]);

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null, freq: 4 });
const day = fc.date({ min: new Date('1970-01-02'), max: new Date('2200-01-01'), noInvalidDate: true });
const row = fc.record({
  k: maybe(fc.bigInt({ min: -(2n ** 60n), max: 2n ** 60n })),
  t: maybe(day),
  s: maybe(fc.string({ unit: 'grapheme', maxLength: 40 })),
  f: maybe(fc.double()),
  amount: maybe(fc.integer().map((n) => `${n}.125`)),
  d: maybe(day.map((date) => date.toISOString().slice(0, 10))),
  flag: maybe(fc.boolean()),
  inner: maybe(
    fc.record({
      x: maybe(fc.integer()),
      tags: fc.array(maybe(fc.string({ maxLength: 3 })), { maxLength: 3 }),
    }),
  ),
  counts: maybe(fc.dictionary(fc.string({ minLength: 1, maxLength: 3 }), fc.integer(), { maxKeys: 3 })),
  p: fc.constantFrom('a', 'b/ü=', null),
});

const setting = fc.record({
  mapping: fc.constantFrom('none', 'name', 'id'),
  vectors: fc.boolean(),
  partitioned: fc.boolean(),
  files: fc.array(fc.array(row, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 5 }),
  remove: fc.constantFrom('flag', 'k > 0', 'false', "s IS NULL OR p = 'a'"),
  rename: fc.boolean(),
  zOrderBy: fc.subarray(['k', 't', 's', 'f', 'amount', 'd', 'flag']),
  targetFileSize: fc.constantFrom(1, 6000, 1e6),
});

function text(value: unknown): string {
  return JSON.stringify(value, (_, item) => {
    if (typeof item === 'bigint') return `${item}n`;
    if (item instanceof Map) return [...item];
    return typeof item === 'number' && !Number.isFinite(item) ? String(item) : item;
  });
}

async function rowsOf(table: DeltaTable): Promise<string[]> {
  const rows = [];
  for await (const found of (await table.scan()).rows()) rows.push(text(found));
  return rows.sort();
}

describe('optimize of any table', () => {
  it('keeps every row, whatever the schema, partitions, deleted rows and names', async () => {
    await fc.assert(
      fc.asyncProperty(setting, async (given) => {
        const folder = mkdtempSync(join(tmpdir(), 'barline-optimize-'));
        try {
          const properties = {
            ...(given.mapping !== 'none' && { 'delta.columnMapping.mode': given.mapping }),
            'delta.enableDeletionVectors': String(given.vectors),
          };
          const partitionBy = given.partitioned ? ['p'] : [];
          const table = await DeltaTable.create(folder, { schema: SCHEMA, partitionBy, properties });
          for (const rows of given.files) await table.append({ rows }, { limits });
          await table.delete(given.remove, { limits });
          if (given.rename && given.mapping !== 'none') {
            await table.alterColumns([
              { rename: 'inner.x', to: 'y' },
              { rename: 's', to: 'symbol' },
            ]);
          }
          const zOrderBy = given.zOrderBy.map((name) =>
            table.schema.fields.some((f) => f.name === name) ? name : 'symbol',
          );
          const before = await rowsOf(table);
          const asked = table.latest.fileCount;
          const { version, filesRemoved, filesSkipped } = await table.optimize({
            zOrderBy,
            targetFileSize: given.targetFileSize,
            limits,
          });
          expect(await rowsOf(table)).toEqual(before);
          expect(filesRemoved + filesSkipped).toBe(asked);
          expect(await rowsOf(await DeltaTable.open(folder))).toEqual(before);
          expect((await verifyTable(folder)).damages).toEqual([]);
          const counts = [...table.latest.files()].map(
            (file) => (parseStats(file)?.numRecords ?? -1) - (file.deletionVector?.cardinality ?? 0),
          );
          expect(counts.reduce((sum, count) => sum + count, 0)).toBe(before.length);
          if (zOrderBy.length > 0) {
            for (const file of table.latest.files()) expect(file.deletionVector).toBeUndefined();
          }
          expect(version).toBe(table.version);
        } finally {
          rmSync(folder, { recursive: true, force: true });
        }
      }),
      { numRuns: 12 },
    );
  });
});
