import { BarlineError } from '../base/index.ts';
import type { Storage } from '../storage/index.ts';
import type {
  Action,
  AddFile,
  DomainMetadata,
  Metadata,
  Protocol,
  RemoveFile,
  SetTransaction,
} from './actions.ts';
import { readCheckpoint } from './checkpoint.ts';
import { parseCommit } from './commit-file.ts';
import { deltaError } from './delta-error.ts';
import type { CommitFile, CompactedFile } from './log-listing.ts';
import type { LogSegment } from './log-segment.ts';
import { checkReplayable } from './protocol.ts';
import { Replay, type TableState } from './replay.ts';
import { parseSchema, type StructType } from './schema.ts';

/** Commits read at once: enough to hide a store's latency, few enough to bound memory. */
const READ_AHEAD = 64;

/** A table at one version; it never changes. */
export class Snapshot {
  /** Where the table is, for messages. */
  readonly table: string;
  readonly state: TableState;
  readonly protocol: Protocol;
  readonly metadata: Metadata;
  #schema: StructType | undefined;

  /** Refuses a state without protocol or metadata, and a protocol that cannot be read. */
  constructor(table: string, state: TableState) {
    if (state.protocol === undefined) throw lacks(table, state.version, 'DELTA_NO_PROTOCOL', 'protocol');
    checkReplayable(state.protocol, table);
    if (state.metadata === undefined) throw lacks(table, state.version, 'DELTA_NO_METADATA', 'metaData');
    this.table = table;
    this.state = state;
    this.protocol = state.protocol;
    this.metadata = state.metadata;
  }

  get version(): number {
    return this.state.version;
  }

  /** `DELTA_NO_SCHEMA` when the metadata carries none: the log is fine, but the table has no columns to read. */
  get schema(): StructType {
    if (this.#schema === undefined) {
      const text = this.metadata.schemaString;
      if (text === undefined || text === '') {
        throw deltaError({
          code: 'DELTA_NO_SCHEMA',
          message: `version ${this.version} of ${this.table} has no schema: its metaData has no schemaString`,
          hint: 'write data with a schema into it first',
          facts: { table: this.table, version: this.version },
        });
      }
      this.#schema = parseSchema(text, this.table);
    }
    return this.#schema;
  }

  get partitionColumns(): readonly string[] {
    return this.metadata.partitionColumns;
  }

  get properties(): Readonly<Record<string, string>> {
    return this.metadata.configuration;
  }

  get fileCount(): number {
    return this.state.files.size;
  }

  /** The active files. */
  files(): Iterable<AddFile> {
    return this.state.files.values();
  }

  tombstones(): Iterable<RemoveFile> {
    return this.state.tombstones.values();
  }

  get transactions(): ReadonlyMap<string, SetTransaction> {
    return this.state.transactions;
  }

  get domainMetadata(): ReadonlyMap<string, DomainMetadata> {
    return this.state.domains;
  }
}

/** Replays a segment of the log, on top of an earlier state when it continues one. */
export async function loadState(
  storage: Storage,
  segment: LogSegment,
  base?: TableState,
): Promise<TableState> {
  const replay = new Replay(base);
  if (segment.checkpoint !== undefined) {
    const { version } = segment.checkpoint;
    for await (const actions of readCheckpoint(storage, segment.checkpoint)) replay.apply(version, actions);
    replay.reach(version);
  }
  let next = 0;
  for (const file of segment.compacted) {
    const first = segment.commits.findIndex(({ version }) => version === file.from);
    const end = first + file.version - file.from + 1;
    await replayCommits(storage, segment.commits.slice(next, first), replay);
    const actions = await readCompacted(storage, file);
    // a compacted file that cannot be read costs time only: its commits say the same
    if (actions !== undefined) replay.apply(file.version, actions);
    else await replayCommits(storage, segment.commits.slice(first, end), replay);
    next = end;
  }
  await replayCommits(storage, segment.commits.slice(next), replay);
  return replay.finish();
}

async function readCompacted(storage: Storage, file: CompactedFile): Promise<Action[] | undefined> {
  try {
    return parseCommit(await storage.read(file.path), `${storage.uri}/${file.path}`, { commitInfo: false });
  } catch (error) {
    if (error instanceof BarlineError) return undefined;
    throw error;
  }
}

async function replayCommits(
  storage: Storage,
  commits: readonly CommitFile[],
  replay: Replay,
): Promise<void> {
  for (let start = 0; start < commits.length; start += READ_AHEAD) {
    const batch = commits.slice(start, start + READ_AHEAD);
    const contents = await Promise.all(batch.map((commit) => storage.read(commit.path)));
    for (const [i, bytes] of contents.entries()) {
      const commit = batch[i];
      if (commit === undefined) continue;
      const location = `${storage.uri}/${commit.path}`;
      replay.apply(commit.version, parseCommit(bytes, location, { commitInfo: false }));
    }
  }
}

function lacks(
  table: string,
  version: number,
  code: 'DELTA_NO_PROTOCOL' | 'DELTA_NO_METADATA',
  action: string,
) {
  return deltaError({
    code,
    message: `version ${version} of ${table} has no ${action} action, so it cannot be read`,
    hint: 'its log or its checkpoint is incomplete; restore it from a backup',
    facts: { table, version },
  });
}
