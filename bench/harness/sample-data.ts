import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CME_EQUITY_CALENDAR, dayOf, isoDate } from '../../src/bars/index.ts';
import { writeSampleMonths } from '../../src/sample/index.ts';

const SEED = 1;
const FIRST_YEAR = 2010;
const LAST_YEAR = 2030;

export interface SampleData {
  readonly folder: string;
  readonly from: string;
  readonly to: string;
  readonly seed: number;
  readonly records: number;
  readonly rows: number;
  readonly bytes: number;
}

/** Where input is generated once and lakes are written: `BARLINE_BENCH_DATA`, else a folder for temporary files. */
export function benchFolder(environment: NodeJS.ProcessEnv): string {
  const folder = environment.BARLINE_BENCH_DATA ?? join(tmpdir(), 'barline-bench');
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Full-size months, generated on first use; the same on every machine. */
export async function sampleData(bench: string, from: string, to: string): Promise<SampleData> {
  const folder = join(bench, `months-${from}-${to}-seed-${SEED}`);
  const truthFile = join(folder, 'truth.json');
  if (!existsSync(truthFile)) {
    console.log(`generating ${from} to ${to} once into ${folder}`);
    await writeSampleMonths({ from, to, outDir: folder, seed: SEED, scale: 1 });
  }
  const truth: { months: { raw_records: number; sessions: { expected_rows: number }[] }[] } = JSON.parse(
    readFileSync(truthFile, 'utf8'),
  );
  let records = 0;
  let rows = 0;
  for (const month of truth.months) {
    records += month.raw_records;
    for (const session of month.sessions) rows += session.expected_rows;
  }
  return { folder, from, to, seed: SEED, records, rows, bytes: folderBytes(folder, '.zst') };
}

/** Bytes of the files in a folder, at any depth, whose name ends so. */
export function folderBytes(folder: string, ending: string): number {
  let total = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && entry.name.endsWith(ending)) {
      total += statSync(join(entry.parentPath, entry.name)).size;
    }
  }
  return total;
}

/** Barline's own calendar in the form the peers read: date, kind, close on the Chicago clock. */
export function calendarFile(bench: string): string {
  const lines = ['date,kind,close'];
  for (let day = dayOf(FIRST_YEAR, 1, 1); day <= dayOf(LAST_YEAR, 12, 31); day++) {
    const special = CME_EQUITY_CALENDAR.specialDay(day);
    if (special) lines.push(`${isoDate(day)},${special.kind},${clockTime(special.closeSecond)}`);
  }
  const path = join(bench, 'cme-equity.csv');
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

function clockTime(second: number | null): string {
  if (second === null) return '';
  const pad = (value: number) => String(value).padStart(2, '0');
  return `${pad(Math.floor(second / 3600))}:${pad(Math.floor((second % 3600) / 60))}`;
}

/** An empty place for a lake: every run starts without one. */
export function freshLake(bench: string): string {
  const lake = join(bench, 'lake');
  rmSync(lake, { recursive: true, force: true });
  return lake;
}
