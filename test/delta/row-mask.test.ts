import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bitsLiteral, maskColumnCondition, maskCondition } from '../../src/delta/relation/row-mask.ts';
import { DuckDbSession } from '../../src/duckdb/index.ts';

let session: DuckDbSession;
beforeAll(async () => {
  session = await DuckDbSession.open({ memoryByteLength: 5e8, threads: 1, temporaryFolder: tmpdir() });
});
afterAll(() => session[Symbol.dispose]());

const ROWS = 400_000;
/** Deterministic, and no multiple of eight. */
const spread = (count: number, last: number) =>
  Float64Array.from(new Set(Array.from({ length: count }, (_, i) => Math.floor((i * last) / count)))).sort();

describe('a row mask', () => {
  it.each([
    ['no row', new Float64Array()],
    ['the first', Float64Array.of(0)],
    ['some, named', spread(60, ROWS)],
    ['more, joined', spread(1000, ROWS)],
    ['most, as bits', spread(300_000, ROWS)],
    ['some that lie far off', spread(70, 2 ** 40)],
  ])('of %s lets through what it should', async (_, rows) => {
    const inside = rows.filter((row) => row < ROWS);
    const sum = inside.reduce((total, row) => total + row, 0);
    const totals = {
      keep: [inside.length, sum],
      leave: [ROWS - inside.length, (ROWS * (ROWS - 1)) / 2 - sum],
    };
    const bits =
      rows.length === 0 ? "'0'::BIT" : (rows.at(-1) ?? 0) < 2 ** 31 ? bitsLiteral(rows) : undefined;
    for (const keep of [true, false]) {
      const expected = keep ? totals.keep : totals.leave;
      const counted = async (from: string, condition: string) => {
        const text = await session.value(
          `SELECT count(*) || ' ' || coalesce(sum(range), 0) FROM ${from} WHERE ${condition}`,
        );
        return String(text).split(' ').map(Number);
      };
      expect(await counted(`range(${ROWS})`, maskCondition({ rows, keep }, 'range'))).toEqual(expected);
      if (bits === undefined) continue;
      const joined = `range(${ROWS}) JOIN (VALUES (${bits}, ${keep ? 1 : 0})) AS mask(bits, keep) ON true`;
      expect(await counted(joined, maskColumnCondition('bits', 'keep', 'range'))).toEqual(expected);
    }
  });

  it('that is null lets all through', async () => {
    const sql = `SELECT count(*) FROM range(9) JOIN (VALUES (NULL::BIT, 0)) AS mask(bits, keep) ON true WHERE ${maskColumnCondition('bits', 'keep', 'range')}`;
    expect(Number(await session.value(sql))).toBe(9);
  });
});
