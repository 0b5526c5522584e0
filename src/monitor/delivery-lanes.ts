import { BarlineError } from '../base/index.ts';
import { type SendOptions, sendPending } from './delivery.ts';
import type { Sink } from './sinks/sink.ts';

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 300_000;
/** After another process was found sending. */
const BUSY_RETRY_MS = 500;

export interface LaneOptions extends SendOptions {
  /** How long further notices are waited for, so that they go out as one message. */
  readonly groupMs: number;
  /** From 0 to 1: spreads the tries of many processes. */
  readonly random: () => number;
  /** Called when a sink begins to fail. */
  readonly onProblem: (error: BarlineError) => void;
}

export interface WaitingFor {
  readonly sink: string;
  readonly notices: number;
  /** Why the last try failed; null when there was none here: the sink is not configured, or another process sends. */
  readonly error: string | null;
}

/** Sends in the background, each sink for itself: one that is down or slow holds up neither the others nor the caller. */
export class DeliveryLanes {
  readonly #options: LaneOptions;
  readonly #lanes: readonly Lane[];
  readonly #stop = new AbortController();
  readonly #finishing = new AbortController();

  constructor(sinks: readonly Sink[], options: LaneOptions) {
    this.#options = options;
    this.#lanes = sinks.map((sink) => new Lane(sink, options, this.#finishing.signal, this.#stop.signal));
  }

  /** Something is to be sent; at the start that may be what an earlier process could not. */
  wake(): void {
    for (const lane of this.#lanes) lane.wake();
  }

  /**
   * Sends what there is at once, waits for it up to `waitMs`, and ends. What is left then stays in the lake for the
   * next process; a notice that is on its way just then may go out again.
   */
  async finish(waitMs: number): Promise<WaitingFor[]> {
    const { clock, ledger } = this.#options;
    this.wake();
    this.#finishing.abort();
    const ended = Promise.all(this.#lanes.map((lane) => lane.ended));
    await Promise.race([ended, clock.sleep(waitMs)]);
    this.#stop.abort();
    await ended;
    const counts = new Map<string, number>();
    for (const { sinks } of await ledger.pending()) {
      for (const sink of sinks) counts.set(sink, (counts.get(sink) ?? 0) + 1);
    }
    return [...counts].map(([sink, notices]) => {
      const error = this.#lanes.find((lane) => lane.name === sink)?.lastError;
      return { sink, notices, error: error?.message ?? null };
    });
  }
}

class Lane {
  readonly name: string;
  readonly ended: Promise<void>;
  lastError: BarlineError | undefined;
  readonly #sink: Sink;
  readonly #options: LaneOptions;
  readonly #finishing: AbortSignal;
  readonly #stop: AbortSignal;
  #wanted = Promise.withResolvers<void>();
  #isWanted = false;

  constructor(sink: Sink, options: LaneOptions, finishing: AbortSignal, stop: AbortSignal) {
    this.name = sink.name;
    this.#sink = sink;
    this.#options = options;
    this.#finishing = finishing;
    this.#stop = stop;
    this.ended = this.#run();
    // seen when somebody waits for it
    this.ended.catch(() => undefined);
  }

  wake(): void {
    this.#isWanted = true;
    this.#wanted.resolve();
  }

  async #run(): Promise<void> {
    const { clock, groupMs, random } = this.#options;
    for (let failures = 0; ; ) {
      await this.#wanted.promise;
      if (failures === 0) await clock.sleep(groupMs, this.#finishing);
      if (this.#stop.aborted) return;
      this.#wanted = Promise.withResolvers<void>();
      this.#isWanted = false;
      const retryMs = await this.#try(failures);
      if (retryMs === undefined) {
        failures = 0;
        if (this.#finishing.aborted && !this.#isWanted) return;
        continue;
      }
      failures++;
      this.wake();
      const waitMs = retryMs * (0.5 + random() / 2);
      // a try that was waited for long is worth another one at the end
      await clock.sleep(waitMs, this.#finishing.aborted ? this.#stop : this.#finishing);
    }
  }

  /** How long to wait before the next try; undefined when nothing is left. */
  async #try(failures: number): Promise<number | undefined> {
    try {
      const result = await sendPending(this.#sink, this.#options, this.#stop);
      if (result === 'busy') return BUSY_RETRY_MS;
      this.lastError = undefined;
      return undefined;
    } catch (error) {
      if (!(error instanceof BarlineError)) {
        if (this.#stop.aborted) return 0;
        throw error;
      }
      if (this.lastError === undefined && !this.#stop.aborted) this.#options.onProblem(error);
      this.lastError = error;
      const { retryAfterSeconds } = error.facts;
      const asked = typeof retryAfterSeconds === 'number' ? retryAfterSeconds * 1000 : 0;
      return Math.min(LONGEST_RETRY_MS, Math.max(asked, FIRST_RETRY_MS * 2 ** Math.min(failures, 12)));
    }
  }
}
