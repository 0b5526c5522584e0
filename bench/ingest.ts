// Validated bars into Delta from a provider that answers at once, beside pydantic and deltalake by hand.
// Usage: node bench/ingest.ts [rows] [rounds]; rows of one-minute bars over 20 assets, one in 10,000 of them bad.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ingest } from '../src/ingest/index.ts';
import { type BarPage, type BarProvider, TIMEFRAMES, type VendorBar } from '../src/providers/index.ts';
import { RandomStream } from '../src/sample/random.ts';
import { openStorage } from '../src/storage/index.ts';

const ROWS = Number(process.argv[2] ?? 1_000_000);
const ROUNDS = Number(process.argv[3] ?? 3);
const ASSETS = 20;
const MINUTE_US = 60e6;
const START_US = Date.UTC(2020, 0, 1) * 1000;
const PAGE_BARS = 14_400;
const POOL_BARS = 500_000;
/** Beyond this, pages are made as they are asked for, which counts. */
const LARGEST_MADE = 2_000_000;
const ASSET_NAMES = Array.from({ length: ASSETS }, (_, k) => `A${String(k).padStart(2, '0')}USD`);
const PEERS = process.env.BARLINE_PEERS_DIR ?? join(import.meta.dirname, '../../shared/peers');
const PEER = join(PEERS, 'peer_other.py');

/** Bars made beforehand, as the peer's are: prices walk in cents, volumes have six digits; one in 10,000 is bad. */
function bars(): VendorBar[] {
  const random = RandomStream.of(7);
  let close = 30_000;
  return Array.from({ length: POOL_BARS }, (_, k) => {
    const open = close;
    const cents = (value: number) => Math.round(value * 100) / 100;
    close = cents(open + random.roughNormal() * 8);
    const high = k % 10_000 === 0 ? open / 2 : cents(Math.max(open, close) + random.uniform() * 5);
    const low = cents(Math.min(open, close) - random.uniform() * 5);
    const volume = Math.round(random.uniform() ** 3 * 5e7) / 1e6;
    return { tsUs: 0, open, high, low, close, volume, original: null };
  });
}

function pageOf(made: readonly VendorBar[], place: number, from: number, to: number): BarPage {
  const bars: VendorBar[] = [];
  for (let tsUs = from, k = place; tsUs < to; tsUs += MINUTE_US, k++) {
    const bar = made[k % POOL_BARS];
    if (bar === undefined) continue;
    const { open, high, low, close, volume, original } = bar;
    bars.push({ tsUs, open, high, low, close, volume, original });
  }
  return { bars, coveredFromUs: from, coveredToUs: to, sourceFile: null };
}

/** Answers at once: up to some millions of records, like the peer's, were made before the clock starts. */
function instant(rows: number): BarProvider {
  const made = bars();
  const pages = new Map<string, BarPage[]>();
  const spans: (readonly [number, number])[] = [];
  const endUs = START_US + (rows / ASSETS) * MINUTE_US;
  for (let from = START_US; from < endUs; from += PAGE_BARS * MINUTE_US) {
    spans.push([from, Math.min(endUs, from + PAGE_BARS * MINUTE_US)]);
  }
  const pageAt = (asset: number, k: number, [from, to]: readonly [number, number]) =>
    pageOf(made, (asset * spans.length + k) * PAGE_BARS, from, to);
  const isMade = rows <= LARGEST_MADE;
  for (const [k, asset] of ASSET_NAMES.entries()) {
    if (isMade)
      pages.set(
        asset,
        spans.map((span, n) => pageAt(k, n, span)),
      );
  }
  return {
    name: 'instant',
    isMock: true,
    timeframes: TIMEFRAMES,
    async *fetchBars({ asset }) {
      const ready = pages.get(asset);
      for (const [n, span] of spans.entries()) {
        yield ready?.[n] ?? pageAt(ASSET_NAMES.indexOf(asset), n, span);
      }
    },
  };
}

