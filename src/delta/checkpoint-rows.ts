import { type DuckDbSession, quoteName, quotePath } from '../duckdb/index.ts';
import { type Action, toAction } from './actions.ts';
import { isRecord } from './schema.ts';

/** Few of each: read as JSON, one object a row. */
const SMALL_KINDS = ['protocol', 'metaData', 'txn', 'domainMetadata'];
const FILE_KINDS = ['remove', 'add'];

/** Fields of files that are read as columns of their own. */
const TEXTS = ['path', 'stats'];
const NUMBERS = ['size', 'modificationTime', 'deletionTimestamp'];
const FLAGS = ['dataChange', 'extendedFileMetadata'];
/** Maps and structs that many files share: their JSON is parsed once. */
const SHARED = ['partitionValues', 'tags', 'deletionVector'];
/** Typed doubles of `partitionValues`, and of `stats` unless it is missing. */
const TYPED = ['partitionValues_parsed', 'stats_parsed'];

/** The actions of one Parquet file of a checkpoint. */
export async function* checkpointActions(session: DuckDbSession, path: string): AsyncGenerator<Action[]> {
  const source = `read_parquet(${quotePath(path)})`;
  const columns = new Set((await session.columns(`SELECT * FROM ${source}`)).map(({ name }) => name));
  for (const kind of SMALL_KINDS.filter((name) => columns.has(name))) {
    const name = quoteName(kind);
    const query = `SELECT to_json(${name})::VARCHAR FROM ${source} WHERE ${name} IS NOT NULL`;
    for await (const chunk of session.chunks(query)) {
      yield chunk.values(0).map((json) => actionOf(kind, JSON.parse(String(json))));
    }
  }
  for (const kind of FILE_KINDS.filter((name) => columns.has(name)))
    yield* fileActions(session, source, kind);
}

/** Paths in the `sidecar` actions of a V2 checkpoint; a classic one has none. */
export async function sidecarPaths(session: DuckDbSession, path: string): Promise<string[]> {
  const source = `read_parquet(${quotePath(path)})`;
  const columns = await session.columns(`SELECT * FROM ${source}`);
  if (!columns.some(({ name }) => name === 'sidecar')) return [];
  const paths: string[] = [];
  const query = `SELECT sidecar.path FROM ${source} WHERE sidecar IS NOT NULL`;
  for await (const chunk of session.chunks(query)) paths.push(...chunk.values(0).map(String));
  return paths;
}

interface FieldReader {
  readonly field: string;
  readonly sql: string;
  /** From DuckDB's value, which is not null, to the action's. */
  readonly convert: (value: unknown) => unknown;
}

async function* fileActions(session: DuckDbSession, source: string, kind: string): AsyncGenerator<Action[]> {
  const struct = quoteName(kind);
  const unnested = await session.columns(`SELECT unnest(${struct}) FROM ${source}`);
  const readers = fieldReaders(
    struct,
    unnested.map(({ name }) => name),
  );
  const selected = readers.map(({ sql }) => sql).join(', ');
  for await (const chunk of session.chunks(`SELECT ${selected} FROM ${source} WHERE ${struct} IS NOT NULL`)) {
    const columns = readers.map((_, i) => chunk.values(i));
    const actions: Action[] = [];
    for (let row = 0; row < chunk.rowCount; row++) {
      const file: Record<string, unknown> = {};
      for (const [i, { field, convert }] of readers.entries()) {
        const value = columns[i]?.[row];
        if (value === null || value === undefined) continue;
        if (field === OTHERS) Object.assign(file, convert(value));
        else file[field] = convert(value);
      }
      actions.push(actionOf(kind, file));
    }
    yield actions;
  }
}

/** The name under which fields this version does not know are read together. */
const OTHERS = '';

function fieldReaders(struct: string, fields: readonly string[]): FieldReader[] {
  const at = (field: string) => `${struct}.${quoteName(field)}`;
  const readers: FieldReader[] = [];
  const shared = new Map<string, unknown>();
  for (const field of fields) {
    if (TEXTS.includes(field)) readers.push({ field, sql: textOf(field, fields, at), convert: String });
    else if (NUMBERS.includes(field)) readers.push({ field, sql: `${at(field)}::DOUBLE`, convert: Number });
    else if (FLAGS.includes(field))
      readers.push({ field, sql: at(field), convert: (value) => value === true });
    else if (SHARED.includes(field)) {
      const sql = `CASE WHEN ${at(field)} IS NOT NULL THEN to_json(${at(field)})::VARCHAR END`;
      // a null in a map is a value; in a struct it is a field left out
      const clean = field === 'deletionVector' ? withoutNullsOf : (value: unknown) => value;
      readers.push({ field, sql, convert: (value) => parseOnce(String(value), shared, clean) });
    }
  }
  if (!fields.includes('stats') && fields.includes('stats_parsed')) {
    readers.push({ field: 'stats', sql: jsonOf(at('stats_parsed')), convert: String });
  }
  const known = new Set([...TEXTS, ...NUMBERS, ...FLAGS, ...SHARED, ...TYPED]);
  const others = fields.filter((field) => !known.has(field));
  if (others.length > 0) {
    const members = others.map((field) => `${quoteName(field)} := ${at(field)}`);
    const anyOf = others.map((field) => `${at(field)} IS NOT NULL`).join(' OR ');
    const sql = `CASE WHEN ${anyOf} THEN to_json(struct_pack(${members.join(', ')}))::VARCHAR END`;
    readers.push({ field: OTHERS, sql, convert: (value) => withoutNullsOf(JSON.parse(String(value))) });
  }
  return readers;
}

/** Distinct partitions remembered; beyond, each is parsed anew. */
const SHARED_LIMIT = 100_000;

function parseOnce(text: string, seen: Map<string, unknown>, clean: (value: unknown) => unknown): unknown {
  const known = seen.get(text);
  if (known !== undefined) return known;
  const parsed = clean(JSON.parse(text));
  if (seen.size < SHARED_LIMIT) seen.set(text, parsed);
  return parsed;
}

function textOf(field: string, fields: readonly string[], at: (field: string) => string): string {
  if (field !== 'stats' || !fields.includes('stats_parsed')) return at(field);
  return `coalesce(${at('stats')}, ${jsonOf(at('stats_parsed'))})`;
}

function jsonOf(expression: string): string {
  return `CASE WHEN ${expression} IS NOT NULL THEN to_json(${expression})::VARCHAR END`;
}

function withoutNullsOf(value: unknown): unknown {
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null));
}

function actionOf(kind: string, value: unknown): Action {
  const action = toAction({ [kind]: value });
  if (typeof action === 'object') return action;
  throw new Error(action ?? `its ${kind} is not an action`);
}
