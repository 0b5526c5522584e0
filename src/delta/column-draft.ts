import { constraintsOf } from './check-constraint.ts';
import { changeField, changeFields, indexOf, pathParts } from './column-path.ts';
import { deltaError } from './delta-error.ts';
import { allFields, type DeltaType, type StructField, type StructType } from './schema.ts';
import { isWider, widenField } from './type-widening.ts';

/** One change of a column; paths are dotted, see `column-path`. */
export type ColumnChange =
  | {
      readonly add: StructField;
      /** The struct it goes into; the table itself by default. */
      readonly into?: string;
      /** Its place: `first`, or after this sibling; the end by default. */
      readonly position?: 'first' | { readonly after: string };
    }
  | { readonly rename: string; readonly to: string }
  | { readonly drop: string }
  | { readonly widen: string; readonly to: DeltaType }
  | { readonly comment: string; readonly text: string | null }
  /** `nullable: false` has the rows checked first. */
  | { readonly column: string; readonly nullable: boolean };

/** A schema under change, with what else of the table's definition names its columns. */
export class ColumnDraft {
  readonly #table: string;
  schema: StructType;
  partitionColumns: readonly string[];
  configuration: Readonly<Record<string, string>>;

  constructor(
    configuration: Readonly<Record<string, string>>,
    table: string,
    { schema, partitionColumns }: { schema: StructType; partitionColumns: readonly string[] },
  ) {
    this.#table = table;
    this.schema = schema;
    this.partitionColumns = partitionColumns;
    this.configuration = configuration;
  }

  apply(change: ColumnChange): void {
    if ('add' in change) this.#add(change);
    else if ('rename' in change) this.#rename(change.rename, change.to);
    else if ('drop' in change) this.#drop(change.drop);
    else if ('widen' in change) this.#widen(change.widen, change.to);
    else if ('comment' in change) this.#comment(change.comment, change.text);
    else this.#change(change.column, (field) => ({ ...field, nullable: change.nullable }));
  }

  #change(path: string, change: (field: StructField) => StructField | undefined): void {
    this.schema = changeField(this.schema, path, this.#table, change);
  }

  #add({ add, into, position }: Extract<ColumnChange, { add: StructField }>): void {
    const path = into === undefined ? add.name : `${into}.${add.name}`;
    if (!add.nullable)
      throw badColumnChange(this.#table, `the new column ${path} must be nullable: older rows lack it`);
    this.schema = changeFields(this.schema, path, this.#table, (fields) => {
      if (fields.some((field) => field.name.toLowerCase() === add.name.toLowerCase()))
        throw badColumnChange(this.#table, `there is a column ${path} already`);
      if (position === undefined) return [...fields, add];
      const at = position === 'first' ? 0 : indexOf(fields, position.after, this.#table, position.after) + 1;
      return [...fields.slice(0, at), add, ...fields.slice(at)];
    });
  }

  #rename(path: string, to: string): void {
    this.#checkUnused(path, 'renamed');
    this.schema = changeFields(this.schema, path, this.#table, (fields, name) => {
      const index = indexOf(fields, name, this.#table, path);
      if (fields.some((field, i) => i !== index && field.name.toLowerCase() === to.toLowerCase()))
        throw badColumnChange(this.#table, `there is a column ${to} already`);
      return fields.map((field, i) => (i === index ? { ...field, name: to } : field));
    });
    if (path.includes('.')) return;
    this.partitionColumns = this.partitionColumns.map((column) => (column === path ? to : column));
    this.#restate((column) => (column === path ? to : column));
  }

  #drop(path: string): void {
    if (this.partitionColumns.includes(path)) {
      throw badColumnChange(this.#table, `${path} is a partition column and cannot be dropped`);
    }
    this.#checkUnused(path, 'dropped');
    this.schema = changeFields(this.schema, path, this.#table, (fields, name) => {
      const index = indexOf(fields, name, this.#table, path);
      if (fields.length === 1) throw badColumnChange(this.#table, `${path} is the last column there`);
      return fields.filter((_, i) => i !== index);
    });
    this.#restate((column) => (column === path || column.startsWith(`${path}.`) ? undefined : column));
  }

  /** The list of columns with statistics follows the columns. */
  #restate(change: (column: string) => string | undefined): void {
    const key = 'delta.dataSkippingStatsColumns';
    const named = this.configuration[key];
    if (named === undefined) return;
    const columns = named.split(',').flatMap((column) => change(column.trim()) ?? []);
    this.configuration = { ...this.configuration, [key]: columns.join(',') };
  }

  #widen(path: string, to: DeltaType): void {
    const check = (from: DeltaType) => {
      if (isWider(from, to)) return;
      throw badColumnChange(this.#table, `column ${path}: ${text(from)} cannot become ${text(to)}`, WIDER);
    };
    const parts = pathParts(path);
    const inner = parts.findLastIndex((part) => !INNER.has(part)) + 1 || 1;
    const place = parts.slice(inner);
    this.#change(parts.slice(0, inner).join('.'), (field) => {
      let from: DeltaType = field.type;
      const type = replaceInner(field.type, place, (found) => {
        check(found);
        from = found;
        return to;
      });
      if (type === undefined) throw badColumnChange(this.#table, `there is no ${path}`);
      const widened = widenField(field, to, from, place.length === 0 ? undefined : place.join('.'));
      return { ...widened, type };
    });
  }

