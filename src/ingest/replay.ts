/** Dead letters tried again, after somebody mended them or the rules changed. */
import { TIMEFRAME_US } from '../providers/index.ts';
import {
  barOf,
  DEFAULT_PRICE_BOUNDS,
  type DeadLetter,
  type DeadLetters,
  type DeadRecord,
  type PriceBounds,
} from '../quality/index.ts';
import type { Storage } from '../storage/index.ts';
import { commitPages } from './bronze-commit.ts';
import { createBarTable } from './bronze-tables.ts';
import { streamOfContext } from './dead-spans.ts';
import { noCounts, type PageRows, pageRows } from './page-rows.ts';
import { isRecordTable, replayRecords } from './records.ts';
import type { Span } from './spans.ts';
import type { StreamRun } from './stream-rows.ts';
import type { BarStream } from './stream-state.ts';

export interface ReplayRequest {
  readonly lake: Storage;
  readonly deadLetters: DeadLetters;
  /** Stands in the rows. */
  readonly ingestionId: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Default 0.0001 to 1,000,000. */
  readonly priceBounds?: PriceBounds;
}

export interface ReplayResult {
  readonly id: string;
  readonly records: number;
  readonly stored: number;
  /** Stored since, with the same values: they leave the dead letter too. */
  readonly duplicate: number;
  /** Those that still fail. */
  readonly kept: number;
}

/** All of time: a dead letter's bars are held to what is stored, whenever that came. */
const EVER: Span = [-8.64e18, 8.64e18];

/**
 * Checks a dead letter's records again, stores those that pass, and keeps the rest. A kill between the two leaves
 * records that are stored already: the next replay finds them to be duplicates. Undefined for a dead letter of
 * something that is not ingested in batches.
 */
export async function replayLetter(
  request: ReplayRequest,
  letter: DeadLetter,
): Promise<ReplayResult | undefined> {
  const { table } = letter.context;
  const stream = streamOfContext(letter.context);
  const outcome =
    stream !== undefined
      ? await replayBars(request, letter, stream)
      : typeof table === 'string' && isRecordTable(table)
        ? await replayRecords(request, letter, table)
        : undefined;
  if (outcome === undefined) return undefined;
  // Commit point of the dead letter: what is left of it replaces it, after the rows were stored.
  await request.deadLetters.replace(letter, outcome.kept);
  const { stored, duplicate, kept } = outcome;
  return { id: letter.id, records: letter.records.length, stored, duplicate, kept: kept.length };
}

export interface ReplayOutcome {
  readonly stored: number;
  readonly duplicate: number;
  readonly kept: readonly DeadRecord[];
}

async function replayBars(
  { lake, ingestionId, now, priceBounds = DEFAULT_PRICE_BOUNDS }: ReplayRequest,
  { context, records }: DeadLetter,
  stream: BarStream,
): Promise<ReplayOutcome> {
  const run: StreamRun = {
    stream,
    barUs: TIMEFRAME_US[stream.timeframe],
    isMock: stream.provider === 'replay',
    plan: [],
    had: [],
    counts: noCounts(),
    watermarkUs: null,
  };
  const rules = {
    barUs: run.barUs,
    nowUs: now() * 1000,
    ...priceBounds,
  };
  // a bar that has not ended yet is neither to be stored nor to be dropped
  const isClosed = (record: DeadRecord) => !((barOf(record).tsUs ?? 0) + run.barUs > rules.nowUs);
  const kept: DeadRecord[] = records.filter((record) => !isClosed(record));
  const pages: PageRows[] = [];
  for (const [file, part] of Map.groupBy(records.filter(isClosed), sourceFileOf)) {
    const page = {
      bars: part.map((record) => barOf(record, context)),
      coveredFromUs: 0,
      coveredToUs: 0,
      sourceFile: file,
    };
    pages.push(pageRows(page, { rules, wanted: EVER, had: [EVER], mask: (text) => text }));
  }
  const table = await createBarTable(lake, stream.timeframe);
  const keep = async (letter: { readonly records: readonly DeadRecord[] }) => {
    kept.push(...letter.records);
  };
  await commitPages({ table, pages: new Map([[run, pages]]), deadLetters: { keep }, ingestionId });
  const duplicate = run.counts.duplicate + pages.reduce((sum, { counts }) => sum + counts.duplicate, 0);
  return { stored: run.counts.stored, duplicate, kept };
}

function sourceFileOf({ source_file }: DeadRecord): string | null {
  return typeof source_file === 'string' ? source_file : null;
}
