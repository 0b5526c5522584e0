/** Writes of rows that Barline, delta-rs and Spark each can do, on a table of id, close and month. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { DeltaTable, field, struct } from '../../src/delta/index.ts';
import type { SparkRequest } from './spark/session.ts';

export type Row = readonly [id: number, close: number, month: string];

export type WriteStep =
  | { readonly do: 'create'; readonly properties: Readonly<Record<string, string>> }
  | { readonly do: 'append'; readonly rows: readonly Row[] }
  | { readonly do: 'overwrite'; readonly rows: readonly Row[]; readonly where: string }
  | { readonly do: 'delete'; readonly where: string }
  | { readonly do: 'update'; readonly where: string; readonly close: string }
  | { readonly do: 'merge'; readonly rows: readonly Row[] };

export const rowsFrom = (start: number, month: string, count = 5): Row[] =>
  Array.from({ length: count }, (_, i) => [start + i, (start + i) / 2, month] as const);

const SCHEMA = struct([field('id', 'long'), field('close', 'double'), field('month', 'string')]);

export async function writeByBarline(path: string, steps: readonly WriteStep[]): Promise<void> {
  for (const step of steps) {
    if (step.do === 'create') {
      const { properties } = step;
      await DeltaTable.create(path, { schema: SCHEMA, partitionBy: ['month'], properties });
    } else await writeStep(await DeltaTable.open(path), step);
  }
}

async function writeStep(
  table: DeltaTable,
  step: Exclude<WriteStep, { readonly do: 'create' }>,
): Promise<unknown> {
  const source = (rows: readonly Row[]) => ({
    rows: rows.map(([id, close, month]) => ({ id, close, month })),
  });
  switch (step.do) {
    case 'append':
      return table.append(source(step.rows));
    case 'overwrite':
      return table.overwrite(source(step.rows), { where: step.where });
    case 'delete':
      return table.delete(step.where);
    case 'update':
      return table.update(step.where, { close: step.close });
    case 'merge':
      return table.merge(source(step.rows), {
        on: ['id'],
        whenMatchedDelete: { condition: 'source.close < 0' },
        whenMatchedUpdate: { set: { close: 'source.close' } },
        whenNotMatchedInsert: 'all',
        whenNotMatchedBySourceDelete: { condition: 'target.id = 0' },
      });
  }
}

export function writeByDeltaRs(
  requests: readonly { readonly path: string; readonly step: WriteStep | { readonly do: 'read' } }[],
): unknown[] {
  const input = requests.map(({ path, step: { do: name, ...args } }) => ({
    do: name,
    with: { path, ...args },
  }));
  const run = spawnSync('python3', [join(import.meta.dirname, 'delta_writes.py')], {
    input: JSON.stringify(input),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (run.status !== 0) throw new Error(`python3 delta_writes.py failed: ${run.error ?? run.stderr}`);
  return JSON.parse(run.stdout);
}

export const trySql = (text: string): SparkRequest => ({ do: 'try_sql', with: { text } });

export function writeBySpark(path: string, step: WriteStep): SparkRequest {
  const table = `delta.\`${path}\``;
  switch (step.do) {
    case 'create': {
      const properties = Object.entries(step.properties).map(([key, value]) => `'${key}' = '${value}'`);
      const more = properties.length === 0 ? '' : ` TBLPROPERTIES (${properties.join(', ')})`;
      return trySql(
        `CREATE TABLE ${table} (id BIGINT, close DOUBLE, month STRING) USING delta PARTITIONED BY (month)${more}`,
      );
    }
    case 'append':
      return trySql(`INSERT INTO ${table} ${valuesOf(step.rows)}`);
    case 'overwrite':
      return trySql(`INSERT INTO ${table} REPLACE WHERE ${step.where} ${valuesOf(step.rows)}`);
    case 'delete':
      return trySql(`DELETE FROM ${table} WHERE ${step.where}`);
    case 'update':
      return trySql(`UPDATE ${table} SET close = ${step.close} WHERE ${step.where}`);
    case 'merge':
      return trySql(
        `MERGE INTO ${table} AS target USING (${valuesOf(step.rows)}) AS source ON target.id = source.id ` +
          'WHEN MATCHED AND source.close < 0 THEN DELETE ' +
          'WHEN MATCHED THEN UPDATE SET close = source.close ' +
          'WHEN NOT MATCHED THEN INSERT * ' +
          'WHEN NOT MATCHED BY SOURCE AND target.id = 0 THEN DELETE',
      );
  }
}

function valuesOf(rows: readonly Row[]): string {
  const lines = rows.map(([id, close, month]) => `(${id}L, ${close}D, '${month}')`);
  return `SELECT * FROM VALUES ${lines.join(', ')} AS given(id, close, month)`;
}

export function readBySpark(path: string): SparkRequest {
  return trySql(`SELECT id, close, month FROM delta.\`${path}\` ORDER BY id`);
}

/** The change feed from a version on, as `type id close month`. */
export function feedBySpark(path: string, from: number): SparkRequest {
  return trySql(
    `SELECT concat_ws(' ', _commit_version, _change_type, id, close, month) FROM table_changes_by_path('${path}', ${from}) ORDER BY 1`,
  );
}