  #comment(path: string, comment: string | null): void {
    this.#change(path, (field) => {
      const { comment: _, ...metadata } = field.metadata;
      return { ...field, metadata: comment === null ? metadata : { ...metadata, comment } };
    });
  }

  /** Expressions name columns in SQL that is not parsed here, so a mention of the word is enough. */
  #checkUnused(path: string, verb: string): void {
    const name = pathParts(path).at(-1) ?? '';
    const word = new RegExp(`(?<![\\w$])${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w$])`, 'i');
    for (const [constraint, expression] of constraintsOf(this.configuration)) {
      if (word.test(expression)) {
        throw badColumnChange(
          this.#table,
          `${path} cannot be ${verb}: the constraint ${constraint} names it: ${expression}`,
        );
      }
    }
    for (const { path: other, field } of allFields(this.schema)) {
      const expression = field.metadata['delta.generationExpression'];
      if (typeof expression === 'string' && word.test(expression)) {
        throw badColumnChange(
          this.#table,
          `${path} cannot be ${verb}: ${other} is generated from it: ${expression}`,
        );
      }
    }
  }
}

const INNER: ReadonlySet<string> = new Set(['element', 'key', 'value']);
const WIDER =
  'these can: byte to short to integer to long, float to double, byte to integer to double, date to timestamp_ntz, decimals and whole numbers to decimals that hold them';

function replaceInner(
  type: DeltaType,
  place: readonly string[],
  replace: (found: DeltaType) => DeltaType,
): DeltaType | undefined {
  const [part, ...rest] = place;
  if (part === undefined) return replace(type);
  if (typeof type === 'string' || type.type === 'struct') return undefined;
  if (type.type === 'array') {
    const elementType = part === 'element' ? replaceInner(type.elementType, rest, replace) : undefined;
    return elementType && { ...type, elementType };
  }
  if (part === 'key') {
    const keyType = replaceInner(type.keyType, rest, replace);
    return keyType && { ...type, keyType };
  }
  const valueType = part === 'value' ? replaceInner(type.valueType, rest, replace) : undefined;
  return valueType && { ...type, valueType };
}

function text(type: DeltaType): string {
  return typeof type === 'string' ? type : type.type;
}

export function badColumnChange(table: string, why: string, hint?: string) {
  return deltaError({
    code: 'DELTA_BAD_COLUMN_CHANGE',
    message: `${table}: ${why}`,
    hint,
    facts: { table },
  });
}
