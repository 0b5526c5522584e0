import { createHash } from 'node:crypto';
import {
  type Bars,
  calendarsOf,
  chooseContract,
  cleanBars,
  dbnBarBuilder,
  fillGrid,
  inSession,
  type TradingHours,
  tradingHours,
} from '../bars/index.ts';
import { BarlineError } from '../base/index.ts';
import { openDbn, symbolResolver } from '../dbn/index.ts';
import { openStorage } from '../storage/index.ts';
import type { Processing } from './processing.ts';
import { release } from './release.ts';
import { markRolls } from './roll-marks.ts';
import { StageClock } from './stage-clock.ts';
import type { FrontTask, LastFront, PreparedMonth, PrepareTask, SourceFile } from './tasks.ts';

interface RawBars {
  readonly bars: Bars;
  /** What errors call the file. */
  readonly name: string;
  readonly sha256: string;
  readonly byteLength: number;
  readonly records: number;
  readonly skippedRecords: number;
  /** Bars that have no time, left out. */
  readonly undefinedTimes: number;
  readonly dataset: string;
}

/**
 * Bytes of a compressed bar at the least; columns made for this many rows need not grow. What stays unused costs
 * address space only.
 */
const BYTES_PER_BAR = 9;

/** fetch → decode. The checksum is of the very bytes that are decoded. */
async function readSource(file: SourceFile, clock: StageClock): Promise<RawBars> {
  const { sourceUri, path } = file;
  const source = openStorage(sourceUri);
  const bytes = file.bytes ?? (await source.read(path));
  clock.lap('fetch');
  const byteLength = bytes.length;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const name = source.localPath(path) ?? `${sourceUri}/${path}`;
  await using reader = await openDbn(bytes, { schema: 'ohlcv-1s', name });
  const builder = dbnBarBuilder(symbolResolver(reader.metadata), bytes.length / BYTES_PER_BAR);
  for await (const batch of reader.batches({ reuseBatch: true })) builder.add(batch);
  const { bars, undefinedTimes } = builder.finish();
  if (bars.rowCount === 0) {
    throw new BarlineError({
      code: 'EMPTY_INPUT',
      message: `${name}: expected bars, found none.`,
      hint: 'Export the file again; it holds no bars.',
      facts: { file: name },
    });
  }
  if (byteLength === bytes.buffer.byteLength) release([bytes]);
  clock.lap('decode');
  return {
    bars,
    name,
    sha256,
    byteLength,
    records: reader.counts.records,
    skippedRecords: reader.counts.skipped,
    undefinedTimes,
    dataset: reader.metadata.dataset,
  };
}

export function hoursOf({ session, instrument, calendars }: Processing): TradingHours {
  return tradingHours(session.name, {
    sessions: [session],
    calendars: calendarsOf(calendars),
    ...(instrument.calendar !== null && { calendar: instrument.calendar }),
  });
}

/**
 * fetch → decode → contract → session → clean → grid, with a report of each. `onLastFront` hears the front contract
 * of the last session as soon as it is known. Throws a BarlineError for a file that cannot be read.
 */
export async function prepareMonth(
  task: PrepareTask,
  onLastFront: (last: LastFront) => void,
): Promise<PreparedMonth> {
  const { processing, month, previousFront } = task;
  const { instrument } = processing;
  const clock = new StageClock();
  const { bars, name, ...source } = await readSource(task.file, clock);
  requireMonth(bars, month, name);
  const hours = hoursOf(processing);
  const contract = chooseContract(bars, { instrument, hours, ...processing.contract, previousFront });
  onLastFront({ contract: contract.report.lastSession?.front ?? null, sha256: source.sha256 });
  clock.lap('contract');
  const session = inSession(bars, contract.rows, { hours, expected: datesOf(month) });
  clock.lap('session');
  const cleaned = cleanBars(bars, session.inside, { instrument });
  clock.lap('clean');
  const { grid, report: gridReport } = fillGrid(cleaned.clean, { clock: hours.clock });
  const known = { candidates: contract.report.rolls, previousFront };
  const { rolls, affected } = markRolls(grid, processing, known);
  release(Object.values(bars));
  release(Object.values(cleaned.clean));
  clock.lap('grid');
  return {
    grid,
    affected,
    quarantine: cleaned.quarantine,
    rolls,
    source,
    contract: contract.report,
    session: session.report,
    cleaning: cleaned.report,
    gridReport,
    seconds: clock.seconds,
  };
}

/** The front contract of a file's last session, judged by that file alone. */
export async function lastFrontOf(task: FrontTask): Promise<LastFront> {
  const { processing } = task;
  const { bars, sha256 } = await readSource(task.file, new StageClock());
  const { report } = chooseContract(bars, {
    instrument: processing.instrument,
    hours: hoursOf(processing),
    ...processing.contract,
  });
  return { contract: report.lastSession?.front ?? null, sha256 };
}

const DAY_US = 86_400_000_000;

/**
 * Throws when bars lie outside of the month the file's name says, in UTC and with a day to spare at both ends: they
 * would replace rows of a month they are not of.
 */
function requireMonth({ tsUs, rowCount }: Bars, month: string, name: string): void {
  const [year = 0, number = 0] = month.split('-').map(Number);
  const least = Date.UTC(year, number - 1, 1) * 1000 - DAY_US;
  const end = Date.UTC(year, number, 1) * 1000 + DAY_US;
  let outside = 0;
  let first = 0;
  for (let row = rowCount - 1; row >= 0; row--) {
    if (tsUs[row] >= least && tsUs[row] < end) continue;
    outside++;
    first = tsUs[row];
  }
  if (outside === 0) return;
  const at = new Date(Math.floor(first / 1000)).toISOString();
  throw new BarlineError({
    code: 'MONTH_WRONG_DATES',
    message: `${name}: the name says ${month}, but ${outside} of ${rowCount} bars are of another time, the first of ${at}`,
    hint: 'give the file the name of its month, or download it again',
    facts: { file: name, month, outside, rowCount, first: at },
  });
}

/** First and last date of a month. */
function datesOf(month: string): { from: string; to: string } {
  const [year = 0, number = 0] = month.split('-').map(Number);
  const lastDay = new Date(Date.UTC(year, number, 0)).getUTCDate();
  return { from: `${month}-01`, to: `${month}-${String(lastDay).padStart(2, '0')}` };
}
