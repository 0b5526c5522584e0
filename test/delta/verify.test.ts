import { readFileSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { DeltaTable, field, struct, verifyTable } from '../../src/delta/index.ts';
import { checkpointed, HandMadeTable } from './hand-made-table.ts';

const DEFINITION = { schema: struct([field('x', 'long')]), readerFeatures: ['deletionVectors'] };
const UUID = 'd2c639aa-8816-431a-aaf6-d3fe2512ff61';

let table: HandMadeTable;
/** Five commits, a file each from the second on; the last with a deletion vector; a checkpoint of version 2. */
beforeEach(async () => {
  table = new HandMadeTable();
  const [deletionVector] = table.vectorFile(UUID, [0]);
  table.commit(0, ...HandMadeTable.first(DEFINITION));
  const adds = [];
  for (const x of [1, 2, 3, 4]) {
    const add = await table.file(
      `${x}.parquet`,
      `SELECT ${x} AS x UNION ALL SELECT 0`,
      x === 4 ? { deletionVector } : {},
    );
    table.commit(x, add);
    adds.push(add);
  }
  await writeCheckpoint(adds.slice(0, 2).map(({ add }) => add));
});

const logFile = (version: number, kind = 'json') => `_delta_log/${String(version).padStart(20, '0')}.${kind}`;
const CHECKPOINT = logFile(2, 'checkpoint.parquet');
const at = (path: string) => join(table.folder, path);

async function writeCheckpoint(adds: readonly { path: string; size: number }[]): Promise<void> {
  const files = adds.map((add) => checkpointed(add, `stats: '{"numRecords":2}'`));
  await table.checkpoint(2, DEFINITION, files);
}

const damages = async () => (await verifyTable(table.folder)).damages;
async function rows(version?: number): Promise<number> {
  const opened = await DeltaTable.open(table.folder);
  return (await (await opened.scan(version === undefined ? {} : { version })).columns()).rowCount;
}
function loop(path: string): void {
  rmSync(at(path), { recursive: true, force: true });
  symlinkSync(at(`${path}.other`), at(path));
  symlinkSync(at(path), at(`${path}.other`));
}

describe('a whole table', () => {
  it('has no damage', async () => {
    expect(await verifyTable(table.folder)).toMatchObject({
      version: 4,
      commitCount: 5,
      checkpointCount: 1,
      fileCount: 4,
      damages: [],
    });
    expect(await rows()).toBe(7);
  });
});

describe('each damage', () => {
  const cases: readonly (readonly [
    what: string,
    damage: () => void,
    code: string,
    file: string,
    says: RegExp,
  ])[] = [
    [
      'missing commit',
      () => rmSync(at(logFile(3))),
      'DELTA_VERSIONS_NOT_CONTIGUOUS',
      logFile(3),
      /is missing/,
    ],
    ['truncated JSON', () => truncateSync(at(logFile(4)), 30), 'DELTA_BAD_COMMIT', logFile(4), /line 1/],
    [
      'binary in place of JSON',
      () => writeFileSync(at(logFile(4)), Buffer.of(0, 255, 254)),
      'DELTA_BAD_COMMIT',
      logFile(4),
      /line 1/,
    ],
    ['missing data file', () => rmSync(at('3.parquet')), 'QUERY_FILE_MISSING', '3.parquet', /no file/],
    [
      'data file cut short',
      () => truncateSync(at('3.parquet'), 40),
      'QUERY_FILE_DAMAGED',
      '3.parquet',
      /3\.parquet/,
    ],
    [
      'checkpoint cut short',
      () => truncateSync(at(CHECKPOINT), 100),
      'DELTA_BAD_CHECKPOINT',
      CHECKPOINT,
      /cannot be read/,
    ],
    [
      'checkpoint that is empty',
      () => writeFileSync(at(CHECKPOINT), ''),
      'DELTA_BAD_CHECKPOINT',
      CHECKPOINT,
      /cannot be read/,
    ],
    [
      'missing deletion vector',
      () => rmSync(at(`deletion_vector_${UUID}.bin`)),
      'DELTA_BAD_DELETION_VECTOR',
      `deletion_vector_${UUID}.bin`,
      /is missing/,
    ],
    ['commit in a loop of links', () => loop(logFile(4)), 'STORAGE_LINK_LOOP', logFile(4), /circle/],
    ['data file in a loop of links', () => loop('3.parquet'), 'QUERY_', '3.parquet', /3\.parquet/],
    ['log in a loop of links', () => loop('_delta_log'), 'STORAGE_LINK_LOOP', '_delta_log', /circle/],
  ];

  it.each(cases)(
    '%s: reading names the file and what to do, verifying too',
    async (_what, damage, code, file, says) => {
      damage();
      const error = await rows().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({
        code: expect.stringMatching(code),
        message: expect.stringMatching(says),
        hint: expect.any(String),
      });
      expect(error instanceof Error ? error.message : '').toContain(file);
      const found = await damages();
      expect(found.filter(({ severity }) => severity === 'error').length).toBeGreaterThan(0);
      expect(found.map((each) => `${each.file} ${each.message}`).join('\n')).toContain(file);
      for (const { hint } of found) expect(hint).not.toBe('');
    },
  );

  it('garbage in the log is passed over, and named when verifying', async () => {
    for (const name of ['notes.txt', '5.json', `${'0'.repeat(20)}.json.swp`, 'tmp.parquet'])
      writeFileSync(at(`_delta_log/${name}`), 'x');
    expect(await rows()).toBe(7);
    const found = await damages();
    expect(found.map(({ severity, code }) => [severity, code])).toEqual(
      Array(4).fill(['warning', 'DELTA_STRANGE_FILE']),
    );
  });

  it('a checkpoint that contradicts its commits', async () => {
    await writeCheckpoint([{ path: '1.parquet', size: 1 }]);
    expect(await damages()).toMatchObject([
      { code: 'DELTA_BAD_CHECKPOINT', file: CHECKPOINT, message: expect.stringContaining('2.parquet') },
    ]);
  });

  it('a wrong hint is passed over, and named when verifying', async () => {
    for (const text of ['{"version":7}', '{"ver', '[]']) {
      writeFileSync(at('_delta_log/_last_checkpoint'), text);
      expect(await rows()).toBe(7);
      expect(await damages()).toMatchObject([{ severity: 'warning', file: '_delta_log/_last_checkpoint' }]);
    }
  });

  it('another number of rows than the log says', async () => {
    writeFileSync(
      at(logFile(3)),
      readFileSync(at(logFile(3)), 'utf8').replace('numRecords\\":2', 'numRecords\\":5'),
    );
    expect(await damages()).toMatchObject([
      { code: 'DELTA_BAD_DATA_FILE', message: expect.stringContaining('has 2 rows, the log says 5') },
    ]);
  });
});

describe('many damages', () => {
  it('are all named at once', async () => {
    rmSync(at(logFile(1)));
    truncateSync(at(CHECKPOINT), 100);
    truncateSync(at(logFile(3)), 20);
    rmSync(at('2.parquet'));
    renameSync(at(`deletion_vector_${UUID}.bin`), at('elsewhere.bin'));
    writeFileSync(at('_delta_log/notes.txt'), 'x');
    writeFileSync(at('_delta_log/_last_checkpoint'), '{');
    expect((await damages()).map(({ code, file }) => `${code} ${file}`).sort()).toEqual(
      [
        `DELTA_VERSIONS_NOT_CONTIGUOUS ${logFile(1)}`,
        `DELTA_BAD_CHECKPOINT ${CHECKPOINT}`,
        `DELTA_BAD_COMMIT ${logFile(3)}`,
        'DELTA_FILE_MISSING 2.parquet',
        `DELTA_BAD_DELETION_VECTOR deletion_vector_${UUID}.bin`,
        'DELTA_STRANGE_FILE _delta_log/notes.txt',
        'DELTA_BAD_HINT _delta_log/_last_checkpoint',
      ].sort(),
    );
  });

  it('of no table: one error', async () => {
    rmSync(at('_delta_log'), { recursive: true });
    expect(await damages()).toMatchObject([{ code: 'DELTA_NO_TABLE' }]);
  });
});
