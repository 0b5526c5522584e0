import { type DuckDbSession, quoteName, quotePath } from '../duckdb/index.ts';
import { type Action, toAction } from './actions.ts';
import { isRecord } from './schema.ts';

/** Few of each. */
const SMALL_KINDS = ['protocol', 'metaData', 'txn', 'domainMetadata'];
const FILE_KINDS = ['remove', 'add'];

/** Typed doubles of `partitionValues`, and of `stats` unless it is missing. */
const TYPED = ['partitionValues_parsed', 'stats_parsed'];
/** Files that become one text. */
const BATCH_ROWS = 8192;
/** Rows that DuckDB puts together at a time, which bounds its memory. */
const QUERY_ROWS = 32 * BATCH_ROWS;
/** Between texts; JSON writes this character otherwise. */
const SEPARATOR = '\u001e';

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

/**
 * Values cross from DuckDB one by one at a microsecond each, so files cross by the thousand as one text: each file's
 * JSON, and after it its statistics, which are JSON already.
 */
async function* fileActions(session: DuckDbSession, source: string, kind: string): AsyncGenerator<Action[]> {
  const struct = quoteName(kind);
  const fields = (await session.columns(`SELECT unnest(${struct}) FROM ${source}`)).map(({ name }) => name);
  const inJson = await usedFields(session, source, struct, fields);
  const members = inJson.map((field) => `${quoteName(field)} := ${struct}.${quoteName(field)}`);
  const json = `to_json(struct_pack(${members.join(', ')}))::VARCHAR`;
  const stats = statsOf(struct, fields);
  const rowCount = Number(await session.value(`SELECT count(*) FROM ${source}`));
  for (let start = 0; start < rowCount; start += QUERY_ROWS) {
    const query =
      `SELECT string_agg(concat(${json}, '${SEPARATOR}', ${stats}), '${SEPARATOR}') FROM ${source} ` +
      `WHERE ${struct} IS NOT NULL AND file_row_number >= ${start} AND file_row_number < ${start + QUERY_ROWS} ` +
      `GROUP BY file_row_number // ${BATCH_ROWS}`;
    for await (const chunk of session.chunks(query)) {
      for (const text of chunk.values(0)) yield filesOf(kind, String(text));
    }
  }
}

/** The fields that some file has, without statistics: a field that is null everywhere need not be dropped again. */
async function usedFields(
  session: DuckDbSession,
  source: string,
  struct: string,
  fields: readonly string[],
): Promise<string[]> {
  const candidates = fields.filter((field) => field !== 'stats' && !TYPED.includes(field));
  const counts = candidates.map((field) => `count(${struct}.${quoteName(field)})`);
  const used: string[] = [];
  for await (const chunk of session.chunks(`SELECT ${counts.join(', ')} FROM ${source}`)) {
    used.push(...candidates.filter((_, column) => Number(chunk.values(column)[0]) > 0));
  }
  // a checkpoint without files of this kind still needs a struct
  return used.length === 0 ? candidates.slice(0, 1) : used;
}

function statsOf(struct: string, fields: readonly string[]): string {
  const parsed = `${struct}.stats_parsed`;
  const json = `CASE WHEN ${parsed} IS NOT NULL THEN to_json(${parsed})::VARCHAR END`;
  if (!fields.includes('stats_parsed')) return fields.includes('stats') ? `${struct}.stats` : 'NULL';
  return fields.includes('stats') ? `coalesce(${struct}.stats, ${json})` : json;
}

function filesOf(kind: string, text: string): Action[] {
  const halves = text.split(SEPARATOR);
  const files: unknown = JSON.parse(`[${halves.filter((_, i) => i % 2 === 0).join(',')}]`);
  if (!Array.isArray(files) || files.length * 2 !== halves.length)
    throw new Error(`its ${kind}s cannot be told apart`);
  return files.map((file: unknown, i) => {
    if (!isRecord(file)) return actionOf(kind, file);
    const stats = halves[i * 2 + 1];
    if (stats !== '') file.stats = stats;
    if (isRecord(file.deletionVector)) file.deletionVector = withoutNullsOf(file.deletionVector);
    return actionOf(kind, file);
  });
}

function withoutNullsOf(value: Readonly<Record<string, unknown>>): unknown {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null));
}

function actionOf(kind: string, value: unknown): Action {
  const action = toAction({ [kind]: value });
  if (typeof action === 'object') return action;
  throw new Error(action ?? `its ${kind} is not an action`);
}
