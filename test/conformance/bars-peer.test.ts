import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  chooseContract,
  cleanBars,
  fillGrid,
  findInstrument,
  type Grid,
  inSession,
  readBarFile,
  sessionSpans,
  tradingHours,
} from '../../src/bars/index.ts';
import { allocateBars, type BarBatch, dbnMetadata, writeDbn } from '../../src/dbn/index.ts';

const peers = resolve(process.env.BARLINE_PEERS ?? join(import.meta.dirname, '../../../shared/peers'));

const monthSchema = z.object({
  raw: z.number(),
  front: z.number(),
  session: z.number(),
  descents: z.number(),
  unmapped: z.number(),
  fronts: z.record(z.string(), z.string()),
  counts: z.record(z.string(), z.number()),
  sessions: z.array(z.record(z.string(), z.union([z.string(), z.number()]))),
});
type Month = z.infer<typeof monthSchema>;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barline-bars-peer-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function byPeer(path: string): Month {
  const script = join(import.meta.dirname, 'bars_peer.py');
  const python = process.env.BARLINE_PYTHON ?? 'python3';
  const run = spawnSync(python, [script, peers, path], { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (run.error || run.status !== 0)
    throw new Error(`the Python peer failed: ${run.error?.message ?? run.stderr}`);
  return monthSchema.parse(JSON.parse(run.stdout));
}

async function byBarline(path: string): Promise<Month> {
  const instrument = findInstrument('ES');
  const hours = tradingHours('cme-rth');
  const { bars } = await readBarFile(path);
  const contract = chooseContract(bars, { instrument, hours });
  const session = inSession(bars, contract.rows, { hours });
  const cleaned = cleanBars(bars, session.inside, { instrument });
  const { grid, report } = fillGrid(cleaned.clean, { clock: hours.clock });
  const { rules } = cleaned.report;
  return {
    raw: bars.rowCount,
    front: contract.report.rowsOut,
    session: session.report.rowsOut,
    descents: rules.out_of_order,
    unmapped: contract.report.unmappedRows,
    fronts: Object.fromEntries(contract.report.fronts.map((front) => [front.date, front.contract])),
    counts: {
      duplicate: rules.duplicate,
      not_positive: rules.not_positive,
      bounds: rules.out_of_bounds,
      ohlc_small: rules.ohlc_inconsistent_small,
      ohlc_large: rules.ohlc_inconsistent,
      tick: rules.off_tick,
      spike: rules.spike,
    },
    sessions: grid.sessions.map(({ date, contract: front, start, end }, k) => ({
      date,
      front: front ?? '',
      rows: end - start,
      real: report.sessions[k].realRows,
      open: new Date(grid.tsUs[start] / 1000).toISOString().replace('.000', ''),
      sha256: sessionSha256(grid, start, end),
    })),
  };
}

function sessionSha256(grid: Grid, start: number, end: number): string {
  const hash = createHash('sha256');
  for (const column of [grid.openTicks, grid.highTicks, grid.lowTicks, grid.closeTicks]) {
    hash.update(column.slice(start, end));
  }
  return hash.update(Int32Array.from(grid.volume.subarray(start, end))).digest('hex');
}

/** A fixed stream of numbers in [0, 1). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const IDS = [100, 4196, 300, 400, 999];
const TICK = 250_000_000n;

/** Bars of a month that no market would give: every fault, any disorder, fronts that flip from day to day. */
function hostileBars(month: string, seed: number): BarBatch {
  const random = randomOf(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const first = Date.parse(`${month}-01T00:00:00Z`) / 86_400_000;
  const spans = sessionSpans(tradingHours('cme-rth'), first, first + 27);
  const rows: { second: number; id: number; prices: bigint[]; volume: number }[] = [];
  for (const { openUs, closeUs } of spans) {
    const weights = IDS.map(() => random());
    const length = Math.floor((closeUs - openUs) / 1e6);
    for (let k = 0; k < 900; k++) {
      const second = openUs / 1e6 - 1800 + below(random() < 0.5 ? 2400 : length + 3600);
      const id = IDS[below(IDS.length)];
      const ticks = 20_000 + Math.round(40 * Math.sin(second / 3000)) + below(3);
      const at = BigInt(ticks + (random() < 0.04 ? below(90) - 45 : 0)) * TICK;
      const prices = [at, at + TICK, at - TICK, at];
      const fault = random();
      if (fault < 0.01)
        prices[below(4)] = [0n, -TICK, 2n ** 63n - 1n, 10_000_000_000_001n, 499_999_999_999n][below(5)];
      else if (fault < 0.03) prices[1] = at - BigInt(below(20_000_002));
      else if (fault < 0.05) prices[2] = at + BigInt(below(20_000_002));
      else if (fault < 0.08) prices[3] += BigInt(below(3) - 1) * 125_000_000n + BigInt(below(3) - 1);
      rows.push({ second, id, prices, volume: Math.floor(weights[IDS.indexOf(id)] * below(20)) });
      if (random() < 0.03) rows.push({ ...rows[below(rows.length)], volume: below(20) });
    }
  }
  // mostly in order, as files are, with bars that came late
  rows.sort((a, b) => a.second + (a.volume % 7 === 3 ? 5 : 0) - (b.second + (b.volume % 7 === 3 ? 5 : 0)));
  const batch = allocateBars(rows.length, false);
  for (const [k, { second, id, prices, volume }] of rows.entries()) {
    batch.rtype[k] = 32;
    batch.instrumentId[k] = id;
    batch.tsEvent[k] = BigInt(second) * 1_000_000_000n;
    [batch.open[k], batch.high[k], batch.low[k], batch.close[k]] = prices;
    batch.volume[k] = BigInt(volume);
  }
  return batch;
}

async function hostileFile(month: string, seed: number): Promise<string> {
  const [year = 0, number = 0] = month.split('-').map(Number);
  const endDate = new Date(Date.UTC(year, number, 1)).toISOString().slice(0, 10);
  const [startDate, middle] = [`${month}-01`, `${month}-14`];
  const digit = year % 10;
  const metadata = dbnMetadata({
    dataset: 'GLBX.MDP3',
    schema: 'ohlcv-1s',
    start: BigInt(Date.parse(startDate)) * 1_000_000n,
    end: BigInt(Date.parse(endDate)) * 1_000_000n,
    mappings: [
      // two ids change owner in the middle of the month, and 999 is never mapped
      {
        rawSymbol: `ESZ${digit}`,
        intervals: [
          { startDate, endDate: middle, symbol: '100' },
          { startDate: middle, endDate, symbol: '4196' },
        ],
      },
      {
        rawSymbol: `ESH${(digit + 1) % 10}`,
        intervals: [
          { startDate, endDate: middle, symbol: '4196' },
          { startDate: middle, endDate, symbol: '100' },
        ],
      },
      { rawSymbol: `ESZ${digit}-ESH${(digit + 1) % 10}`, intervals: [{ startDate, endDate, symbol: '300' }] },
      { rawSymbol: `ESM${(digit + 1) % 10}`, intervals: [{ startDate, endDate, symbol: '400' }] },
    ],
  });
  const path = join(folder, `${month}-${seed}.ohlcv-1s.dbn.zst`);
  await writeDbn(path, metadata, [hostileBars(month, seed)]);
  return path;
}

describe('contract, session, cleaning and grid against the Python peer', () => {
  it.each([
    ['2024-03', 1],
    ['2024-11', 2],
    ['2012-10', 3],
    ['2010-11', 4],
    ['2019-07', 5],
    ['2027-12', 6],
  ])('agree on hostile bars of %s (seed %i)', async (month, seed) => {
    const path = await hostileFile(month, seed);
    const expected = byPeer(path);
    expect(expected.sessions.length).toBeGreaterThan(15);
    expect(Object.entries(expected.counts).filter(([, count]) => count === 0)).toEqual([]);
    expect(await byBarline(path)).toEqual(expected);
  });
});
