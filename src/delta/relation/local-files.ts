import type { DuckDbSession } from '../../duckdb/index.ts';
import { FetchedParquet } from '../../parquet/index.ts';
import type { Snapshot } from '../snapshot.ts';
import { type FetchableFile, type FetchPlan, fetchDataFiles, isHere } from './fetched-files.ts';
import type { DataFiles } from './relation.ts';
import { tableNeeds } from './table-needs.ts';

const fetchedBySession = new WeakMap<DuckDbSession, FetchedParquet>();

export interface LocalFilesPlan extends FetchPlan {
  /** The query that the files are for, with a name in the place of the table: it tells columns and condition. */
  readonly asked?: (table: string) => string;
}

/**
 * The table's files where this session can read them: as they lie, or what the plan needs of those in an object
 * store, fetched to this machine until the session is closed. `STORAGE_…` and `PARQUET_…` say why one cannot be had.
 */
export async function localFiles(
  session: DuckDbSession,
  table: DataFiles,
  snapshot: Snapshot,
  files: readonly FetchableFile[],
  { asked, ...plan }: LocalFilesPlan = {},
): Promise<DataFiles> {
  if (files.every((file) => isHere(table, file.path))) return table;
  const needs = asked === undefined ? {} : await needsOf(session, snapshot, asked);
  return fetchDataFiles(fetchedOf(session), table, snapshot, files, { ...needs, ...plan });
}

const PLANNED = 'barline_planned';

async function needsOf(
  session: DuckDbSession,
  snapshot: Snapshot,
  asked: (table: string) => string,
): Promise<FetchPlan> {
  const needs = await tableNeeds(session, asked(PLANNED), [{ name: PLANNED, snapshot }]);
  return needs.get(PLANNED) ?? {};
}

function fetchedOf(session: DuckDbSession): FetchedParquet {
  const known = fetchedBySession.get(session);
  if (known !== undefined) return known;
  const { temporaryFolder } = session;
  const fetched = session.own(new FetchedParquet({ temporaryFolder }));
  fetchedBySession.set(session, fetched);
  return fetched;
}
