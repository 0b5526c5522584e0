import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BarlineError } from '../../src/base/index.ts';
import { DeltaTable } from '../../src/delta/index.ts';
import { DuckDbSession, filesInOrder, quoteName, quotePath, tableRelation } from '../../src/query/index.ts';
import { type GoldenCase, goldenDelta, goldenIsThere, readJson } from '../delta/golden-tables.ts';

const cases = goldenIsThere
  ? readJson<{ cases: (GoldenCase & { expected: string })[] }>(join(goldenDelta, 'manifest.json')).cases
  : [];
const readable = cases.filter((each) => each.read === 'snapshot' && each.expected.endsWith('.parquet'));

describe.skipIf(!goldenIsThere)('golden tables as SQL', () => {
  let session: DuckDbSession;
  beforeAll(async () => {
    session = await DuckDbSession.open({ memoryByteLength: 1e9, threads: 1, temporaryFolder: tmpdir() });
  });
  afterAll(() => session?.[Symbol.dispose]());

  test.each(readable.map((each) => [each.id, each] as const))('%s', async (_, each) => {
    const table = await DeltaTable.open(join(goldenDelta, each.table));
    const snapshot = await table.snapshot(each.version === null ? {} : { version: each.version });
    const scanned = await table.scan({ version: snapshot.version }).catch((error: unknown) => {
      if (error instanceof BarlineError && error.code === 'DELTA_UNSUPPORTED_FEATURE') return undefined;
      throw error;
    });
    if (scanned === undefined) return;
    const files = filesInOrder(snapshot, scanned.files);
    const expected = `SELECT * FROM read_parquet(${quotePath(join(goldenDelta, each.expected))})`;
    for (const mostBranches of [Number.POSITIVE_INFINITY, 0]) {
      const actual = tableRelation(table, snapshot, files, mostBranches);
      expect((await session.columns(actual)).map((column) => column.name)).toEqual(
        snapshot.schema.fields.map((field) => field.name),
      );
      const columns = snapshot.schema.fields.map((field) => quoteName(field.name)).join(', ');
      const [ours, theirs] = [actual, expected].map((sql) => `SELECT ${columns} FROM (${sql})`);
      const difference = await session.value(
        `SELECT (SELECT count(*) FROM (${ours} EXCEPT ALL ${theirs})) + (SELECT count(*) FROM (${theirs} EXCEPT ALL ${ours}))`,
      );
      expect(Number(difference)).toBe(0);
    }
  });
});
