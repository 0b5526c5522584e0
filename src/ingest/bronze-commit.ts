/** One commit of a bronze table: rows of some streams with their watermarks and coverage. */
import { setTimeout as delay } from 'node:timers/promises';
import { BarlineError } from '../base/index.ts';
import { type AddFile, ConcurrentModificationError, type DeltaTable } from '../delta/index.ts';
import type { DeadLetters } from '../quality/index.ts';
import { layoutOf, removeBarFiles, writeBarFiles } from './bar-files.ts';
import type { PageRows } from './page-rows.ts';
import { storedBars } from './stored-bars.ts';
import {
  doubtful,
  type GatheredRows,
  gather,
  planWrite,
  type StreamRun,
  type StreamWrite,
} from './stream-rows.ts';
import {
  appIdOf,
  domainOf,
  foreignOrigin,
  NOTHING,
  type StreamState,
  stateOf,
  stateText,
  streamKey,
} from './stream-state.ts';

export interface CommitRequest {
  readonly table: DeltaTable;
  readonly pages: ReadonlyMap<StreamRun, readonly PageRows[]>;
  readonly deadLetters: Pick<DeadLetters, 'keep'>;
  readonly ingestionId: string;
}

interface Prepared {
  readonly run: StreamRun;
  readonly rows: GatheredRows;
  readonly state: StreamState;
  readonly write: StreamWrite;
  readonly files: readonly AddFile[];
}

const MAX_ATTEMPTS = 100;
const FILES_AT_ONCE = 16;
const US_PER_SECOND = 1e6;

/**
 * Stores pages: dead letters first, then data files, then the one commit that makes rows, watermarks and coverage
 * stand together. A kill before it leaves dead letters that the next run recognises and files that no version names.
 * Who loses a race for a stream looks at what the winner stored, drops what it has in common, and tries again.
 * Returns the version, or undefined when there was nothing to say.
 */
export async function commitPages(request: CommitRequest): Promise<number | undefined> {
  const { table } = request;
  const gathered = [...request.pages].map(([run, pages]) => ({ run, rows: gather(pages) }));
  const late = new Set<string>();
  for (const { run, rows } of gathered)
    await keepDead(
      request,
      run,
      rows.pages.flatMap(({ dead }) => dead),
    );
  let prepared: readonly Prepared[] = [];
  await table.refresh();
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    prepared = await prepare(request, gathered, prepared);
    for (const { run, write } of prepared) {
      const key = streamKey(run.stream);
      const fresh = write.dead.filter((record) => !late.has(`${key} ${JSON.stringify(record)}`));
      for (const record of fresh) late.add(`${key} ${JSON.stringify(record)}`);
      await keepDead(request, run, fresh);
    }
    const version = await tryCommit(table, prepared);
    if (version !== 'lost') {
      for (const each of prepared) count(each);
      return version;
    }
    await delay(Math.random() * Math.min(200, 5 * 2 ** attempt));
    await table.refresh();
  }
  throw new BarlineError({
    code: 'INGEST_CONTENDED',
    message: `${MAX_ATTEMPTS} commits to ${table.uri} were each overtaken by another ingest of the same assets`,
    hint: 'nothing of this batch was stored; run again when the other one is done',
    facts: { table: table.uri },
  });
}

async function keepDead(
  { deadLetters }: CommitRequest,
  { stream }: StreamRun,
  records: PageRows['dead'],
): Promise<void> {
  const { asset, timeframe, provider } = stream;
  await deadLetters.keep({ context: { asset_pair: asset, timeframe, provider }, records });
}

/** Against the newest version known. Files of a lost attempt serve again where the stream is as it was. */
async function prepare(
  { table, ingestionId }: CommitRequest,
  gathered: readonly { readonly run: StreamRun; readonly rows: GatheredRows }[],
  before: readonly Prepared[],
): Promise<Prepared[]> {
  const states = gathered.map(({ run }) => stateOf(table.latest, run.stream));
  for (const [i, { run }] of gathered.entries()) {
    const foreign = foreignOrigin(run.stream, states[i] ?? NOTHING, run.origin);
    if (foreign !== undefined) throw foreign;
  }
  const wanted = gathered.flatMap(({ run, rows }, i) => {
    const span = doubtful(rows, states[i] ?? NOTHING);
    return span === undefined ? [] : [{ stream: run.stream, span }];
  });
  const stored = await storedBars(table, wanted);
  const writer = { table, schema: layoutOf(table), ingestionId, slot: slots(FILES_AT_ONCE) };
  return Promise.all(
    gathered.map(async ({ run, rows }, i): Promise<Prepared> => {
      const state = states[i] ?? NOTHING;
      const earlier = before[i];
      // a correction leaves the state as it was: what had to be looked up is looked up again
      const isCertain = doubtful(rows, state) === undefined;
      if (earlier !== undefined && isCertain && stateText(earlier.state) === stateText(state)) return earlier;
      await removeBarFiles(table, earlier?.files ?? []);
      const write = planWrite(run, rows, state, stored.get(streamKey(run.stream)));
      return { run, rows, state, write, files: await writeBarFiles(writer, run, rows, write) };
    }),
  );
}

async function tryCommit(
  table: DeltaTable,
  prepared: readonly Prepared[],
): Promise<number | 'lost' | undefined> {
  const transaction = table.transaction();
  let rowCount = 0;
  let fileCount = 0;
  let isChanged = false;
  for (const { run, state, write, files } of prepared) {
    for (const file of files) transaction.add(file);
    rowCount += write.rows.length;
    fileCount += files.length;
    const text = stateText(write.next);
    if (files.length === 0 && text === stateText(state)) continue;
    isChanged = true;
    const appId = appIdOf(run.stream);
    const last = transaction.readTransaction(appId) ?? -Infinity;
    const { watermarkUs } = write.next;
    if (watermarkUs !== null && watermarkUs / US_PER_SECOND > last) {
      transaction.setTransaction(appId, watermarkUs / US_PER_SECOND);
    }
    transaction.setDomainMetadata(domainOf(run.stream), text);
  }
  if (!isChanged) return undefined;
  transaction.operation({
    name: 'WRITE',
    parameters: { mode: 'Append', partitionBy: JSON.stringify(table.partitionColumns) },
    metrics: { numFiles: String(fileCount), numOutputRows: String(rowCount) },
  });
  try {
    // Commit point: rows, watermarks (txn) and coverage (domain metadata) become one version, or none of them.
    const { version, alreadyCommitted } = await transaction.commit();
    return alreadyCommitted ? 'lost' : version;
  } catch (error) {
    if (error instanceof ConcurrentModificationError) return 'lost';
    throw error;
  }
}

function count({ run, write }: Prepared): void {
  run.counts.stored += write.rows.length;
  run.counts.duplicate += write.duplicate;
  run.counts.dead += write.dead.length;
  run.watermarkUs = write.next.watermarkUs;
}

/** At most so many at once: each call waits for a place and gives what frees it. */
function slots(most: number): () => Promise<() => void> {
  let taken = 0;
  const waiting: (() => void)[] = [];
  const release = () => {
    const next = waiting.shift();
    if (next === undefined) taken--;
    else next();
  };
  return async () => {
    if (taken < most) taken++;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    return release;
  };
}
