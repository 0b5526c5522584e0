import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { DeltaTable, field, struct } from '../../src/delta/index.ts';
import { jsonLines, runCli } from './run-cli.ts';

let root = '';
let lake = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'barline-test-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  lake = join(root, 'lake');
  writeFileSync(join(root, 'a.csv'), 'id,close,venue\n1,1.5,X\n2,2.5,Y\n3,,X\n');
  writeFileSync(join(root, 'b.ndjson'), '{"id":2,"close":9,"extra":true}\n{"id":4,"close":4}\n');
});

const table = (...args: string[]) => runCli(['table', ...args, '--lake', lake]);
const file = (name: string) => join(root, name);
const written = async (...args: string[]) => {
  const { code, stdout, stderr } = await table(...args, '--json');
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
};
const rows = async () => jsonLines((await table('read', 'trades', '--order-by', 'id', '--json')).stdout);

const UNCHANGED = {
  table: 'trades',
  already_committed: false,
  rows_inserted: 0,
  rows_updated: 0,
  rows_deleted: 0,
  rows_copied: 0,
  files_added: 0,
  files_removed: 0,
  deletion_vectors: 0,
};

describe('writing by hand', () => {
  test('a table is made like a file, and filled, changed and merged', async () => {
    const made = await written('create', 'trades', '--like', file('a.csv'), '--partition-by', 'venue');
    expect(made).toEqual({ table: 'trades', version: 0, location: join(lake, 'trades'), columns: 3 });

    const append = ['append', 'trades', file('a.csv'), '--txn', 'nightly:1'];
    expect(await written(...append)).toEqual({ ...UNCHANGED, version: 1, rows_inserted: 3, files_added: 2 });
    expect(await written(...append)).toEqual({ ...UNCHANGED, version: 1, already_committed: true });

    expect(await written('delete', 'trades', '--where', 'id = 1')).toEqual({
      ...UNCHANGED,
      version: 2,
      rows_deleted: 1,
      rows_copied: 1,
      files_added: 1,
      files_removed: 1,
    });
    const set = ['--set', 'close = coalesce(close, 0) + 1', '--set', "venue='Z'"];
    expect(await written('update', 'trades', '--where', "venue = 'X'", ...set)).toMatchObject({
      version: 3,
      rows_updated: 1,
    });
    expect(await written('merge', 'trades', file('b.ndjson'), '--on', 'id')).toMatchObject({
      rows_inserted: 1,
      rows_updated: 1,
    });
    expect(await rows()).toEqual([
      { id: 2, close: 9, venue: 'Y' },
      { id: 3, close: 1, venue: 'Z' },
      { id: 4, close: 4, venue: null },
    ]);
    const merge = ['merge', 'trades', file('b.ndjson'), '--on', 'id', '--delete-where', 'source.close > 5'];
    expect(
      await written(...merge, '--update-columns', 'close', '--no-insert', '--merge-schema'),
    ).toMatchObject({ rows_updated: 1, rows_deleted: 1, rows_inserted: 0 });
    const where = ['--where', "venue IN ('X', 'Y')"];
    expect(await written('overwrite', 'trades', file('a.csv'), ...where)).toMatchObject({ rows_inserted: 3 });
    expect(await rows()).toEqual([
      { id: 1, close: 1.5, venue: 'X', extra: null },
      { id: 2, close: 2.5, venue: 'Y', extra: null },
      { id: 3, close: 1, venue: 'Z', extra: null },
      { id: 3, close: null, venue: 'X', extra: null },
      { id: 4, close: 4, venue: null, extra: null },
    ]);
    expect((await table('verify', 'trades')).code).toBe(0);
  });

  test('a schema in JSON makes a table with properties', async () => {
    const fields = [{ name: 'k', type: 'long', nullable: false, metadata: {} }];
    writeFileSync(file('schema.json'), JSON.stringify({ type: 'struct', fields }));
    const property = ['--property', 'delta.enableDeletionVectors=true'];
    await written('create', join(root, 'other'), '--schema', file('schema.json'), ...property);
    const shown = JSON.parse((await table('show', join(root, 'other'), '--json')).stdout);
    expect(shown.properties).toEqual({ 'delta.enableDeletionVectors': 'true' });
    expect((await table('create', join(root, 'other'), '--schema', file('schema.json'))).stderr).toMatch(
      'error[DELTA_TABLE_EXISTS]',
    );
  });

  test.each([
    [['append', 'trades', 'nope.csv'], 1, 'FILE_NOT_FOUND'],
    [['append', 'trades', 'rows.xlsx'], 2, 'of no known format'],
    [['append', 'trades', 'a.csv', '--txn', 'x'], 2, '--txn is "x"'],
    [['append', 'trades', 'b.ndjson'], 1, 'DELTA_SCHEMA_MISMATCH'],
    [['merge', 'trades', 'a.csv'], 2, '--on is missing'],
    [['merge', 'trades', 'a.csv', '--on', 'nope'], 2, 'no such column'],
    [['delete', 'trades'], 2, '--where is missing'],
    [['delete', 'trades', '--where', 'id = = 1'], 2, 'SQL_INVALID'],
    [['update', 'trades', '--where', 'true'], 2, '--set is missing'],
    [['update', 'trades', '--where', 'true', '--set', 'nope = 1'], 1, 'there is no such column'],
    [['create', 'more'], 2, '--like or --schema is missing'],
    [['overwrite', 'trades', 'a.csv', '--where', 'id < 3'], 1, 'do not meet it themselves'],
  ])('%j is refused', async (args, code, message) => {
    const fields = [field('id', 'long'), field('close', 'double'), field('venue', 'string')];
    const trades = await DeltaTable.create(join(lake, 'trades'), { schema: struct(fields) });
    await trades.append({ rows: [{ id: 3 }] });
    const paths = args.map((arg) => (/^\w+\.\w+$/.test(arg) ? file(arg) : arg));
    const refused = await table(...paths);
    expect([refused.code, refused.stdout]).toEqual([code, '']);
    expect(refused.stderr).toContain(message);
    expect((await trades.refresh()).version).toBe(1);
  });
});
