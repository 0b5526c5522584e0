import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BarBatch } from '../../src/dbn/index.ts';
import { type WriteOptions, writeDbn } from '../../src/dbn/index.ts';
import { generateMonth } from '../../src/sample/index.ts';

/** A few Chicago dates of each month, so that a month is some sessions instead of 22. March has its roll in here. */
const KEPT_DATES: Readonly<Record<string, readonly [first: number, last: number]>> = {
  '2024-02': [28, 29],
  '2024-03': [7, 12],
  '2024-04': [1, 2],
};

export const SMALL_MONTHS = Object.keys(KEPT_DATES);

export const fileNameOf = (month: string, suffix = '.dbn.zst') => {
  const [year = 0, number = 0] = month.split('-').map(Number);
  const compact = month.replace('-', '');
  const last = new Date(Date.UTC(year, number, 0)).getUTCDate();
  return `glbx-mdp3-${compact}01-${compact}${last}.ohlcv-1s${suffix}`;
};

function* keptDays(month: string, batches: Iterable<BarBatch>): Generator<BarBatch> {
  const [first, last] = KEPT_DATES[month] ?? [1, 2];
  for (const batch of batches) {
    // a batch is a Chicago date; the middle of it is surely on that date in UTC as well
    const middle = Number(batch.tsEvent[Math.floor(batch.rowCount / 2)] / 1_000_000n);
    const date = new Date(middle - 6 * 3_600_000).getUTCDate();
    if (date >= first && date <= last) yield batch;
  }
}

/** Writes the small months as real DBN files. */
export async function writeSmallMonths(
  folder: string,
  options: {
    readonly months?: readonly string[];
    readonly seed?: number;
    readonly suffix?: string;
    readonly write?: WriteOptions;
    readonly change?: (batch: BarBatch) => BarBatch;
  } = {},
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const month of options.months ?? SMALL_MONTHS) {
    const generated = generateMonth({
      instrument: 'ES',
      month,
      seed: options.seed ?? 1,
      scale: 1,
      defects: false,
    });
    const batches = [...keptDays(month, generated.batches)].map(options.change ?? ((batch) => batch));
    await writeDbn(join(folder, fileNameOf(month, options.suffix)), generated.metadata, batches, {
      level: 1,
      ...options.write,
    });
  }
}
