/** Merges and a delete of bench/delta.ts, on Barline's side. The table has deletion vectors on, as delta-rs has not. */
import { DeltaTable } from '../../src/delta/index.ts';
import type { ColumnData } from '../../src/parquet/index.ts';
import type { DeltaWorkload } from './delta-workloads.ts';

const ASSETS = 20;
const START_US = Date.UTC(2024, 0, 1) * 1000;
const NAMES = Array.from({ length: ASSETS }, (_, i) => `A${String(i).padStart(2, '0')}/USDT`);
const EXCHANGES = ['binance', 'coinbase', 'kraken'];
/** Of the million rows of a merge, half are updates. */
const MINUTES = 500_000 / ASSETS;
/** Of volumes that are exponential with mean 50, one in a hundred is larger. */
const LARGE_VOLUME = 230.25;

async function withVectors(path: string): Promise<void> {
  const table = await DeltaTable.open(path);
  await table.setProperties({ 'delta.enableDeletionVectors': 'true' });
}

/** Bars of every asset at these minutes. */
function bars(minutes: readonly number[]): Record<string, ColumnData> {
  const rowCount = minutes.length * ASSETS;
  const values = (of: (row: number) => number) => Float64Array.from({ length: rowCount }, (_, i) => of(i));
  const codes = (of: (asset: number) => number) =>
    Uint16Array.from({ length: rowCount }, (_, i) => of(i % ASSETS));
  const prices = ['open', 'high', 'low', 'close', 'volume'].map((name, p) => [
    name,
    { values: values((i) => ((i * 7919 + p) % 100_000) / 1000) },
  ]);
  return {
    asset_pair: { values: { codes: codes((asset) => asset), values: NAMES } },
    exchange: { values: { codes: codes((asset) => asset % 3), values: EXCHANGES } },
    timestamp: { values: values((i) => START_US + (minutes[Math.floor(i / ASSETS)] ?? 0) * 60e6) },
    ...Object.fromEntries(prices),
  };
}

function merge(title: string, updated: (minute: number, tableMinutes: number) => number): DeltaWorkload {
  return {
    title,
    input: 'table',
    writes: true,
    prepare: async (path, rowCount) => {
      await withVectors(path);
      const tableMinutes = rowCount / ASSETS;
      const old = Array.from({ length: MINUTES }, (_, i) => updated(i, tableMinutes));
      const columns = bars([...old, ...old.map((_, i) => tableMinutes + i)]);
      return async () => {
        const table = await DeltaTable.open(path);
        const { rowsUpdated, rowsInserted } = await table.merge(
          { columns },
          { on: ['asset_pair', 'timestamp'], whenMatchedUpdate: 'all', whenNotMatchedInsert: 'all' },
        );
        return { updated: rowsUpdated, inserted: rowsInserted };
      };
    },
  };
}

export const DELTA_ROW_WORKLOADS: Readonly<Record<string, DeltaWorkload>> = {
  merge: merge('merge 1 M rows, updates in one stretch', (i, minutes) => minutes / 2 + i),
  'merge-spread': merge('merge 1 M rows, updates all over', (i, minutes) =>
    Math.floor((i * minutes) / MINUTES),
  ),
  delete: {
    title: 'delete 1 % of the rows',
    input: 'table',
    writes: true,
    prepare: async (path) => {
      await withVectors(path);
      return async () => {
        const table = await DeltaTable.open(path);
        return { deleted: (await table.delete(`volume > ${LARGE_VOLUME}`)).rowsDeleted };
      };
    },
  },
};
