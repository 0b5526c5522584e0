/**
 * Circuit breakers (Nygard, Release It!, 2007): after a run of failures a vendor is left alone for a while. Written
 * here rather than taken from a library: the clock must be ours, and the state plain enough for another process to
 * read.
 */
import { BarlineError } from '../base/index.ts';
import type { Clock } from './clock.ts';

export const FAILURES_TO_OPEN = 5;
export const HALF_OPEN_AFTER_MS = 60_000;

export type CircuitState = 'closed' | 'open' | 'half-open';

/** What is kept of a circuit between processes. */
export interface CircuitRecord {
  /** Failures since the last success. */
  readonly failures: number;
  /** Milliseconds since the epoch; null while closed. */
  readonly openedAtMs: number | null;
  readonly lastError: string | null;
  readonly lastErrorAtMs: number | null;
  readonly lastSuccessAtMs: number | null;
}

export const NEW_CIRCUIT: CircuitRecord = {
  failures: 0,
  openedAtMs: null,
  lastError: null,
  lastErrorAtMs: null,
  lastSuccessAtMs: null,
};

/** Where circuits outlive a process. `save` is best effort: a state that is lost costs a few requests. */
export interface CircuitStore {
  load(provider: string): Promise<CircuitRecord>;
  save(provider: string, record: CircuitRecord): Promise<void>;
}

/** The state at `nowMs`: an open circuit is half open once it has rested. */
export function circuitState(record: CircuitRecord, nowMs: number): CircuitState {
  if (record.openedAtMs === null) return 'closed';
  return nowMs >= record.openedAtMs + HALF_OPEN_AFTER_MS ? 'half-open' : 'open';
}

/** One vendor's circuit: opens after five failures in a row, lets one request try after 60 s. */
export class Circuit {
  readonly #provider: string;
  readonly #store: CircuitStore;
  readonly #clock: Clock;
  #record: CircuitRecord | null = null;
  #trying = false;

  constructor(provider: string, store: CircuitStore, clock: Clock) {
    this.#provider = provider;
    this.#store = store;
    this.#clock = clock;
  }

  /** Throws PROVIDER_CIRCUIT_OPEN while the vendor is to be left alone. */
  async admit(): Promise<void> {
    const record = await this.#known();
    const now = this.#clock.now();
    const state = circuitState(record, now);
    if (state === 'closed') return;
    if (state === 'half-open' && !this.#trying) {
      this.#trying = true;
      return;
    }
    throw this.#openError(record, now);
  }

  /** The vendor answered: also when it refused, it works. */
  async succeeded(): Promise<void> {
    const record = await this.#known();
    this.#trying = false;
    const next = { ...record, failures: 0, openedAtMs: null, lastSuccessAtMs: this.#clock.now() };
    this.#record = next;
    // a save at every answer would cost more than the answers
    if (record.failures > 0 || record.openedAtMs !== null) await this.#store.save(this.#provider, next);
  }

  async failed(reason: string): Promise<void> {
    const record = await this.#known();
    this.#trying = false;
    const now = this.#clock.now();
    const failures = record.failures + 1;
    const opens = failures >= FAILURES_TO_OPEN && circuitState(record, now) !== 'open';
    this.#record = {
      ...record,
      failures,
      openedAtMs: opens ? now : record.openedAtMs,
      lastError: reason,
      lastErrorAtMs: now,
    };
    await this.#store.save(this.#provider, this.#record);
  }

  /** A request was given up before its answer: the try is free again. */
  abandoned(): void {
    this.#trying = false;
  }

  async #known(): Promise<CircuitRecord> {
    this.#record ??= await this.#store.load(this.#provider);
    return this.#record;
  }

  #openError(record: CircuitRecord, nowMs: number): BarlineError {
    const leftMs = Math.max(0, (record.openedAtMs ?? nowMs) + HALF_OPEN_AFTER_MS - nowMs);
    const last = record.lastError === null ? '' : ` The last one: ${record.lastError}`;
    return new BarlineError({
      code: 'PROVIDER_CIRCUIT_OPEN',
      message: `${this.#provider}: not asked, since ${record.failures} requests in a row failed; it is tried again in ${Math.ceil(leftMs / 1000)} s.${last}`,
      hint: 'see `barline providers`, or name another provider behind it: --provider a,b',
      facts: { provider: this.#provider, failures: record.failures, retry_after_seconds: leftMs / 1000 },
    });
  }
}
