import { lessParallelism, type Parallelism } from './memory-budget.ts';

/** A month's place among those at work. */
export interface MonthRoom {
  /** Most bytes resident since the month came in, all other months' included. */
  readonly peakRssBytes: number;
  /** To be called when the month has ended, however it did. */
  leave(): void;
}

export interface AdmissionOptions {
  readonly parallelism: Parallelism;
  /** Infinity where nothing is limited. */
  readonly limitBytes: number;
  readonly rssBytes: () => number;
  readonly onLowered: (parallelism: Parallelism, rssBytes: number) => void;
}

interface Room extends MonthRoom {
  peakRssBytes: number;
}

/** Beyond this share of the limit the run does less at a time; what is at work may still grow by a few percent. */
const NEAR_LIMIT = 0.9;
const LOOK_EVERY_MS = 100;

/**
 * Lets as many months in as the parallelism has, in the order they come. Looks at the resident memory, and lowers
 * the parallelism by a step when it comes near the limit; the next step waits until a month has left, since memory is
 * given back no sooner. One month is let in always, so that a run ends.
 */
export class MemoryAdmission {
  readonly #options: AdmissionOptions;
  #parallelism: Parallelism;
  readonly #inside = new Set<Room>();
  readonly #waiting: { readonly room: Room; readonly letIn: (room: MonthRoom) => void }[] = [];
  #isSettling = false;
  #peakRssBytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#parallelism = options.parallelism;
  }

  get parallelism(): Parallelism {
    return this.#parallelism;
  }

  get peakRssBytes(): number {
    return this.#peakRssBytes;
  }

  /** Looks at the memory until `stop`. */
  start(): void {
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  enter(): Promise<MonthRoom> {
    const room: Room = { peakRssBytes: 0, leave: () => this.#leave(room) };
    const { promise, resolve } = Promise.withResolvers<MonthRoom>();
    this.#waiting.push({ room, letIn: resolve });
    this.#admit();
    return promise;
  }

  #leave(room: Room): void {
    if (!this.#inside.delete(room)) return;
    this.#isSettling = false;
    this.#admit();
  }

  #admit(): void {
    while (this.#inside.size < this.#parallelism.months) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      next.room.peakRssBytes = this.#options.rssBytes();
      this.#inside.add(next.room);
      next.letIn(next.room);
    }
  }

  look(): void {
    const rssBytes = this.#options.rssBytes();
    this.#peakRssBytes = Math.max(this.#peakRssBytes, rssBytes);
    for (const room of this.#inside) room.peakRssBytes = Math.max(room.peakRssBytes, rssBytes);
    if (rssBytes <= NEAR_LIMIT * this.#options.limitBytes || this.#isSettling) return;
    const lower = lessParallelism(this.#parallelism);
    if (lower === undefined) return;
    this.#parallelism = lower;
    this.#isSettling = true;
    this.#options.onLowered(lower, rssBytes);
  }
}
