import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeltaTable } from '../../src/delta/index.ts';
import type { ParquetField } from '../../src/parquet/index.ts';
import { TYPES } from '../parquet/cases.ts';
import {
  COLUMNS,
  PARTITIONS,
  readByDuckDb,
  type Sample,
  withDuckDb,
  writeRows,
  writeSample,
} from './delta-sample.ts';
import { writeParquetCases } from './parquet-cases.ts';
import { askSpark } from './spark/session.ts';

const root = mkdtempSync(join(tmpdir(), 'barline-spark-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const PREDICATES = [
  "ts = TIMESTAMP '2024-11-01 00:14:59.123457'",
  "ts >= TIMESTAMP '2024-11-01 00:14:59.000001'",
  "ts < TIMESTAMP '2024-10-01 00:16:41'",
  'close > 1e300',
  'close < 0',
  "symbol > 'symbol-xxxxxxxxxxxxxxxxxxxxxxxxxxxx'",
  "symbol = 'ESMé'",
  'price >= 499.00',
  "day = DATE '2024-12-01'",
  'label IS NULL',
  'flag IS NULL',
  'volume = 899000',
  "month = '2024-11'",
  'venue IS NULL',
  "venue = 'a/b:c%d é#?&=+'",
];

describe('Spark reads what Barline writes', () => {
  const path = join(root, 'sample');
  let sample: Sample;
  let answers: unknown[];
  beforeAll(async () => {
    sample = await writeSample(path);
    const third = (await sample.table.history({ limit: 2 }))[1];
    if (third === undefined) throw new Error('no history');
    // Spark reads a time with milliseconds; the version of exactly that time must be found
    const timestamp = new Date(third.timestampMs).toISOString().replace('T', ' ').replace('Z', '');
    answers = askSpark([
      { do: 'read', with: { path, columns: COLUMNS } },
      { do: 'read', with: { path, columns: COLUMNS, version: 0 } },
      { do: 'read', with: { path, columns: COLUMNS, version: 1 } },
      { do: 'read', with: { path, columns: COLUMNS, version: 2 } },
      { do: 'read', with: { path, columns: COLUMNS, timestamp } },
      { do: 'counts', with: { path, predicates: PREDICATES } },
      { do: 'history', with: { path } },
      { do: 'detail', with: { path } },
      { do: 'files', with: { path, predicate: "month = '2024-11' AND close > 4100" } },
    ]);
  }, 300_000);

  it('the newest version and each earlier one, as we read them through DuckDB', async () => {
    expect(answers[0]).toEqual(sample.expected[3]);
    expect(answers.slice(1, 4)).toEqual(sample.expected.slice(0, 3));
    expect(answers[4]).toEqual(sample.expected[2]);
    for (const version of [1, 2, 3])
      expect(await readByDuckDb(sample.table, version)).toEqual(sample.expected[version]);
  });

  it('prunes by partition and statistics without losing a row', async () => {
    const rows = (sample.expected[3] ?? []).map((text) => JSON.parse(text));
    // Spark ranks NaN above every number, DuckDB likewise
    const counted = await withDuckDb(async (connection) => {
      const counts: number[] = [];
      const { files } = await sample.table.scan();
      const selects = files.map((file) => {
        const local = (sample.table.localPath(file) ?? '').replaceAll("'", "''");
        const literal = (text: string | null | undefined) =>
          text == null ? 'NULL' : `'${text.replaceAll("'", "''")}'`;
        const { month, venue } = file.partitionValues;
        return `SELECT *, ${literal(month)} AS month, ${literal(venue)} AS venue FROM read_parquet('${local}', hive_partitioning = false)`;
      });
      await connection.run(`CREATE VIEW t AS ${selects.join(' UNION ALL ')}`);
      for (const predicate of PREDICATES) {
        const result = await connection.runAndReadAll(`SELECT count(*) FROM t WHERE ${predicate}`);
        counts.push(Number(result.getRows()[0]?.[0]));
      }
      return counts;
    });
    expect(answers[5]).toEqual(counted);
    expect(rows.length).toBeGreaterThan(2000);
    expect(answers[8]).toBe(1);
  });

  it('history and detail', async () => {
    expect(answers[6]).toMatchObject([
      {
        version: 3,
        operation: 'WRITE',
        parameters: { mode: 'Overwrite', predicate: "month = '2024-10'" },
        metrics: { numFiles: '1', numOutputRows: '1000', numRemovedFiles: '1' },
        engine: expect.stringMatching(/^barline\/\d/),
      },
      { version: 2, operation: 'WRITE', parameters: { mode: 'Append' } },
      { version: 1, operation: 'WRITE', metrics: { numOutputRows: '2100' } },
      { version: 0, operation: 'CREATE TABLE' },
    ]);
    const { files } = await sample.table.scan();
    expect(answers[7]).toEqual({
      partitionColumns: PARTITIONS,
      numFiles: files.length,
      sizeInBytes: files.reduce((sum, file) => sum + file.size, 0),
      protocol: [1, 2],
    });
  });
});

describe('a table that both write', () => {
  it('is continued by Spark, by us and by Spark again', async () => {
    const path = join(root, 'shared');
    const sample = await writeSample(path);
    const parquet = join(root, 'more.parquet');
    await withDuckDb(async (connection) => {
      await connection.run(`COPY (SELECT TIMESTAMPTZ '2025-01-01 00:00:00.000001Z' + to_seconds(i) AS ts,
        i / 4 AS close, (i / 3)::FLOAT AS weight, i::BIGINT AS volume, i::INT AS n, i::SMALLINT AS small, 1::TINYINT AS label,
        i % 2 = 0 AS flag, 'ES' || i AS symbol, DATE '2025-01-01' AS day, i::DECIMAL(10,2) AS price,
        '2025-01' AS month, 'CME' AS venue FROM range(100) r(i)) TO '${parquet}'`);
    });
    const [, read4] = askSpark([
      { do: 'append', with: { path, parquet } },
      { do: 'read', with: { path, columns: COLUMNS } },
      { do: 'replace_where', with: { path, parquet, predicate: "month = '2025-01'" } },
      { do: 'sql', with: { text: `DELETE FROM delta.\`${path}\` WHERE month = '2024-12'` } },
    ]);
    expect(await readByDuckDb(sample.table, 4)).toEqual(read4);
    const reopened = await DeltaTable.open(path);
    expect(reopened.version).toBe(6);
    const january = { month: '2025-01', venue: 'CME' };
    const row = [...JSON.parse(sample.expected[1]?.[0] ?? '[]').slice(0, -2), '2025-01', 'CME'];
    await reopened.replaceWhere(january, [await writeRows(reopened, january, [row])]);
    // small commits past the tenth, so that Spark's next one writes a checkpoint
    for (let i = 0; i < 4; i++) await reopened.append([await writeRows(reopened, january, [row])]);
    const copy = join(root, 'copy');
    cpSync(path, copy, { recursive: true });
    const [before, , , after] = askSpark([
      { do: 'read', with: { path, columns: COLUMNS } },
      { do: 'append', with: { path: copy, parquet } },
      { do: 'append', with: { path: copy, parquet } },
      { do: 'read', with: { path: copy, columns: COLUMNS } },
    ]);
    expect(await readByDuckDb(reopened)).toEqual(before);
    expect(await readByDuckDb(await DeltaTable.open(copy))).toEqual(after);
  }, 300_000);
});

// Spark has no time of nanoseconds, and its vectorized reader (the default) no BYTE_STREAM_SPLIT.
const sparkTypes = TYPES.filter((type) => type !== 'timestamp_nanos');
const split = ({ encoding }: ParquetField) => encoding === 'byte_stream_split';

interface ParquetAnswer {
  readonly read: number;
  readonly differences: readonly string[];
  readonly refused: Readonly<Record<string, string>>;
}

describe('Parquet files of every type, encoding, null pattern, page and row group', () => {
  const [readable, nanos, splits] = ['readable', 'nanos', 'splits'].map((name) => join(root, name));
  let names: string[];
  let answers: unknown[];
  beforeAll(async () => {
    names = await writeParquetCases(readable, sparkTypes, (field) => !split(field));
    await writeParquetCases(nanos, ['timestamp_nanos']);
    await writeParquetCases(splits, ['float', 'double'], split);
    // a column without a value has no page to refuse, so one pattern stands for all
    for (const folder of [nanos, splits]) {
      for (const file of readdirSync(folder)) if (!file.startsWith('some-1500')) rmSync(join(folder, file));
    }
    answers = askSpark([readable, nanos, splits].map((path) => ({ do: 'parquet_cases', with: { path } })));
  }, 600_000);

  it('are to Spark what was written', () => {
    expect(answers[0]).toEqual({ read: names.length, differences: [], refused: {} } satisfies ParquetAnswer);
  });

  it('but for nanoseconds and byte stream split, which it refuses rather than misreads', () => {
    const refusal = (text: RegExp) => ({
      read: 0,
      differences: [],
      refused: { 'some-1500': expect.stringMatching(text) },
    });
    expect(answers[1]).toEqual(refusal(/TIMESTAMP\(NANOS,true\)/));
    expect(answers[2]).toEqual(refusal(/BYTE_STREAM_SPLIT/));
  });
});
