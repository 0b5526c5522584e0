import { DuckDbSession, defaultLimits, quoteName, type SessionLimits } from '../../duckdb/index.ts';
import type { AddFile } from '../actions.ts';
import { columnType } from '../partition-values.ts';
import { compileWhere, type Where } from '../predicate.ts';
import { type ScannedFiles, scanFiles, whereCondition } from '../scan.ts';
import type { StructField } from '../schema.ts';
import type { Snapshot } from '../snapshot.ts';
import { sqlCondition } from '../sql-condition.ts';
import { type DataFiles, filesInOrder, tableRelation } from './relation.ts';
import { RowReader } from './row-reader.ts';
import { termsToSql } from './sql-literal.ts';

export interface ScanRequest {
  /** Which columns, in this order; all unless given. */
  readonly columns?: readonly string[];
  /** By column, or as an SQL expression. Rows that do not meet it are not among `rows`, `batches` and `columns`. */
  readonly where?: Where | string;
  /** What reading may use; see `defaultLimits`. */
  readonly limits?: SessionLimits;
}

/** The files a read needs, chosen before any is opened, and the read itself. */
export class Scan extends RowReader implements ScannedFiles {
  readonly version: number;
  readonly files: readonly AddFile[];
  readonly total: number;
  readonly pruned: number;
  readonly prunedByPartition: number;
  readonly prunedByStats: number;
  readonly byteLength: number;
  readonly totalByteLength: number;

  constructor(table: DataFiles, snapshot: Snapshot, scanned: ScannedFiles, request: ScanRequest) {
    const limits = request.limits ?? defaultLimits();
    super(`table ${table.uri}`, fieldsOf(snapshot, request.columns), limits, async (session) => {
      const files = filesInOrder(snapshot, scanned.files);
      const filter = filterOf(snapshot, request.where);
      const columns = this.fields.map(({ name }) => quoteName(name)).join(', ');
      const asked = (rows: string) =>
        `SELECT ${columns} FROM ${rows} AS asked_table${filter === undefined ? '' : ` WHERE (${filter}\n)`}`;
      const isWhole = request.columns === undefined && filter === undefined;
      const all = await tableRelation(session, table, snapshot, files, isWhole ? {} : { fetch: { asked } });
      return isWhole ? all : asked(`(${all})`);
    });
    this.version = scanned.version;
    this.files = scanned.files;
    this.total = scanned.total;
    this.pruned = scanned.pruned;
    this.prunedByPartition = scanned.prunedByPartition;
    this.prunedByStats = scanned.prunedByStats;
    this.byteLength = scanned.byteLength;
    this.totalByteLength = scanned.totalByteLength;
  }
}

/** Chooses the files. An SQL condition is parsed by DuckDB first, in this session or in one of its own. */
export async function scanTable(
  table: DataFiles,
  snapshot: Snapshot,
  request: ScanRequest,
  session?: DuckDbSession,
): Promise<Scan> {
  return new Scan(table, snapshot, await prune(snapshot, request, session), request);
}

async function prune(
  snapshot: Snapshot,
  { where = {}, limits }: ScanRequest,
  session: DuckDbSession | undefined,
): Promise<ScannedFiles> {
  if (typeof where !== 'string') return scanFiles(snapshot, whereCondition(snapshot, where));
  const { schema, properties } = snapshot;
  if (session !== undefined)
    return scanFiles(snapshot, await sqlCondition(session, where, schema, properties));
  using own = await DuckDbSession.open({ ...(limits ?? defaultLimits()), threads: 1 });
  return scanFiles(snapshot, await sqlCondition(own, where, schema, properties));
}

function filterOf(snapshot: Snapshot, where: ScanRequest['where']): string | undefined {
  if (where === undefined || typeof where === 'string') return where;
  return Object.keys(where).length === 0 ? undefined : termsToSql(compileWhere(snapshot.schema, where));
}

function fieldsOf(snapshot: Snapshot, columns: readonly string[] | undefined): readonly StructField[] {
  if (columns === undefined) return snapshot.schema.fields;
  return columns.flatMap((name) => {
    columnType(snapshot.schema, name); // refuses an unknown one
    return snapshot.schema.fields.filter((field) => field.name === name);
  });
}
