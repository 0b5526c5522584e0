import { BarlineError } from '../base/index.ts';
import { rowGroupSessions } from './build.ts';
import { datasetCondition } from './dataset-condition.ts';
import type { RawMonth } from './discovery.ts';
import { kindOfError } from './error-class.ts';
import type { MonthReason } from './events.ts';
import { fetchFile } from './fetch.ts';
import { MonthlyLake } from './lake.ts';
import type { MonthRoom } from './memory-admission.ts';
import { shiftMonth } from './month.ts';
import { type MadeMonth, monthFacts } from './month-facts.ts';
import type { MonthRecord } from './plan.ts';
import { checksum } from './planning.ts';
import { configHash, kernelVersionsText } from './processing.ts';
import { release } from './release.ts';
import type { FinishedMonth, RunContext, RunOptions } from './run-options.ts';
import { quarantineColumns, rollColumns } from './side-tables.ts';
import { addSeconds, StageClock } from './stage-clock.ts';
import { type StatisticsDocument, statisticsColumns, statisticsDocument } from './statistics.ts';
import type { BuiltRowGroup, LastFront, PreparedMonth } from './tasks.ts';

export interface MonthJob {
  /** From 1. */
  readonly attempt: number;
  /** Number of the month's transaction. */
  readonly txnVersion: number;
  /** Another run had begun the month before. */
  readonly isTakenOver: boolean;
  /** Runs commits one after another, each if the month is still this run's; throws a `MonthTakenError` otherwise. */
  readonly commit: <T>(work: () => Promise<T>) => Promise<T>;
}

interface MonthInside {
  readonly room: MonthRoom;
  /** Without the time it waited for its room. */
  readonly startedMs: number;
}

/**
 * One month from its file to its commit. Throws a BarlineError; what was written by then no version names, and the run
 * removes it at its end.
 */
export async function makeMonth(
  raw: RawMonth,
  reason: MonthReason,
  options: RunOptions,
  context: RunContext,
  job: MonthJob,
): Promise<FinishedMonth> {
  const { onEvent, processing, signal } = options;
  const { month } = raw;
  const progress = (stage: 'contract' | 'feature' | 'write' | 'commit', done: number) =>
    onEvent({ type: 'month-progress', month, stage, done });
  const [fetched, previous] = await together([
    fetchFile(context.source, options.sourceUri, raw, options.now),
    previousFront(raw, options, context),
  ]);
  // not before: a month inside that waited for the front of one outside would wait for ever
  const room = await context.admission.enter();
  const startedMs = options.now() - fetched.seconds * 1000;
  try {
    const result = await context.pool.prepare({
      kind: 'prepare',
      month,
      file: fetched.file,
      processing,
      previousFront: previous?.contract ?? null,
    });
    const prepared = { ...result, seconds: addSeconds(result.seconds, { fetch: fetched.seconds }) };
    progress('feature', 0.3);
    const [built, condition] = await together([
      buildAll(raw, prepared, options, context, (share) => progress('feature', 0.3 + share * 0.55)),
      datasetCondition(context.source, raw.path, month),
    ]);
    signal.throwIfAborted();
    progress('write', 0.85);
    const made = { prepared, built, previous, condition };
    return await storeMonth(raw, reason, made, options, context, { ...job, room, startedMs });
  } finally {
    room.leave();
  }
}

/**
 * Front contract of the month before. Of a file that is no good only the checksum is known: it tells later whether
 * another file has taken its place.
 */
async function previousFront(
  { month }: RawMonth,
  options: RunOptions,
  context: RunContext,
): Promise<LastFront | null> {
  const before = context.discovery.months.find((raw) => raw.month === shiftMonth(month, -1));
  if (before === undefined) return null;
  const found = await findFront(before, options, context);
  if (found !== null) return found;
  const sha256 = await checksum(context.source, before, undefined);
  return sha256 === undefined ? null : { contract: null, sha256 };
}

/** From this run, from the lake's record, or from the file; null when that cannot be read. */
function findFront(
  before: RawMonth,
  options: RunOptions,
  { fronts, records, source, pool }: RunContext,
): Promise<LastFront | null> {
  const { processing } = options;
  const read = async () => {
    try {
      const { file } = await fetchFile(source, options.sourceUri, before, options.now);
      return await pool.front({ kind: 'front', file, processing });
    } catch (error) {
      // a file that cannot be read is not at hand; its own month says why
      if (error instanceof BarlineError && kindOfError(error) === 'permanent') return null;
      throw error;
    }
  };
  // without flipping back a month's own choice hangs on the one before it: ask the file alone
  if (processing.contract.noFlipBack) return fronts.of(`${before.month} alone`, read);
  return fronts.of(before.month, async () => {
    const record = records.get(before.month);
    // another kernel may find another front: what the month before would say today is in its file
    const isCurrent =
      record?.configHash === configHash(processing) && record.kernelVersions === kernelVersionsText();
    if (isCurrent) {
      const sha256 = await checksum(source, before, record);
      if (sha256 === record.sourceSha256) return { contract: record.lastFront, sha256 };
    }
    return read();
  });
}