async function child(folder: string, rows: number): Promise<void> {
  const provider = instant(rows);
  const before = process.cpuUsage();
  const started = performance.now();
  const memory: number[] = [];
  const { summary } = await ingest({
    lake: openStorage(folder),
    provider,
    assets: ASSET_NAMES,
    timeframes: ['1m'],
    range: [START_US, START_US + (rows / ASSETS) * MINUTE_US],
    backfill: false,
    fillGaps: false,
    lagUs: 0,
    dryRun: false,
    ingestionId: 'bench',
    now: Date.now,
    signal: new AbortController().signal,
    listener: (event) => {
      if (event.type !== 'committed') return;
      const mb = process.memoryUsage.rss() / 2 ** 20;
      memory.push(Math.round(mb));
    },
  });
  const seconds = (performance.now() - started) / 1000;
  const { fetched, stored, dead } = summary;
  if (fetched !== rows || stored + dead !== rows) throw new Error(`lost rows: ${JSON.stringify(summary)}`);
  const { user, system } = process.cpuUsage(before);
  console.log(
    JSON.stringify({
      seconds,
      cpuSeconds: (user + system) / 1e6,
      peakMb: Math.round(process.resourceUsage().maxRSS / 1024),
      stored,
      dead,
      memory,
      bytes: bytesOf(folder),
    }),
  );
}

function bytesOf(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.parquet') && !file.includes('_delta_log'))
    .reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
}

interface Measured {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMb: number;
  readonly bytes: number;
  readonly memory?: readonly number[];
}

function ours(folder: string): Measured {
  const self = fileURLToPath(import.meta.url);
  return JSON.parse(lastLine(process.execPath, [self, 'run', folder, String(ROWS)]));
}

function theirs(folder: string): Measured {
  const found: Record<string, number> = JSON.parse(
    lastLine('python3', [PEER, 'pydantic', '--rows', String(ROWS), '--work', folder]),
  );
  const { seconds_wall = NaN, seconds_cpu = NaN, peak_rss_mb = NaN, bytes = NaN } = found;
  return { seconds: seconds_wall, cpuSeconds: seconds_cpu, peakMb: Math.round(peak_rss_mb), bytes };
}

function lastLine(command: string, args: readonly string[]): string {
  const run = spawnSync(command, args, { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`${command} failed: ${run.error ?? run.stderr}`);
  return run.stdout.trim().split('\n').at(-1) ?? '';
}

function summary(name: string, runs: readonly Measured[]): string {
  const seconds = runs.map((run) => run.seconds).sort((a, b) => a - b);
  const median = seconds[seconds.length >> 1] ?? NaN;
  const rate = (value: number | undefined) => Math.round(ROWS / (value ?? NaN)).toLocaleString('en-US');
  const cpu = runs.reduce((sum, run) => sum + run.cpuSeconds, 0) / runs.length;
  const peak = Math.max(...runs.map((run) => run.peakMb));
  const mb = ((runs[0]?.bytes ?? 0) / 1e6).toFixed(1);
  return `${name.padEnd(22)} ${rate(median)} records/s (${rate(seconds.at(-1))} … ${rate(seconds[0])}), ${cpu.toFixed(2)} s CPU, ${peak} MB peak, ${mb} MB written`;
}

function main(): void {
  const runs: { ours: Measured[]; theirs: Measured[] } = { ours: [], theirs: [] };
  const inFolder = (run: (folder: string) => Measured): Measured => {
    const folder = mkdtempSync(join(tmpdir(), 'barline-bench-'));
    try {
      return run(folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  console.log(
    `${ROWS} one-minute bars of ${ASSETS} assets, ${ROUNDS} rounds, Node ${process.version}, ${availableParallelism()} × ${cpus()[0]?.model}, load ${loadavg()[0]?.toFixed(1)}`,
  );
  for (let round = 0; round < ROUNDS; round++) {
    const sides = [() => runs.ours.push(inFolder(ours)), () => runs.theirs.push(inFolder(theirs))];
    // the peer holds all its records in memory: beyond some millions it is left out
    for (const side of ROWS > 4e6 ? sides.slice(0, 1) : round % 2 === 0 ? sides : sides.reverse()) side();
  }
  console.log(summary('barline', runs.ours));
  if (runs.theirs.length > 0) console.log(summary('pydantic + deltalake', runs.theirs));
  console.log(`memory after each commit, MB: ${runs.ours[0]?.memory?.join(' ')}`);
}

if (process.argv[2] === 'run') await child(process.argv[3] ?? '', Number(process.argv[4]));
else main();
