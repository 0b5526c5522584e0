import { mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { parseType, typeText } from '../../src/cli/type-text.ts';
import { DeltaTable } from '../../src/delta/index.ts';
import { writeLake } from '../query/lake-fixture.ts';
import { jsonLines, runCli } from './run-cli.ts';

let lake = '';
beforeEach(async () => {
  const root = mkdtempSync(join(tmpdir(), 'barline-test-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  lake = join(root, 'lake');
  await writeLake(lake);
});

const table = (...args: string[]) => runCli(['table', ...args, '--lake', lake]);
const rowCount = async () => JSON.parse((await table('show', 'bars', '--json')).stdout).rows;

describe('restore, vacuum and pins', () => {
  test('a version comes back, is pinned, and outlives a vacuum until it is unpinned', async () => {
    const restored = await table('restore', 'bars', '--to', '1', '--json');
    expect(JSON.parse(restored.stdout)).toEqual({
      table: 'bars',
      version: 3,
      restored: true,
      restored_files: 0,
      removed_files: 1,
    });
    expect(await rowCount()).toBe(100);
    const january = join(lake, 'bars/month=2024-01');
    const [file = ''] = readdirSync(january);
    const longAgo = new Date(Date.now() - 40 * 86_400_000);
    utimesSync(join(january, file), longAgo, longAgo);
    const asFor = ['vacuum', 'bars', '--retention', '0h', '--force', '--json'];

    const short = await table('vacuum', 'bars', '--retention', '1h');
    expect([short.code, short.stderr]).toEqual([
      2,
      expect.stringContaining('error[DELTA_RETENTION_TOO_SHORT]'),
    ]);
    expect((await table('pin', 'bars@v2', 'keep')).stdout).toBe('bars: version 2 is pinned as keep\n');
    const spared = jsonLines((await table(...asFor)).stdout);
    expect(spared).toEqual([
      {
        summary: {
          table: 'bars',
          version: 3,
          dry_run: false,
          files: 0,
          bytes: 0,
          retention_hours: 0,
          pins: [{ name: 'keep', version: 2 }],
        },
      },
    ]);
    expect(jsonLines((await table('pins', 'bars', '--json')).stdout)).toEqual([
      {
        name: 'keep',
        version: 2,
        pinned: expect.stringMatching(/^\d{4}-.*Z$/),
        engine: expect.stringMatching(/^barline\//),
      },
    ]);
    expect(JSON.parse((await table('unpin', 'bars', 'keep', '--json')).stdout)).toEqual({
      table: 'bars',
      unpinned: 'keep',
    });

    const path = `month=2024-01/${file}`;
    expect((await table('vacuum', 'bars', '--retention', '0h', '--force', '--dry-run')).stdout).toMatch(
      new RegExp(`^${path}\nbars: 1 files, .* would be removed\n$`),
    );
    expect(readdirSync(january)).toEqual([file]);
    expect(jsonLines((await table(...asFor)).stdout)).toMatchObject([
      { file: path },
      { summary: { version: 5, files: 1 } },
    ]);
    expect(readdirSync(january)).toEqual([]);
    const gone = await table('restore', 'bars', '--to', 'v2');
    expect([gone.code, gone.stderr]).toEqual([
      1,
      expect.stringContaining('error[DELTA_RESTORE_FILES_MISSING]'),
    ]);
    expect((await table('verify', 'bars')).code).toBe(0);
  }, 60_000);

  test.each([
    [['restore', 'bars'], '--to is missing'],
    [['restore', 'bars', '--to', 'yesterday'], 'expected a version or a time'],
    [['vacuum', 'bars', '--retention', 'long'], 'expected a duration such as 168h'],
    [['properties', 'bars', '--set', 'x'], 'expected key=value'],
    [['properties', 'bars', '--set', 'x=1', '--unset', 'y'], 'cannot be given together'],
    [['columns', 'bars', '--add', 'x=varchar2'], 'is no type'],
    [['columns', 'bars', '--rename', 'close'], 'expected old=new'],
    [['constraints', 'bars', '--add', 'c='], 'has no expression'],
  ])('%j is wrong usage', async (words, says) => {
    const { code, stderr } = await table(...words);
    expect([code, stderr]).toEqual([2, expect.stringContaining(says)]);
  });
});

describe('what a table is', () => {
  test('properties are shown, set and unset', async () => {
    const set = await table(
      'properties',
      'bars',
      '--set',
      'delta.enableDeletionVectors=true',
      '--set',
      'owner=me',
      '--json',
    );
    expect(JSON.parse(set.stdout)).toEqual({
      table: 'bars',
      version: 3,
      properties: { 'delta.enableDeletionVectors': 'true', owner: 'me' },
      protocol: {
        min_reader_version: 3,
        min_writer_version: 7,
        reader_features: ['deletionVectors'],
        writer_features: ['appendOnly', 'deletionVectors', 'invariants'],
      },
    });
    await table('properties', 'bars', '--unset', 'owner');
    expect((await table('properties', 'bars')).stdout).toBe('delta.enableDeletionVectors = true\n');
    const wrong = await table('properties', 'bars', '--set', 'delta.enableRowTracking=true');
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('rowTracking')]);
  });

  test('constraints are held against the rows', async () => {
    const wrong = await table('constraints', 'bars', '--add', 'cheap=close < 5010');
    expect([wrong.code, wrong.stderr]).toEqual([
      1,
      expect.stringMatching(/DELTA_CONSTRAINT_VIOLATED.*: 70 rows/),
    ]);
    const added = await table('constraints', 'bars', '--add', 'dear=close >= 5000', '--json');
    expect(JSON.parse(added.stdout)).toEqual({
      table: 'bars',
      version: 3,
      constraints: { dear: 'close >= 5000' },
    });
    expect((await table('constraints', 'bars', '--drop', 'dear')).stderr).toBe('bars has no constraints\n');
  });

  test('columns come, go and change their names, and the rows stay', async () => {
    const refused = await table('columns', 'bars', '--rename', 'close=last');
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('columnMapping')]);
    const words = [
      '--add',
      'venue=string',
      '--comment',
      'venue=where it was',
      '--rename',
      'close=last price',
    ];
    const changed = await table(
      'columns',
      'bars',
      ...words,
      '--drop',
      'volume',
      '--column-mapping',
      '--json',
    );
    expect(JSON.parse(changed.stdout)).toEqual({
      table: 'bars',
      version: 3,
      columns: [
        { name: 'timestamp', type: 'timestamp', nullable: true, comment: null },
        { name: 'month', type: 'string', nullable: true, comment: null },
        { name: 'last price', type: 'double', nullable: true, comment: null },
        { name: 'venue', type: 'string', nullable: true, comment: 'where it was' },
      ],
    });
    const read = await table('read', 'bars', '--where', '"last price" >= 5024', '--json');
    expect(jsonLines(read.stdout)).toHaveLength(4);
    const required = await table('columns', 'bars', '--required', 'venue');
    expect([required.code, required.stderr]).toEqual([
      1,
      expect.stringContaining('150 of its values are null'),
    ]);
    expect((await DeltaTable.open(join(lake, 'bars'))).version).toBe(3);
  });
});

