/** What a stream has left in a lake, in the form of what was expected. */
import { DeltaTable } from '../../../src/delta/index.ts';
import { DeadLetters } from '../../../src/quality/index.ts';
import { openStorage } from '../../../src/storage/index.ts';
import { byPlace, type Expected, type ExpectedRow } from './market-log.ts';

export async function streamTable(lake: string): Promise<DeltaTable> {
  return DeltaTable.open(`${lake}/raw_market_data_5s`);
}

export async function storedRows(lake: string): Promise<ExpectedRow[]> {
  const rows: ExpectedRow[] = [];
  for await (const row of (await (await streamTable(lake)).scan()).rows()) {
    const [, partition, offset] = /\/(\d+)@(\d+)$/.exec(String(row._source_file)) ?? [];
    rows.push({
      asset: String(row.asset_pair),
      startUs: Number(row.timestamp),
      open: Number(row.open),
      high: Number(row.high),
      low: Number(row.low),
      close: Number(row.close),
      volume: Number(row.volume),
      partition: Number(partition),
      firstOffset: Number(offset),
    });
  }
  return rows.sort(byPlace);
}

/** `partition@offset` of every dead letter, in order. */
export async function deadOffsets(lake: string): Promise<string[]> {
  const offsets: [number, number][] = [];
  for await (const { context, records } of new DeadLetters(openStorage(lake), () => 0).all()) {
    for (const { offset } of records) offsets.push([Number(context.partition), Number(offset)]);
  }
  return offsets
    .sort((a, b) => a[0] - b[0] || a[1] - b[1])
    .map(([partition, offset]) => `${partition}@${offset}`);
}

export async function stored(lake: string): Promise<Expected> {
  return { rows: await storedRows(lake), dead: await deadOffsets(lake) };
}
