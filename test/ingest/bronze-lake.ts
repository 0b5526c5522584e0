/** A lake in a temporary folder, ingested into as a command would. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeltaTable, type Row } from '../../src/delta/index.ts';
import { barTableName, type IngestRequest, ingest } from '../../src/ingest/index.ts';
import type { BarProvider, Timeframe } from '../../src/providers/index.ts';
import { type DeadLetter, DeadLetters } from '../../src/quality/index.ts';
import { openStorage, type Storage } from '../../src/storage/index.ts';

export const NOW_MS = Date.parse('2025-03-10T12:34:56Z');
export const MINUTE_US = 60e6;
export const DAY_US = 86_400e6;

export function utc(text: string): number {
  return Date.parse(text) * 1000;
}

export class BronzeLake implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'barline-ingest-'));
  readonly storage: Storage = openStorage(this.folder);

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  ingest(provider: BarProvider, change: Partial<IngestRequest> = {}) {
    return ingest({
      lake: this.storage,
      provider,
      assets: ['BTCUSD'],
      timeframes: ['1m'],
      range: [utc('2025-03-01T00:00:00Z'), utc('2025-03-02T00:00:00Z')],
      backfill: false,
      fillGaps: false,
      lagUs: 0,
      dryRun: false,
      ingestionId: 'test-run',
      now: () => NOW_MS,
      signal: new AbortController().signal,
      ...change,
    });
  }

  table(timeframe: Timeframe = '1m'): Promise<DeltaTable> {
    return DeltaTable.open(`${this.folder}/${barTableName(timeframe)}`);
  }

  async deadLetters(): Promise<DeadLetter[]> {
    const letters: DeadLetter[] = [];
    for await (const letter of new DeadLetters(this.storage, () => NOW_MS).all()) letters.push(letter);
    return letters;
  }

  /** By provider, asset, time and revision. */
  async rows(timeframe: Timeframe = '1m'): Promise<Row[]> {
    const rows: Row[] = [];
    for await (const row of (await (await this.table(timeframe)).scan()).rows()) rows.push(row);
    const key = (row: Row) =>
      `${row.source_provider} ${row.asset_pair} ${String(row.timestamp).padStart(20, '0')} ${row.revision}`;
    return rows.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  }
}