test('diff tells what changed, by the log alone', async () => {
  await table('properties', 'bars', '--set', 'owner=me');
  await table('columns', 'bars', '--add', 'venue=string');
  const told = await table('diff', 'bars', '--from', '1', '--json');
  expect(JSON.parse(told.stdout)).toEqual({
    table: 'bars',
    from: 1,
    to: 4,
    rows: { from: 100, to: 150 },
    size_bytes: { from: expect.any(Number), to: expect.any(Number) },
    files: { from: 1, to: 2, added: 1, removed: 0 },
    columns: [{ name: 'venue', from: null, to: 'string' }],
    properties: [{ name: 'owner', from: null, to: 'me' }],
  });
  expect((await table('diff', 'bars@v2', '--from', 'v3')).stdout).toMatch(
    /^bars: version 3 to 2\n.*\nproperty {2}owner: me to none\n$/s,
  );
  expect((await table('diff', 'bars')).stderr).toContain('--from is missing');
});

test.each([
  ['bigint', 'long'],
  ['DECIMAL(10, 2)', 'decimal(10,2)'],
  ['array<map<string, struct<a: int, `b c`: date>>>', 'array<map<string, struct<a: integer, b c: date>>>'],
])('the type %s is %s', (text, meant) => {
  expect(typeText(parseType(text))).toBe(meant);
});

test.each(['', 'array<', 'array<long>>', 'decimal(50,2)', 'decimal(5)', 'struct<a>', 'long long'])(
  '%j is no type',
  (text) => {
    expect(() => parseType(text)).toThrow(/is no type/);
  },
);
