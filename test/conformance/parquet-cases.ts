// Writes the Parquet files of test/parquet/cases.ts and, beside each, a JSON file with what a reader must find:
// {rowCount, columns: [{name, type, values}]}, values as text or null.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeParquet, type ParquetField, type ParquetType } from '../../src/parquet/index.ts';
import { fileCases, TYPES } from '../parquet/cases.ts';

/** Writes the columns of these types that a reader is to see; gives the files' names, without their endings. */
export async function writeParquetCases(
  folder: string,
  types: readonly ParquetType[] = TYPES,
  sees: (field: ParquetField) => boolean = () => true,
): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const names: string[] = [];
  for (const { name, rowCount, columns: all, options } of fileCases(types)) {
    const columns = all.filter(({ field }) => sees(field));
    const schema = { fields: columns.map((column) => column.field) };
    const data = columns.map((column) => column.data);
    await writeFile(join(folder, `${name}.parquet`), encodeParquet(schema, data, options));
    const expected = columns.map(({ field, expected: values }) => ({
      name: field.name,
      type: field.type,
      values,
    }));
    await writeFile(join(folder, `${name}.json`), JSON.stringify({ rowCount, columns: expected }));
    names.push(name);
  }
  return names;
}
