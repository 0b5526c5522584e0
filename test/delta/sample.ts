import {
  type AddFile,
  type DeltaEnvironment,
  type DeltaTable,
  field,
  struct,
} from '../../src/delta/index.ts';

export const BARS = struct([
  field('timestamp', 'timestamp'),
  field('close', 'double'),
  field('volume', 'long'),
  field('symbol', 'string'),
  field('month', 'string'),
]);

export const MONTHLY = { schema: BARS, partitionBy: ['month'] };

let serial = 0;

/** Puts some bytes where a data file would lie and gives its `add`; `rows` only stands in its statistics. */
export async function dataFile(table: DeltaTable, month: string, rows = 10, base = 0): Promise<AddFile> {
  serial += 1;
  const path = table.newFilePath({ month }, `s${serial}`);
  const entry = await table.storage.write(path, [new Uint8Array(16 + (serial % 7))]);
  return table.addFile({
    ...entry,
    partitionValues: { month },
    statistics: {
      rowCount: rows,
      columns: {
        close: { nullCount: 0, min: base, max: base + rows },
        symbol: { nullCount: rows },
      },
    },
  });
}

/** Time stands still but for sleeping; identifiers count up; randomness is a fixed cycle. */
export function stillEnvironment(): DeltaEnvironment & { sleptMs: number } {
  let count = 0;
  return {
    sleptMs: 0,
    engineInfo: 'barline/test',
    nowMs: () => 1_727_740_800_000,
    random: () => (count++ % 10) / 10,
    uuid: () => `00000000-0000-4000-8000-${String(count++).padStart(12, '0')}`,
    async sleepMs(durationMs) {
      this.sleptMs += durationMs;
    },
  };
}

/** A promise's rejection as a value. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return undefined;
}
