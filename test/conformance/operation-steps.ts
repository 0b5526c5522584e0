/** Steps on a table that Barline, delta-rs and Spark each can take. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { DeltaTable, field, type StructType, struct } from '../../src/delta/index.ts';
import type { ColumnData } from '../../src/parquet/index.ts';
import type { SparkRequest } from './spark/session.ts';

export type Row = readonly (string | number | null)[];
export type Step =
  | { readonly do: 'create' }
  | { readonly do: 'append' | 'overwrite'; readonly start: number; readonly month: string }
  | { readonly do: 'restore'; readonly version: number }
  | { readonly do: 'vacuum' }
  | { readonly do: 'add_column'; readonly name: string }
  | { readonly do: 'add_constraint'; readonly name: string; readonly expression: string }
  | { readonly do: 'drop_constraint'; readonly name: string }
  | { readonly do: 'set_properties'; readonly properties: Readonly<Record<string, string>> }
  | { readonly do: 'rename_column'; readonly from: string; readonly to: string }
  | { readonly do: 'drop_column'; readonly name: string }
  | { readonly do: 'widen_column'; readonly name: string; readonly to: 'long' };

export const COLUMNS: readonly string[] = ['id', 'close', 'month'];
export const SCHEMA = struct([field('id', 'long'), field('close', 'double'), field('month', 'string')]);
export const rowsFrom = (start: number, month: string): Row[] =>
  Array.from({ length: 5 }, (_, i) => [start + i, (start + i) / 2, month]);

export async function byBarline(path: string, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    const table =
      step.do === 'create'
        ? await DeltaTable.create(path, { schema: SCHEMA, partitionBy: ['month'] })
        : await DeltaTable.open(path);
    if (step.do === 'append') await appendRows(table, step.start, step.month);
    else if (step.do === 'overwrite') {
      const file = await writeRows(table, step.start, step.month);
      await table.replaceWhere({ month: step.month }, [file]);
    } else if (step.do === 'restore') await table.restore({ version: step.version });
    else if (step.do === 'vacuum') await table.vacuum({ retentionHours: 0, force: true });
    else if (step.do === 'add_column') await table.alterColumns([{ add: field(step.name, 'string') }]);
    else if (step.do === 'add_constraint') await table.addConstraint(step.name, step.expression);
    else if (step.do === 'drop_constraint') await table.dropConstraint(step.name);
    else if (step.do === 'set_properties') await table.setProperties(step.properties);
    else if (step.do === 'rename_column') {
      await table.alterColumns([{ rename: step.from, to: step.to }], { columnMapping: true });
    } else if (step.do === 'drop_column') {
      await table.alterColumns([{ drop: step.name }], { columnMapping: true });
    } else if (step.do === 'widen_column') {
      await table.alterColumns([{ widen: step.name, to: step.to }], { typeWidening: true });
    }
  }
}

export async function appendRows(table: DeltaTable, start: number, month: string): Promise<void> {
  // these rows meet every constraint of these tests
  const file = await writeRows(table, start, month);
  const operation = { name: 'WRITE', parameters: { mode: 'Append', partitionBy: '["month"]' } };
  await table.transaction().operation(operation).add(file).rowsChecked().commit();
}

export function writeRows(table: DeltaTable, start: number, month: string) {
  const given: Record<string, ColumnData> = {
    id: { values: BigInt64Array.from({ length: 5 }, (_, i) => BigInt(start + i)) },
    close: { values: Float64Array.from({ length: 5 }, (_, i) => (start + i) / 2) },
  };
  const columns = stored(table.schema).map((name) => [name, given[name] ?? NOTHING] as const);
  return table.writeDataFile(Object.fromEntries(columns), { partitionValues: { month } });
}

const NOTHING: ColumnData = { values: { codes: Int32Array.from({ length: 5 }, () => -1), values: [''] } };
const stored = (schema: StructType) =>
  schema.fields.map((each) => each.name).filter((name) => name !== 'month');

export function byDeltaRs(requests: readonly { path: string; step: Step | ReadStep }[]): unknown[] {
  const input = requests.map(({ path, step }) => {
    const { do: name, ...args } = step;
    return { do: name, with: { path, ...args } };
  });
  const run = spawnSync('python3', [join(import.meta.dirname, 'delta_operations.py')], {
    input: JSON.stringify(input),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (run.status !== 0) throw new Error(`python3 delta_operations.py failed: ${run.error ?? run.stderr}`);
  return JSON.parse(run.stdout);
}

export interface ReadStep {
  readonly do: 'read';
  readonly sql: string;
}

export function toSpark(path: string, step: Step | ReadStep, columns = COLUMNS): SparkRequest[] {
  const table = `delta.\`${path}\``;
  const sql = (...texts: string[]) => texts.map((text) => ({ do: 'try_sql', with: { text } }));
  const values = (start: number, month: string) =>
    `SELECT id, id / 2 AS ${columns[1] === 'last' ? 'last' : 'close'}, '${month}' AS month FROM range(${start}, ${start + 5})`;
  switch (step.do) {
    case 'create':
      return sql(
        `CREATE TABLE ${table} (id BIGINT, close DOUBLE, month STRING) USING delta PARTITIONED BY (month)`,
      );
    case 'append': {
      const given = columns.filter((name) => name !== 'venue');
      return sql(
        `INSERT INTO ${table} (${given.join(', ')}) SELECT ${given.join(', ')} FROM (${values(step.start, step.month)})`,
      );
    }
    case 'overwrite':
      return sql(
        `INSERT INTO ${table} REPLACE WHERE month = '${step.month}' ${values(step.start, step.month)}`,
      );
    case 'restore':
      return sql(`RESTORE TABLE ${table} TO VERSION AS OF ${step.version}`);
    case 'vacuum':
      return sql(
        'SET spark.databricks.delta.retentionDurationCheck.enabled = false',
        `VACUUM ${table} RETAIN 0 HOURS`,
      );
    case 'add_column':
      return sql(`ALTER TABLE ${table} ADD COLUMNS (${step.name} STRING)`);
    case 'add_constraint':
      return sql(`ALTER TABLE ${table} ADD CONSTRAINT ${step.name} CHECK (${step.expression})`);
    case 'drop_constraint':
      return sql(`ALTER TABLE ${table} DROP CONSTRAINT ${step.name}`);
    case 'set_properties': {
      const pairs = Object.entries(step.properties).map(([key, value]) => `'${key}' = '${value}'`);
      return sql(`ALTER TABLE ${table} SET TBLPROPERTIES (${pairs.join(', ')})`);
    }
    case 'rename_column':
      return [
        ...toSpark(path, { do: 'set_properties', properties: { 'delta.columnMapping.mode': 'name' } }),
        ...sql(`ALTER TABLE ${table} RENAME COLUMN ${step.from} TO ${step.to}`),
      ];
    case 'drop_column':
      return [
        ...toSpark(path, { do: 'set_properties', properties: { 'delta.columnMapping.mode': 'name' } }),
        ...sql(`ALTER TABLE ${table} DROP COLUMN ${step.name}`),
      ];
    case 'widen_column':
      return [
        ...toSpark(path, { do: 'set_properties', properties: { 'delta.enableTypeWidening': 'true' } }),
        ...sql(`ALTER TABLE ${table} ALTER COLUMN ${step.name} TYPE BIGINT`),
      ];
    case 'read':
      return sql(step.sql.replace(' t', ` ${table}`));
  }
}
