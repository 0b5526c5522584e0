/** Closed windows as data files of the bronze table: one for each asset and day. */
import type { AddFile, DeltaTable } from '../../delta/index.ts';
import { type ColumnData, encodeRowGroup } from '../../parquet/index.ts';
import { columnNamed, layoutOf } from '../bar-files.ts';
import type { WindowBar } from './partition-windows.ts';

export interface WindowOrigin {
  readonly provider: string;
  readonly topic: string;
  readonly partition: number;
  readonly ingestionId: string;
  readonly extractedUs: number;
}

const US_PER_DAY = 86_400e6;
const FILES_AT_ONCE = 16;

/** Writes bars, durably; no version names the files yet. */
export async function writeWindowFiles(
  table: DeltaTable,
  bars: readonly WindowBar[],
  origin: WindowOrigin,
): Promise<AddFile[]> {
  const schema = layoutOf(table);
  const groups = [
    ...Map.groupBy(bars, ({ asset, startUs }) => `${Math.floor(startUs / US_PER_DAY)} ${asset}`),
  ];
  const files: AddFile[] = [];
  for (let start = 0; start < groups.length; start += FILES_AT_ONCE) {
    const part = groups.slice(start, start + FILES_AT_ONCE).map(([, rows]) => {
      const columns = columnsOf(rows, origin);
      const group = encodeRowGroup(
        schema,
        schema.fields.map(({ name }) => columnNamed(columns, name)),
      );
      const [first] = rows;
      const partitionValues = {
        partition_date: Math.floor((first?.startUs ?? 0) / US_PER_DAY),
        partition_asset_pair: first?.asset ?? '',
      };
      return table.writeRowGroups([group], { partitionValues, nameToken: origin.ingestionId });
    });
    files.push(...(await Promise.all(part)));
  }
  return files;
}

function columnsOf(rows: readonly WindowBar[], origin: WindowOrigin): Readonly<Record<string, ColumnData>> {
  const { provider, topic, partition, ingestionId, extractedUs } = origin;
  const numbers = (of: (row: WindowBar) => number): ColumnData => ({ values: Float64Array.from(rows, of) });
  const constant = (text: string): ColumnData => ({
    values: { codes: new Uint16Array(rows.length), values: [text] },
  });
  return {
    asset_pair: constant(rows[0]?.asset ?? ''),
    timestamp: numbers(({ startUs }) => startUs),
    open: numbers(({ open }) => open),
    high: numbers(({ high }) => high),
    low: numbers(({ low }) => low),
    close: numbers(({ close }) => close),
    volume: numbers(({ volume }) => volume),
    source_provider: constant(provider),
    is_mock: { values: new Uint8Array(rows.length) },
    revision: { values: new Int32Array(rows.length) },
    revision_reason: { ...constant(''), validity: new Uint8Array(rows.length) },
    _extracted_at: numbers(() => extractedUs),
    _ingestion_id: constant(ingestionId),
    _source_file: { values: rows.map(({ firstOffset }) => `${topic}/${partition}@${firstOffset}`) },
  };
}
