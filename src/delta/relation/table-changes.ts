import { type DuckDbSession, defaultLimits, type SessionLimits } from '../../duckdb/index.ts';
import type { Action } from '../actions.ts';
import { parseCommit } from '../commit-file.ts';
import { commitInfoOf } from '../conflict.ts';
import { deltaError } from '../delta-error.ts';
import { datedCommits } from '../history.ts';
import { loadLogSegment } from '../log-segment.ts';
import { commitPath } from '../paths.ts';
import { field, type StructField } from '../schema.ts';
import { loadState, Snapshot } from '../snapshot.ts';
import { changedRows, type VersionChanges } from './changed-rows.ts';
import { emptyRows, rowsRelation } from './file-rows.ts';
import { localFiles } from './local-files.ts';
import { type DataFiles, localFile } from './relation.ts';
import { RowReader } from './row-reader.ts';

export interface ChangesRequest {
  /** The first version whose changes are meant. */
  readonly from: number;
  /** The last one; the newest unless given. */
  readonly to?: number;
  /** What reading may use; see `defaultLimits`. */
  readonly limits?: SessionLimits;
}

const ENABLED = 'delta.enableChangeDataFeed';
const CHANGE_TYPE = field('_change_type', 'string');
const COMMIT_COLUMNS: readonly StructField[] = [
  field('_commit_version', 'long'),
  field('_commit_timestamp', 'timestamp'),
];
const EXTRA_TYPES = [
  ['_commit_version', 'BIGINT'],
  ['_commit_timestamp', 'TIMESTAMP WITH TIME ZONE'],
] as const;

/**
 * Changes by the table's columns as of `to`, then `_change_type` (insert, update_preimage, update_postimage, delete),
 * `_commit_version` and `_commit_timestamp`; versions in order.
 */
export class TableChanges extends RowReader {
  readonly from: number;
  readonly to: number;

  constructor(
    table: DataFiles,
    snapshot: Snapshot,
    from: number,
    changes: readonly VersionChanges[],
    limits: SessionLimits,
  ) {
    const fields = [...snapshot.schema.fields, CHANGE_TYPE, ...COMMIT_COLUMNS];
    super(`the changes of ${table.uri}`, fields, limits, (session) =>
      relationOf(session, table, snapshot, changes),
    );
    this.from = from;
    this.to = snapshot.version;
  }
}

/** Reads the commits of the range and the deletion vectors in them. */
export async function tableChanges(
  table: DataFiles,
  newest: Snapshot,
  request: ChangesRequest,
): Promise<TableChanges> {
  const { from, to = newest.version } = request;
  if (!Number.isSafeInteger(from) || from < 0 || from > to) {
    throw deltaError({
      code: 'DELTA_BAD_WRITE',
      message: `changes of ${table.uri} from version ${from} to ${to} were asked for; the first must not be above the last`,
      hint: `versions are 0 to ${newest.version}`,
      exitCode: 2,
    });
  }
  const end = to === newest.version ? newest : await snapshotAt(table, to);
  const times = new Map(
    (await datedCommits(table.storage)).map((commit) => [commit.version, commit.modifiedMs]),
  );
  const oldest = Math.min(...times.keys());
  if (from < oldest) throw isGone(table, from, oldest);
  // what lies before the oldest commit cannot be replayed; its own version can
  let { properties } = await snapshotAt(table, from === oldest ? from : from - 1);
  const changes: VersionChanges[] = [];
  for (let version = from; version <= to; version++) {
    const path = commitPath(version);
    const actions = parseCommit(await table.storage.read(path), `${table.uri}/${path}`);
    properties = propertiesAfter(actions) ?? properties;
    if (properties[ENABLED] !== 'true') throw isOff(table, version, from);
    const timeMs = commitInfoOf(actions)?.inCommitTimestamp ?? times.get(version) ?? 0;
    changes.push(await changedRows(table, version, timeMs, actions));
  }
  return new TableChanges(table, end, from, changes, request.limits ?? defaultLimits());
}

async function snapshotAt({ storage, uri }: DataFiles, version: number): Promise<Snapshot> {
  return new Snapshot(uri, await loadState(storage, await loadLogSegment(storage, version)));
}

function propertiesAfter(actions: readonly Action[]): Readonly<Record<string, string>> | undefined {
  for (const action of actions) if ('metaData' in action) return action.metaData.configuration;
  return undefined;
}

/** Change files name their rows' kind themselves; of whole data files the log does. */
async function relationOf(
  session: DuckDbSession,
  table: DataFiles,
  snapshot: Snapshot,
  changes: readonly VersionChanges[],
): Promise<string> {
  const parts: string[] = [];
  const all = changes.flatMap(({ changeFiles, inserted, deleted }) => [
    ...changeFiles,
    ...inserted,
    ...deleted,
  ]);
  const local = await localFiles(session, table, snapshot, all);
  for (const { version, timeMs, changeFiles, inserted, deleted } of changes) {
    const extras = [`${version}::BIGINT`, `make_timestamptz(${timeMs * 1000})`];
    const kinds = [
      [changeFiles, undefined],
      [deleted, "'delete'"],
      [inserted, "'insert'"],
    ] as const;
    for (const [files, kind] of kinds) {
      if (files.length === 0) continue;
      if (kind === undefined) {
        const rows = files.map((file) => ({ ...file, localPath: localFile(local, file.path), extras }));
        parts.push(
          await rowsRelation(session, snapshot, rows, {
            storedColumns: [CHANGE_TYPE],
            extraColumns: EXTRA_TYPES,
          }),
        );
      } else {
        const rows = files.map((file) => ({
          ...file,
          localPath: localFile(local, file.path),
          extras: [kind, ...extras],
        }));
        const extraColumns = [['_change_type', 'VARCHAR'] as const, ...EXTRA_TYPES];
        parts.push(await rowsRelation(session, snapshot, rows, { extraColumns }));
      }
    }
  }
  if (parts.length > 0) return parts.join(' UNION ALL ');
  return emptyRows(snapshot, { storedColumns: [CHANGE_TYPE], extraColumns: EXTRA_TYPES });
}

function isGone({ uri }: DataFiles, asked: number, oldest: number) {
  return deltaError({
    code: 'DELTA_VERSION_GONE',
    message: `the changes of ${uri} from version ${asked} on were asked for; its log begins with version ${oldest}`,
    hint: `ask for the changes from version ${oldest} on`,
    facts: { table: uri, asked, oldest },
  });
}

function isOff({ uri }: DataFiles, version: number, from: number) {
  return deltaError({
    code: 'DELTA_NO_CHANGE_FEED',
    message: `the changes of ${uri} from version ${from} on were asked for; its change data feed was off at version ${version}`,
    hint: `set ${ENABLED} to true; what versions change from then on can be read`,
    facts: { table: uri, version, from },
  });
}
