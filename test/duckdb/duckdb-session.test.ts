import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DuckDbSession } from '../../src/duckdb/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'barline-session-'));
const file = join(folder, 'nulls.parquet');
const open = () => DuckDbSession.open({ memoryByteLength: 1e8, threads: 1, temporaryFolder: folder });

beforeAll(async () => {
  using session = await open();
  await session.copy('SELECT NULL::VARCHAR AS s, range AS n FROM range(5)', file, 'FORMAT parquet');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a Parquet file whose text column is all null', () => {
  it.each([
    ["s IS DISTINCT FROM 'a' OR s = 'b'", 5],
    ["NOT (s IS NOT DISTINCT FROM 'a') OR s = 'b'", 5],
    ["s is distinct /* from */ -- what\n from 'a' OR s < 'b'", 5],
    ["s IS DISTINCT FROM NULL OR s = 'b'", 0],
    ["s <> 'a' OR s = 'b'", 0],
  ])('has the rows that %s asks for', async (condition, rows) => {
    using session = await open();
    const query = `SELECT n FROM read_parquet('${file}') WHERE ${condition}`;
    expect(Number(await session.value(`SELECT count(*) FROM (${query})`))).toBe(rows);
  });
});
