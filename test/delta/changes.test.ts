import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DeltaTable, field, type Row, struct } from '../../src/delta/index.ts';
import { type Added, HandMadeTable, inlineVector, removed } from './hand-made-table.ts';

const SCHEMA = struct([field('id', 'long'), field('month', 'string')]);
const FEED = { 'delta.enableChangeDataFeed': 'true' };
const DEFINITION = {
  schema: SCHEMA,
  partitionColumns: ['month'],
  configuration: FEED,
  readerFeatures: ['deletionVectors'],
};
const MARCH = { partitionValues: { month: '2024-03' } };

async function read(table: HandMadeTable, from: number, to?: number): Promise<Row[]> {
  const opened = await DeltaTable.open(table.folder);
  const changes = await opened.changes({ from, ...(to !== undefined && { to }) });
  const rows: Row[] = [];
  for await (const row of changes.rows()) rows.push(row);
  return rows.sort(
    (a, b) => Number(a._commit_version) - Number(b._commit_version) || Number(a.id) - Number(b.id),
  );
}

const brief = (rows: readonly Row[]) =>
  rows.map((row) => `${row._commit_version} ${row._change_type} ${row.id} ${row.month}`);

/** A file of ids 0 to 4, then rows of it deleted, one brought back, one updated, all gone. */
async function history(): Promise<HandMadeTable> {
  const table = new HandMadeTable();
  const first = await table.file('a.parquet', 'SELECT range AS id FROM range(5)', MARCH);
  const withVector = (rows: readonly number[]): { add: Added & { deletionVector: object } } => ({
    add: { ...first.add, deletionVector: inlineVector(rows) },
  });
  table.commit(0, ...HandMadeTable.first(DEFINITION));
  table.commit(1, { commitInfo: { operation: 'WRITE', inCommitTimestamp: 1_700_000_000_123 } }, first);
  table.commit(2, removed(first), withVector([1, 3]));
  table.commit(3, removed(withVector([1, 3])), withVector([3]));
  const rewritten = await table.file('b.parquet', 'SELECT unnest([0, 1, 20, 4]) AS id', MARCH);
  const cdc = await table.file(
    'c.parquet',
    `SELECT 2 AS id, 'update_preimage' AS _change_type UNION ALL SELECT 20, 'update_postimage'`,
    MARCH,
  );
  table.commit(4, removed(withVector([3])), rewritten, { cdc: { ...cdc.add, dataChange: false } });
  table.commit(5, removed(rewritten));
  return table;
}

describe('the change data feed', () => {
  it('tells inserts, deletes by vector, rows brought back, updates and removed files', async () => {
    expect(brief(await read(await history(), 0))).toEqual([
      ...[0, 1, 2, 3, 4].map((id) => `1 insert ${id} 2024-03`),
      '2 delete 1 2024-03',
      '2 delete 3 2024-03',
      '3 insert 1 2024-03',
      '4 update_preimage 2 2024-03',
      '4 update_postimage 20 2024-03',
      ...[0, 1, 4, 20].map((id) => `5 delete ${id} 2024-03`),
    ]);
  });

  it('of some versions only, with the time in the commit', async () => {
    const table = await history();
    expect(brief(await read(table, 2, 3))).toEqual([
      '2 delete 1 2024-03',
      '2 delete 3 2024-03',
      '3 insert 1 2024-03',
    ]);
    expect((await read(table, 1, 1))[0]?._commit_timestamp).toBe(1_700_000_000_123_000n);
    expect(await read(table, 0, 0)).toEqual([]);
  });

  it('of a log that was cleaned up, from its oldest commit on', async () => {
    const table = await history();
    await table.checkpoint(2, DEFINITION, []);
    for (const version of [0, 1]) rmSync(table.logPath(version));
    expect(brief(await read(table, 2, 2))).toEqual(['2 delete 1 2024-03', '2 delete 3 2024-03']);
    await expect(read(table, 1, 2)).rejects.toMatchObject({ code: 'DELTA_VERSION_GONE' });
  });

  it('is refused where it was off, where it began later, and for versions there are not', async () => {
    const table = new HandMadeTable();
    table.commit(0, ...HandMadeTable.first({ ...DEFINITION, configuration: {} }));
    table.commit(1, HandMadeTable.metadata(DEFINITION));
    await expect(read(table, 0)).rejects.toMatchObject({
      code: 'DELTA_NO_CHANGE_FEED',
      message: expect.stringContaining('off at version 0'),
    });
    expect(await read(table, 1)).toEqual([]);
    await expect(read(table, 1, 2)).rejects.toMatchObject({ code: 'DELTA_VERSION_TOO_NEW' });
    await expect(read(table, 2, 1)).rejects.toMatchObject({ exitCode: 2 });
  });
});
