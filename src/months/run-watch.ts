import type { Storage } from '../storage/index.ts';
import { markOfRun } from './run-id.ts';
import { listJournals, type RunRecord } from './run-journal.ts';
import type { RunWorld } from './run-world.ts';

/**
 * `dead`: its process is gone from this machine. `silent`: it gave no sign of life for its lease; it may only have been
 * held up, so that all it could still do must be made to fail.
 */
export type RunState = 'alive' | 'silent' | 'dead';

interface Sight {
  readonly text: string;
  readonly sinceMs: number;
  readonly leaseMs: number;
}

/**
 * Watches the other runs on a lake. No clock but this process's own counts: a run is silent when its journal stayed
 * the same over looks that span its lease. While this process could not look itself, held up or cut off from the
 * store, the others may have been cut off as well: what came before such a gap does not count.
 */
export class RunWatch {
  readonly #lake: Storage;
  readonly #world: RunWorld;
  readonly #leaseMs: number;
  readonly #sights = new Map<string, Sight>();
  #records = new Map<string, RunRecord>();
  #lastLookMs = 0;

  /** `leaseSeconds` is for runs whose journal is not there. */
  constructor(lake: Storage, leaseSeconds: number, world: RunWorld) {
    this.#lake = lake;
    this.#leaseMs = leaseSeconds * 1000;
    this.#world = world;
  }

  /** Reads every journal. */
  async look(): Promise<void> {
    const startedMs = this.#world.monotonicMs();
    const entries = await listJournals(this.#lake);
    const gapMs = startedMs - this.#lastLookMs;
    for (const [runId, sight] of this.#sights) {
      const isLong = gapMs > Math.max(sight.leaseMs, this.#leaseMs) / 2;
      if (isLong) this.#sights.set(runId, { ...sight, sinceMs: startedMs });
    }
    this.#lastLookMs = startedMs;
    this.#records = new Map(entries.map(({ record }) => [record.runId, record]));
    for (const { record, text } of entries) this.#saw(record.runId, text, record.leaseSeconds * 1000);
    for (const runId of this.#sights.keys()) {
      if (!this.#records.has(runId)) this.#saw(runId, '', this.#leaseMs);
    }
  }

  #saw(runId: string, text: string, leaseMs: number): void {
    if (this.#sights.get(runId)?.text === text) return;
    this.#sights.set(runId, { text, sinceMs: this.#world.monotonicMs(), leaseMs });
  }

  /** As of the last look. */
  stateOf(runId: string): RunState {
    if (this.#world.livenessOf(markOfRun(runId)) === 'dead') return 'dead';
    const sight = this.#sights.get(runId);
    if (sight === undefined) {
      this.#saw(runId, '', this.#leaseMs);
      return 'alive';
    }
    return this.#lastLookMs - sight.sinceMs > sight.leaseMs ? 'silent' : 'alive';
  }

  /** The runs with a journal, as of the last look. */
  get runs(): RunRecord[] {
    return [...this.#records.values()];
  }

  record(runId: string): RunRecord | undefined {
    return this.#records.get(runId);
  }
}
