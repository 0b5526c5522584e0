import { quoteName } from '../../duckdb/index.ts';
import type { TableShape } from '../data-file.ts';
import { duckdbType } from '../relation/duckdb-types.ts';
import type { StructField } from '../schema.ts';
import { CHANGE_TYPE } from './file-writer.ts';
import { defaultOf, generationOf } from './row-rules.ts';
import { bracketed, fromSpark } from './sql-expression.ts';

export const INSERT = "'insert'";
export const UPDATE = "'update_postimage'";

/** How new rows come about. */
export interface NewRows {
  /** What the row is to the change feed, as SQL. */
  readonly change: string;
  /** SQL by the table's column. Columns without are generated, or have their default, or are null. */
  readonly values: ReadonlyMap<string, string>;
  /** What stands after FROM. */
  readonly from: string;
}

/** A SELECT of new rows: the table's columns in their order and of their types, then `_change_type`. */
export function newRowSelect(shape: TableShape, { change, values, from }: NewRows): string {
  const { schema } = shape;
  const isGenerated = (field: StructField) => !values.has(field.name) && generationOf(field) !== undefined;
  const typed = (sql: string, { name, type }: StructField) =>
    `${bracketed(sql)}::${duckdbType(type)} AS ${quoteName(name)}`;
  const given = schema.fields
    .filter((field) => !isGenerated(field))
    .map((field) => typed(values.get(field.name) ?? fromSpark(defaultOf(field) ?? 'NULL', shape), field));
  const changed = `${change} AS ${CHANGE_TYPE}`;
  if (!schema.fields.some(isGenerated)) return `SELECT ${[...given, changed].join(', ')} FROM ${from}`;
  const all = schema.fields.map((field) =>
    isGenerated(field)
      ? typed(fromSpark(generationOf(field) ?? 'NULL', shape), field)
      : quoteName(field.name),
  );
  return `SELECT ${[...all, changed].join(', ')} FROM (SELECT ${given.join(', ')} FROM ${from}) AS given`;
}

/** Columns of rows as the table has them now, by the names it will have; a column that is new is null. */
export function keptColumns(shape: TableShape, known: readonly StructField[], alias: string): string {
  const names = new Set(known.map(({ name }) => name));
  return shape.schema.fields
    .map(({ name, type }) => {
      const value = names.has(name) ? `${alias}.${quoteName(name)}` : 'NULL';
      return `${value}::${duckdbType(type)} AS ${quoteName(name)}`;
    })
    .join(', ');
}
