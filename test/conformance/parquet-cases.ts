// Writes the Parquet files of test/parquet/cases.ts and, beside each, a JSON file with what a reader must find:
// {rowCount, columns: [{name, type, values}]}, values as text or null. Run by node with the folder as its argument;
// `without TYPE …` after it leaves types out.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeParquet, type ParquetType } from '../../src/parquet/index.ts';
import { fileCases, TYPES } from '../parquet/cases.ts';

/** The names of the files written, without their endings. */
export async function writeParquetCases(
  folder: string,
  types: readonly ParquetType[] = TYPES,
): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const names: string[] = [];
  for (const { name, rowCount, columns, options } of fileCases(types)) {
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

if (import.meta.main) {
  const [folder = 'parquet-cases', , ...without] = process.argv.slice(2);
  await writeParquetCases(
    folder,
    TYPES.filter((type) => typeof type !== 'string' || !without.includes(type)),
  );
}
