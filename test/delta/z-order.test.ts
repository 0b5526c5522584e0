import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeltaType } from '../../src/delta/index.ts';
import { stretchesOf, zOrder } from '../../src/delta/optimize/z-order.ts';
import { Workplace } from '../../src/delta/rows/workplace.ts';
import { defaultLimits } from '../../src/duckdb/index.ts';

let work: Workplace;
beforeAll(async () => {
  work = await Workplace.open({ ...defaultLimits(), threads: 1 });
});
afterAll(() => work[Symbol.dispose]());

/** Values in the order they are laid in when only a few may be ranked one by one. */
async function laid(type: DeltaType, sqlType: string, values: readonly string[]): Promise<unknown[]> {
  const query = `SELECT unnest([${values.join(', ')}]::${sqlType}[]) AS c`;
  const { joins, order } = await zOrder(work, [{ name: 'c', type }], query, 4);
  const sql = `SELECT c::VARCHAR FROM (${query}) AS ordered_row ${joins} ORDER BY ${order}`;
  const found: unknown[] = [];
  for await (const chunk of work.session.chunks(sql)) found.push(...chunk.values(0));
  return found;
}

async function sorted(sqlType: string, values: readonly string[]): Promise<unknown[]> {
  const sql = `SELECT c::VARCHAR FROM (SELECT unnest([${values.join(', ')}]::${sqlType}[]) AS c) ORDER BY c NULLS FIRST`;
  const found: unknown[] = [];
  for await (const chunk of work.session.chunks(sql)) found.push(...chunk.values(0));
  return found;
}

const many = (of: (i: number) => string) => Array.from({ length: 200 }, (_, i) => of((i * 73) % 200));

describe('values ranked in ranges keep their order', () => {
  it.each([
    ['double', 'DOUBLE', many((i) => String((i - 100) / 7))],
    ['double', 'DOUBLE', [...many(String), '1e300', '-1e300', "'NaN'", "'Infinity'", "'-Infinity'", 'NULL']],
    ['double', 'DOUBLE', many((i) => `${i - 100}e${Math.abs(i - 100)}`)],
    ['float', 'FLOAT', [...many(String), "'NaN'::FLOAT", 'NULL', 'NULL']],
    ['long', 'BIGINT', [...many((i) => `${i}000000000`), '9223372036854775807', '-9223372036854775808']],
    ['integer', 'INTEGER', [...many(() => '7'), '1', '2', '3', '4', '5', '-2147483648']],
    ['decimal(20,2)', 'DECIMAL(20,2)', many((i) => `${i}.25`)],
    ['date', 'DATE', [...many((i) => `DATE '2024-01-01' + ${i}`), "'0001-01-01'", "'9999-12-31'"]],
    [
      'timestamp',
      'TIMESTAMPTZ',
      many((i) => `TIMESTAMPTZ '2024-01-01 00:00:00+00' + INTERVAL (${i}) MINUTE`),
    ],
    ['timestamp_ntz', 'TIMESTAMP', many((i) => `TIMESTAMP '2024-01-01' + INTERVAL (${i}) SECOND`)],
    ['string', 'VARCHAR', [...many((i) => `'prefix-${i}'`), "'prefix-'", "'é'", "''", 'NULL']],
    ['binary', 'BLOB', many((i) => `'k${i}'::BLOB`)],
  ] as const)('%s as %s: %#', async (type, sqlType, values) => {
    const isOrdered = type !== 'binary';
    const [found, expected] = [await laid(type, sqlType, values), await sorted(sqlType, values)];
    if (isOrdered) expect(found).toEqual(expected);
    else expect(found.toSorted()).toEqual(expected.toSorted());
  });

  it('and rows of no column value lie first', async () => {
    expect(await laid('string', 'VARCHAR', ["'b'", 'NULL', "'a'", 'NULL'])).toEqual([null, null, 'a', 'b']);
  });

  it('of no rows at all there is an order too', async () => {
    const none = 'SELECT NULL::DOUBLE AS c WHERE false';
    const { joins, order } = await zOrder(work, [{ name: 'c', type: 'double' }], none, 4);
    const sql = `SELECT count(*) FROM (SELECT c FROM (${none}) AS ordered_row ${joins} ORDER BY ${order})`;
    expect(Number(await work.session.value(sql))).toBe(0);
  });
});

describe('a curve cut into stretches', () => {
  it.each([1, 2, 3, 7, 500])('into %i: every row lies in one, and they follow each other', async (count) => {
    const query = 'SELECT CASE WHEN i % 50 > 0 THEN i % 97 END AS a, i * 7 % 1000 AS b FROM range(1000) r(i)';
    const columns = ['a', 'b'].map((name) => ({ name, type: 'long' as const }));
    const order = await zOrder(work, columns, query);
    const read = async (where: string) => {
      const sql = `SELECT a, b FROM (${query}) AS ordered_row ${order.joins} WHERE ${where} ORDER BY ${order.order}`;
      const rows: string[] = [];
      for await (const chunk of work.session.chunks(sql)) {
        const [a, b] = [chunk.values(0), chunk.values(1)];
        for (let row = 0; row < chunk.rowCount; row++) rows.push(`${a[row]} ${b[row]}`);
      }
      return rows;
    };
    const stretches = await stretchesOf(work, query, order, count);
    expect(stretches.length).toBeLessThanOrEqual(count);
    const parts: string[][] = [];
    for (const where of stretches) parts.push(await read(where));
    expect(parts.flat()).toEqual(await read('true'));
    if (count === 3) for (const part of parts) expect(part.length).toBeGreaterThan(200);
  });

  it('of no rows is one', async () => {
    const none = 'SELECT NULL::DOUBLE AS c WHERE false';
    const order = await zOrder(work, [{ name: 'c', type: 'double' }], none);
    expect(await stretchesOf(work, none, order, 4)).toEqual(['true']);
  });
});
