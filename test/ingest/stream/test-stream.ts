/** Streams on stores in memory, with a clock that moves with the reads. */
import { DeltaTable } from '../../../src/delta/index.ts';
import {
  BAR_PARTITIONS,
  BAR_SCHEMA,
  runStream,
  type StreamEvent,
  type StreamRequest,
  type StreamRules,
  type StreamSummary,
} from '../../../src/ingest/index.ts';
import { DEFAULT_PRICE_BOUNDS, DeadLetters, type DeadRecord } from '../../../src/quality/index.ts';
import type { Storage } from '../../../src/storage/index.ts';
import { MemoryStorage } from '../../storage/memory-storage.ts';
import {
  byPlace,
  type Expected,
  type ExpectedRow,
  LATENESS_US,
  MOST_BYTES,
  WINDOW_US,
} from './market-log.ts';
import { MemorySource, type MemoryTopic } from './memory-source.ts';

export const RULES: StreamRules = {
  windowUs: WINDOW_US,
  latenessUs: LATENESS_US,
  futureUs: 60e6,
  maxByteLength: MOST_BYTES,
  ...DEFAULT_PRICE_BOUNDS,
  names: {
    ...{ asset_pair: 'asset_pair', timestamp: 'timestamp', price: 'price', size: 'size' },
    ...{ open: 'open', high: 'high', low: 'low', close: 'close', volume: 'volume' },
  },
};

export const NOW_MS = Date.UTC(2024, 2, 5);

const DEFINITION = {
  schema: BAR_SCHEMA,
  partitionBy: BAR_PARTITIONS,
  properties: { 'delta.appendOnly': 'true', 'delta.feature.domainMetadata': 'supported' },
};

export function openTable(storage: Storage): Promise<DeltaTable> {
  return DeltaTable.openOrCreate(storage, DEFINITION, { commit: { verifyFiles: false } });
}

export class Clock {
  ms = NOW_MS;
  readonly now = (): number => this.ms;
}

/** A table and dead letters that outlive the runs on them. */
export class StreamLake {
  readonly table = new MemoryStorage();
  readonly letters = new MemoryStorage();
  readonly clock = new Clock();

  constructor() {
    this.letters.clockMs = NOW_MS;
  }
  readonly events: StreamEvent[] = [];

  /** One life of a process. `through` may spoil what it does to the stores. */
  async run(
    source: MemorySource,
    change: Partial<StreamRequest> = {},
    through: (storage: Storage) => Storage = (storage) => storage,
  ): Promise<StreamSummary> {
    const spoilt = through(this.table);
    return runStream({
      openTable: () => openTable(spoilt),
      deadLetters: new DeadLetters(through(this.letters), this.clock.now),
      source,
      rules: RULES,
      batchMs: 100,
      idleMs: 1e12,
      stopAtEnd: true,
      acceptLoss: false,
      ingestionId: 'test',
      now: this.clock.now,
      signal: new AbortController().signal,
      listener: (event) => this.events.push(event),
      ...change,
    });
  }

  /** A source whose reads take `readMs` each. */
  source(topic: MemoryTopic, readCount = () => 10, readMs = () => 30): MemorySource {
    return new MemorySource(topic, readCount, () => {
      this.clock.ms += readMs();
    });
  }

  async rows(): Promise<ExpectedRow[]> {
    const rows: ExpectedRow[] = [];
    for await (const row of (await (await openTable(this.table)).scan()).rows()) {
      const [, partition, offset] = /^ticks\/(\d+)@(\d+)$/.exec(String(row._source_file)) ?? [];
      rows.push({
        ...{ asset: String(row.asset_pair), startUs: Number(row.timestamp) },
        ...{ open: Number(row.open), high: Number(row.high), low: Number(row.low) },
        ...{ close: Number(row.close), volume: Number(row.volume) },
        ...{ partition: Number(partition), firstOffset: Number(offset) },
      });
    }
    return rows.sort(byPlace);
  }

  async dead(): Promise<(DeadRecord & { readonly partition: number })[]> {
    const dead: (DeadRecord & { readonly partition: number })[] = [];
    for await (const { context, records } of new DeadLetters(this.letters, this.clock.now).all()) {
      for (const record of records) dead.push({ ...record, partition: Number(context.partition) });
    }
    return dead.sort((a, b) => a.partition - b.partition || Number(a.offset) - Number(b.offset));
  }

  async stored(): Promise<Expected> {
    const dead = (await this.dead()).map(({ partition, offset }) => `${partition}@${offset}`);
    return { rows: await this.rows(), dead };
  }
}
