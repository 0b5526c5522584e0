/** Bars of local files, handed out as a vendor's would be. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { BarlineError, systemCode, usageError } from '../base/index.ts';
import type { Clock } from './clock.ts';
import { ParquetBars } from './parquet-bars.ts';
import { type BarPage, type BarProvider, type BarRequest, TIMEFRAMES, type VendorBar } from './provider.ts';
import { type FileStream, TextBars } from './text-bars.ts';
import { gridFloor, TIMEFRAME_US } from './timeframe.ts';

const PAGE_BARS = 32_768;

/** A file with bars: what it holds, and those of one of its streams in the file's order. */
export interface BarFile {
  readonly path: string;
  readonly missing: readonly string[];
  streams(): Promise<readonly FileStream[]>;
  /** Hands bars to `take` and yields now and then. */
  read(stream: FileStream, take: (bar: VendorBar) => void): AsyncGenerator<void, void, undefined>;
}

/**
 * Replays CSV, Parquet and JSON lines: a file, or every such file in a folder. Asset and timeframe come from columns
 * (`asset_pair`, `timeframe`), else from the file's name (`BTCUSD_1m.csv`), else from the steps between its bars; a
 * file that names no asset holds whichever is asked for. A line that is no bar is handed out with the first stream
 * of its file, a bar of the future with any request, so that nothing of a file vanishes.
 */
export function fileReplay(source: string, clock: Clock): BarProvider {
  let opened: Promise<readonly BarFile[]> | null = null;
  return {
    name: 'replay',
    isMock: true,
    origin: 'files',
    timeframes: TIMEFRAMES,
    fetchBars: async function* (request) {
      opened ??= openFiles(source);
      yield* filePages(await opened, request, clock);
    },
  };
}

const KINDS = /\.(?:csv|tsv|txt|ndjson|jsonl|json|parquet|pq)$/i;

async function openFiles(source: string): Promise<readonly BarFile[]> {
  const files: BarFile[] = [];
  for (const path of await pathsOf(resolve(source))) {
    const name = basename(path);
    const file = /\.(?:parquet|pq)$/i.test(name)
      ? await ParquetBars.open(path, name)
      : await TextBars.open(path, name);
    if (file === null) continue;
    if (file.missing.length > 0) {
      throw new BarlineError({
        code: 'COLUMN_MISSING',
        message: `${path}: expected columns of bars, found none for ${file.missing.join(', ')}.`,
        hint: 'a replayed file has timestamp, open, high, low, close, volume, and often asset_pair and timeframe',
        facts: { file: path, missing: file.missing },
      });
    }
    files.push(file);
  }
  return files;
}

async function pathsOf(source: string): Promise<readonly string[]> {
  try {
    if (!(await stat(source)).isDirectory()) return [source];
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    throw usageError(`--source ${source}: there is no such file or folder.`, undefined, { source });
  }
  const names = await readdir(source, { recursive: true });
  const paths = names.filter((name) => KINDS.test(name) && !basename(name).startsWith('.')).sort();
  if (paths.length > 0) return paths.map((name) => join(source, name));
  throw usageError(
    `--source ${source}: expected CSV, JSON-lines or Parquet files in it, found none.`,
    undefined,
    {
      source,
    },
  );
}

interface Part {
  readonly file: BarFile;
  readonly stream: FileStream;
}

async function* filePages(
  files: readonly BarFile[],
  request: BarRequest,
  clock: Clock,
): AsyncGenerator<BarPage, void, undefined> {
  const parts: Part[] = [];
  for (const file of files) {
    for (const stream of await file.streams()) {
      const asset = stream.asset ?? request.asset;
      const timeframe = stream.timeframe ?? request.timeframe;
      if (asset === request.asset && timeframe === request.timeframe) parts.push({ file, stream });
    }
  }
  parts.sort((a, b) => a.stream.firstUs - b.stream.firstUs);
  const lastUs = parts.reduce((last, { stream }) => Math.max(last, stream.lastUs), Number.NEGATIVE_INFINITY);
  const barUs = TIMEFRAME_US[request.timeframe];
  const endUs = Math.min(
    request.toUs,
    gridFloor(lastUs, barUs) + barUs,
    gridFloor(clock.now() * 1000, barUs),
  );
  const isSteady = parts.every(
    ({ stream }, k) =>
      stream.inOrder && stream.firstUs > (parts[k - 1]?.stream.lastUs ?? Number.NEGATIVE_INFINITY),
  );
  let coveredUs = request.fromUs;
  for (const [k, part] of parts.entries()) {
    for await (const bars of barRuns(part, request, clock)) {
      // only where times never go back does a page speak for all the time before its last bar
      const untilUs = isSteady
        ? Math.min(endUs, Math.max(coveredUs, lastStartUs(bars, coveredUs)))
        : coveredUs;
      yield { bars, coveredFromUs: coveredUs, coveredToUs: untilUs, sourceFile: part.file.path };
      coveredUs = untilUs;
    }
    if (k < parts.length - 1 || coveredUs >= endUs) continue;
    yield { bars: [], coveredFromUs: coveredUs, coveredToUs: endUs, sourceFile: part.file.path };
  }
}

/** The start of the last bar: another one of the same time may follow on the next page. */
function lastStartUs(bars: readonly VendorBar[], beforeUs: number): number {
  for (let k = bars.length - 1; k >= 0; k--) {
    const tsUs = bars[k]?.tsUs;
    if (tsUs !== undefined && !Number.isNaN(tsUs)) return tsUs;
  }
  return beforeUs;
}

async function* barRuns(
  { file, stream }: Part,
  { fromUs, toUs, signal }: BarRequest,
  clock: Clock,
): AsyncGenerator<readonly VendorBar[], void, undefined> {
  const nowUs = clock.now() * 1000;
  let bars: VendorBar[] = [];
  const take = (bar: VendorBar): void => {
    const { tsUs } = bar;
    // no comparison with NaN holds: what has no time is always taken
    if (tsUs !== undefined && (tsUs < fromUs || (tsUs >= toUs && tsUs <= nowUs))) return;
    bars.push(bar);
  };
  for await (const _ of file.read(stream, take)) {
    signal.throwIfAborted();
    if (bars.length < PAGE_BARS) continue;
    yield bars;
    bars = [];
  }
  if (bars.length > 0) yield bars;
}
