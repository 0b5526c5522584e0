import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DeltaTable, field, openStorage, type S3Settings, struct } from '../../src/delta/index.ts';
import { encodeParquet, type ParquetField } from '../../src/parquet/index.ts';

/** 2^53 + 1: no double holds it. */
export const WIDE = 9_007_199_254_740_993n;

const bars = struct([
  field('timestamp', 'timestamp'),
  field('month', 'string'),
  field('close', 'double'),
  field('volume', 'long'),
]);

const stored: readonly ParquetField[] = [
  { name: 'timestamp', type: 'timestamp' },
  { name: 'close', type: 'double' },
  { name: 'volume', type: 'int64' },
];

async function appendMonth(table: DeltaTable, month: string, rowCount: number, volume = 1n): Promise<void> {
  const start = Date.parse(`${month}-01T14:30:00Z`) * 1000;
  const pieces = encodeParquet({ fields: stored }, [
    { values: Float64Array.from({ length: rowCount }, (_, row) => start + row * 1e6) },
    { values: Float64Array.from({ length: rowCount }, (_, row) => 5000 + row / 4) },
    { values: BigInt64Array.from({ length: rowCount }, () => volume) },
  ]);
  const path = table.newFilePath({ month });
  const entry = await table.storage.write(path, pieces);
  const added = table.addFile({
    ...entry,
    partitionValues: { month },
    statistics: { rowCount, columns: {} },
  });
  await table.append([added]);
}

/**
 * A lake with `bars`, partitioned by month: version 1 adds 100 rows of 2024-02, version 2 adds 50 of 2024-01 with a
 * volume beyond 2^53, and `empty`, without rows. And, on a disk, a folder that is no table.
 */
export async function writeLake(lake: string, s3?: S3Settings): Promise<void> {
  const at = (name: string) => openStorage(`${lake}/${name}`, s3 === undefined ? {} : { s3 });
  const table = await DeltaTable.create(at('bars'), { schema: bars, partitionBy: ['month'] });
  await appendMonth(table, '2024-02', 100);
  await appendMonth(table, '2024-01', 50, WIDE);
  await DeltaTable.create(at('empty'), {
    schema: struct([field('x', 'integer'), field('d', 'date')]),
  });
  if (s3 === undefined) mkdirSync(join(lake, 'processed-data'));
}

/** Appends `rowCount` rows of one month to a table of such bars, made if need be. */
export async function writeBars(location: string, month: string, rowCount: number): Promise<void> {
  const table = await DeltaTable.openOrCreate(location, { schema: bars, partitionBy: ['month'] });
  await appendMonth(table, month, rowCount);
}
