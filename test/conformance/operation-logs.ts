import { join } from 'node:path';
import { DeltaTable, field, struct, systemEnvironment } from '../../src/delta/index.ts';
import { appendRows, SCHEMA, writeRows } from './operation-steps.ts';
import type { SparkRequest } from './spark/session.ts';

/** What Barline leaves in a log, asked of Spark. */
export interface LogCase {
  readonly name: string;
  readonly path: string;
  readonly rowCount: number;
  make(path: string): Promise<void>;
  ask(path: string): SparkRequest;
  readonly expected: readonly object[];
}

const sqlOf = (text: string) => ({ do: 'try_sql', with: { text } });
const counted = (path: string) => sqlOf(`SELECT count(*), sum(id) FROM delta.\`${path}\``);

const DATED_MS = Date.UTC(2024, 4, 1);

export const logsIn = (root: string): readonly LogCase[] => [
  {
    name: 'a log with compaction files',
    path: join(root, 'compacted'),
    rowCount: 60,
    make: async (path) => {
      const options = { commit: { compactEveryCommits: 5 } };
      const table = await DeltaTable.create(path, { schema: SCHEMA, partitionBy: ['month'] }, options);
      for (let i = 0; i < 12; i++) await appendRows(table, i * 5, 'a');
    },
    ask: counted,
    expected: [[60, (59 * 60) / 2]],
  },
  {
    name: 'a table with metadata domains',
    path: join(root, 'domains'),
    rowCount: 5,
    make: async (path) => {
      const table = await DeltaTable.create(path, { schema: SCHEMA, partitionBy: ['month'] });
      await table.setDomainMetadata('app', '{"a":1}');
      await table.setDomainMetadata('gone', 'x');
      await table.setDomainMetadata('gone', null);
      await appendRows(table, 0, 'a');
    },
    ask: counted,
    expected: [[5, 10]],
  },
  {
    name: 'a table with a widened type',
    path: join(root, 'widened'),
    rowCount: 4,
    make: async (path) => {
      const table = await DeltaTable.create(path, { schema: struct([field('id', 'integer')]) });
      await table.append([await table.writeDataFile({ id: { values: Int32Array.of(1, 2) } })]);
      await table.alterColumns([{ widen: 'id', to: 'long' }], { typeWidening: true });
      await table.append([await table.writeDataFile({ id: { values: BigInt64Array.of(3n, 1n << 40n) } })]);
    },
    ask: counted,
    expected: [[4, 6 + 2 ** 40]],
  },
  {
    name: 'the history of a table that was tended',
    path: join(root, 'tended'),
    rowCount: 5,
    make: async (path) => {
      const table = await DeltaTable.create(path, { schema: SCHEMA, partitionBy: ['month'] });
      await appendRows(table, 0, 'a');
      await table.replaceWhere({ month: 'a' }, [await writeRows(table, 5, 'a')]);
      await table.restore({ version: 1 });
      await table.replaceWhere({ month: 'a' }, [await writeRows(table, 5, 'a')]);
      await table.vacuum({ retentionHours: 0, force: true });
    },
    ask: (path) => ({ do: 'history', with: { path } }),
    expected: [
      { version: 6, operation: 'VACUUM END', metrics: { numDeletedFiles: '2' } },
      { version: 5, operation: 'VACUUM START', metrics: { numFilesToDelete: '2' } },
      { version: 4, operation: 'WRITE' },
      { version: 3, operation: 'RESTORE', metrics: { numRestoredFiles: '1', numRemovedFiles: '1' } },
      { version: 2, operation: 'WRITE' },
      { version: 1, operation: 'WRITE' },
      { version: 0, operation: 'CREATE TABLE' },
    ],
  },
  {
    name: 'a time in a table with in-commit timestamps',
    path: join(root, 'dated'),
    rowCount: 15,
    make: async (path) => {
      // hours apart by a clock of its own: the files' times say something else
      let nowMs = DATED_MS;
      const environment = { ...systemEnvironment, nowMs: () => nowMs };
      const properties = {
        'delta.enableInCommitTimestamps': 'true',
        // Spark reads no version that is older
        'delta.deletedFileRetentionDuration': 'interval 36500 days',
      };
      const definition = { schema: SCHEMA, partitionBy: ['month'], properties };
      const table = await DeltaTable.create(path, definition, { environment });
      for (let i = 0; i < 3; i++) {
        nowMs += 3_600_000;
        await appendRows(table, i * 5, 'a');
      }
    },
    ask: (path) =>
      sqlOf(`SELECT count(*) FROM delta.\`${path}\` TIMESTAMP AS OF '${sparkTime(DATED_MS + 9_000_000)}'`),
    expected: [[10]],
  },
];

function sparkTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('T', ' ').replace('Z', '');
}