async function buildAll(
  { month }: RawMonth,
  prepared: PreparedMonth,
  options: RunOptions,
  context: RunContext,
  onShare: (share: number) => void,
): Promise<BuiltRowGroup[]> {
  const { grid, affected } = prepared;
  const runs = rowGroupSessions(grid);
  let done = 0;
  return Promise.all(
    runs.map(async ({ firstSession, endSession }) => {
      const built = await context.pool.build({
        kind: 'build',
        month,
        grid,
        affected,
        processing: options.processing,
        firstSession,
        endSession,
        compressionLevel: options.compressionLevel,
      });
      done++;
      onShare(done / runs.length);
      return built;
    }),
  );
}

/** validate → statistics → write → commit. All data files are on disk before the first commit. */
async function storeMonth(
  raw: RawMonth,
  reason: MonthReason,
  made: MadeMonth,
  options: RunOptions,
  { lake }: RunContext,
  { attempt, txnVersion, isTakenOver, commit, room, startedMs }: MonthJob & MonthInside,
): Promise<FinishedMonth> {
  const { month } = raw;
  const { prepared, built } = made;
  const facts = monthFacts(made, {
    month,
    sourcePath: raw.path,
    processing: options.processing,
    startedMs,
    nowMs: options.now(),
    txnVersion,
    peakRssBytes: room.peakRssBytes,
  });
  const clock = new StageClock();
  const rowGroups = built.map(({ rowGroup }) => rowGroup);
  const hasRows = prepared.grid.rowCount > 0;
  const document = statisticsDocument(facts);
  const statisticsRow = statisticsColumns(document, facts);
  clock.lap('statistics');
  const tags = MonthlyLake.recordTags(recordOf(raw, made, document));
  // the disk takes its time for each, so they wait for it side by side
  const [trainingBars, quarantine, rolls, statistics] = await together([
    hasRows ? lake.writeRowGroups('training_bars', month, rowGroups) : Promise.resolve(undefined),
    lake.writeColumns('quarantine', month, quarantineColumns(prepared.quarantine)),
    lake.writeColumns('rolls', month, rollColumns(prepared.rolls.events)),
    lake.writeColumns('monthly_statistics', month, statisticsRow, tags),
  ]);
  for (const { rowGroup } of built) release(rowGroup.pieces);
  clock.lap('write');
  options.signal.throwIfAborted();
  const files = {
    quarantine,
    rolls,
    monthly_statistics: statistics,
    training_bars: trainingBars === undefined ? [] : [trainingBars],
  };
  const version = await commit(() =>
    lake.commitMonth(month, files, JSON.stringify(document), { txnVersion, isTakenOver }),
  );
  clock.lap('commit');
  return {
    outcome: {
      month,
      status: 'succeeded',
      reason,
      rows: prepared.grid.rowCount,
      sessions: prepared.grid.sessions.length,
      rolls: prepared.rolls.events.length,
      quarantined: prepared.quarantine.rowCount,
      seconds: (options.now() - startedMs) / 1000,
      version,
      error: null,
      qualityScore: document.quality_score,
      requiresReprocessing: document.requires_reprocessing,
      reasons: document.reprocessing_reasons,
      attempts: attempt,
      peakRssBytes: room.peakRssBytes,
    },
    stageSeconds: addSeconds(facts.stageSeconds, clock.seconds),
  };
}

function recordOf(
  raw: RawMonth,
  { prepared, previous }: MadeMonth,
  document: StatisticsDocument,
): MonthRecord {
  return {
    month: raw.month,
    configHash: document.config_hash,
    kernelVersions: kernelVersionsText(),
    sourceSha256: prepared.source.sha256,
    sourceByteLength: raw.byteLength,
    sourceModifiedMs: raw.modifiedMs,
    sourcePath: raw.path,
    previousSha256: previous?.sha256 ?? null,
    lastFront: prepared.contract.lastSession?.front ?? null,
    rowCount: prepared.grid.rowCount,
    txnVersion: document.txn_version,
    qualityScore: document.quality_score,
  };
}

/** All of them, or the first failure once all have ended: whoever clears up after it finds nobody still writing. */
function together<const Work extends readonly Promise<unknown>[]>(work: Work) {
  return Promise.all(work).catch(async (error: unknown) => {
    await Promise.allSettled(work);
    throw error;
  });
}
