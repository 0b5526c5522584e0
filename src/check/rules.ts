/** The cleaning rules on planted faults: every fault under its own rule, and no clean bar touched. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import {
  type Bars,
  CLEANING_RULES,
  type CleanBars,
  type CleaningRule,
  chooseContract,
  cleanBars,
  fillGrid,
  type Grid,
  inSession,
  type Quarantine,
  readBarFile,
} from '../bars/index.ts';
import { hoursOf } from '../months/index.ts';
import type { MonthTruth } from '../sample/index.ts';
import { type CheckContext, fullSource } from './bench-lake.ts';
import { type Proof, proof } from './report.ts';

/** The truth's names of the rules in those of the quarantine. */
const NAMES: Readonly<Record<string, CleaningRule>> = {
  duplicate: 'duplicate',
  not_positive: 'not_positive',
  bounds: 'out_of_bounds',
  ohlc_small: 'ohlc_inconsistent_small',
  ohlc_large: 'ohlc_inconsistent',
  tick: 'off_tick',
  spike: 'spike',
};

/** Bars whose volume is made negative: no DBN file can hold one. */
const NEGATIVE_VOLUMES = 12;

interface Found {
  readonly expected: readonly string[];
  readonly lines: readonly string[];
}

/** A proof for every rule, and that no clean bar was touched. */
export async function proveRules(context: CheckContext): Promise<Proof[]> {
  const { months } = await context.fullSample();
  const [month] = months;
  if (month === undefined) throw new Error('the sample has no month');
  const { bars } = await readBarFile(join(fullSource(context), month.file));
  context.onShare(0.6);
  const { processing, leaveOut } = context;
  const { instrument } = processing;
  const hours = hoursOf(processing);
  const { rows } = chooseContract(bars, { instrument, hours, ...processing.contract });
  const { inside } = inSession(bars, rows, { hours });
  const { clean, quarantine, report } = cleanBars(bars, inside, { instrument, leaveOut });
  const found: Found = { expected: plantedLines(month), lines: quarantineLines(quarantine) };
  const { grid } = fillGrid(clean, { clock: hours.clock });
  const planted = plantNegativeVolumes(bars, inside.rows, month);
  const negative = cleanBars(bars, inside, { instrument, leaveOut }).quarantine;
  const volumes: Found = {
    expected: planted,
    lines: quarantineLines(negative).filter((line) => line.includes(' negative_volume ')),
  };
  return [
    proveOrder(clean, report.rules.out_of_order, month),
    ...CLEANING_RULES.filter((rule) => rule !== 'out_of_order').map((rule) =>
      proveRule(rule, rule === 'negative_volume' ? volumes : found),
    ),
    proveUntouched(clean, grid, found, month),
  ];
}

function plantedLines({ defects }: MonthTruth): string[] {
  return defects
    .filter(({ action }) => action === 'dropped' || action === 'changed')
    .map(
      ({ timestamp, symbol, rule, action }) =>
        `${BigInt(timestamp) / 1000n} ${symbol} ${NAMES[rule ?? ''] ?? rule} ${action}`,
    );
}

function quarantineLines({ rowCount, tsUs, symbol, rule, action }: Quarantine): string[] {
  return Array.from(
    { length: rowCount },
    (_, row) => `${tsUs[row]} ${symbol[row]} ${rule[row]} ${action[row]}`,
  );
}

/** Makes the volume of bars that are sound otherwise negative; the lines the quarantine must have for them. */
function plantNegativeVolumes(bars: Bars, rows: Int32Array, { defects }: MonthTruth): string[] {
  const faulty = new Set(defects.map(({ timestamp }) => Number(BigInt(timestamp) / 1000n)));
  const lines: string[] = [];
  const step = Math.floor(rows.length / NEGATIVE_VOLUMES);
  for (let k = step >> 1; k < rows.length && lines.length < NEGATIVE_VOLUMES; k++) {
    const row = rows[k];
    if (k < (lines.length + 0.5) * step || faulty.has(bars.tsUs[row])) continue;
    bars.volume[row] = -1 - lines.length;
    const instrument = bars.instruments[bars.instrument?.[row] ?? -1];
    lines.push(`${bars.tsUs[row]} ${instrument?.symbol ?? null} negative_volume changed`);
  }
  return lines;
}

function proveRule(rule: CleaningRule, { expected, lines }: Found): Proof {
  const of = (all: readonly string[]) => all.filter((line) => line.includes(` ${rule} `));
  const [wanted, seen] = [of(expected), of(lines)];
  const missed = wanted.filter((line) => !seen.includes(line)).length;
  const extra = seen.filter((line) => !wanted.includes(line)).length;
  const rest = extra === 0 ? '' : `, ${extra} clean bars taken for faults`;
  return proof(
    `rule ${rule}`,
    wanted.length > 0 && missed === 0 && extra === 0,
    missed === 0
      ? `${wanted.length} planted, all found${rest}`
      : `${missed} of ${wanted.length} planted faults let through${rest}`,
  );
}

/** Bars that came late are counted, and stand in order afterwards. */
function proveOrder(clean: CleanBars, counted: number, { disorder }: MonthTruth): Proof {
  const planted = disorder.session.descents;
  let late = 0;
  for (const { start, end } of clean.sessions) {
    for (let row = start + 1; row < end; row++) if (clean.tsUs[row] <= clean.tsUs[row - 1]) late++;
  }
  const found =
    late === 0 ? `${counted} of ${planted} late bars sorted in` : `${late} bars are still out of order`;
  return proof('rule out_of_order', planted > 0 && counted === planted && late === 0, found);
}

/** Every bar that is no planted fault comes out as it went in: the grid of each session is the one planned. */
function proveUntouched(
  clean: CleanBars,
  grid: Grid,
  { expected, lines }: Found,
  { sessions }: MonthTruth,
): Proof {
  const wanted = new Set(expected);
  const taken = lines.filter((line) => !wanted.has(line)).length;
  const real = sessions.reduce((sum, each) => sum + each.real_rows, 0);
  const differing = sessions.filter((session) => {
    const at = grid.sessions.find(({ date }) => date === session.date);
    return at === undefined || digestOf(grid, at.start, at.end) !== session.grid_sha256;
  });
  const passed = taken === 0 && clean.rowCount === real && differing.length === 0;
  const found = passed
    ? `${real} bars in ${sessions.length} sessions, value for value`
    : `${clean.rowCount} of ${real} bars left, ${taken} taken for faults, ${differing.length} sessions differ`;
  return proof('no clean bar is dropped or changed', passed, found);
}

function digestOf(grid: Grid, start: number, end: number): string {
  const hash = createHash('sha256');
  for (const column of [grid.openTicks, grid.highTicks, grid.lowTicks, grid.closeTicks, grid.volume]) {
    hash.update(new Uint8Array(Int32Array.from(column.subarray(start, end)).buffer));
  }
  return hash.digest('hex');
}
