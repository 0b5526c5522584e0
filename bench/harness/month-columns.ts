import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readBarFile } from '../../src/bars/index.ts';
import { processingOf, settingsSchema } from '../../src/cli/configuration.ts';
import { PROCESS_STAGES, processBars } from '../../src/months/index.ts';
import type { ColumnData, ParquetField } from '../../src/parquet/index.ts';
import { BenchmarkError } from './python.ts';

/** How a column lies in its file: raw, little endian, NaN for null. */
type Storage = 'int8' | 'float32' | 'float64';

export interface StoredColumn {
  readonly field: ParquetField;
  readonly storage: Storage;
  readonly nanIsNull: boolean;
}

export interface StoredMonth {
  readonly rowCount: number;
  /** In the table's order, the partition column left out. */
  readonly columns: readonly StoredColumn[];
}

/**
 * The columns of `training_bars` for one DBN file, a raw file each beside `columns.json`, so that contestants of any
 * language encode the same values. Written on first use.
 */
export async function storeMonthColumns(dbnFile: string, folder: string): Promise<StoredMonth> {
  const index = join(folder, 'columns.json');
  if (!existsSync(index)) await writeColumns(dbnFile, folder, index);
  return JSON.parse(readFileSync(index, 'utf8'));
}

async function writeColumns(dbnFile: string, folder: string, index: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const { bars } = await readBarFile(dbnFile);
  const processing = processingOf(settingsSchema.parse({}));
  const { fields, columns, report } = processBars(bars, PROCESS_STAGES, processing, dbnFile);
  const stored = fields.map((field, at): StoredColumn => {
    const { values, nanIsNull = false } = columns[at];
    const storage = storageOf(values);
    if (storage === undefined || !ArrayBuffer.isView(values)) {
      throw new BenchmarkError(`${field.name} is not a column of numbers`);
    }
    const { buffer, byteOffset, byteLength } = values;
    writeFileSync(join(folder, `${field.name}.bin`), new Uint8Array(buffer, byteOffset, byteLength));
    return { field, storage, nanIsNull };
  });
  const month: StoredMonth = { rowCount: report.rowsOut, columns: stored };
  writeFileSync(`${index}.part`, JSON.stringify(month));
  renameSync(`${index}.part`, index);
}

function storageOf(values: ColumnData['values']): Storage | undefined {
  if (values instanceof Int8Array) return 'int8';
  if (values instanceof Float32Array) return 'float32';
  return values instanceof Float64Array ? 'float64' : undefined;
}

/** The columns as the encoder takes them. */
export function loadMonthColumns({ columns }: StoredMonth, folder: string): ColumnData[] {
  return columns.map(({ field, storage, nanIsNull }) => {
    const { buffer } = new Uint8Array(readFileSync(join(folder, `${field.name}.bin`)));
    if (storage === 'int8') return { values: new Int8Array(buffer) };
    return storage === 'float32'
      ? { values: new Float32Array(buffer), nanIsNull }
      : { values: new Float64Array(buffer), nanIsNull };
  });
}
