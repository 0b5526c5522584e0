/** The windows of one partition: event time, nothing else, decides what is in them and when they close. */
import type { Tick } from './message.ts';

/** How far a partition has been worked through, as it is committed with the rows. None of the three ever goes back. */
export interface PartitionProgress {
  /** Where to start reading again: the earliest offset that a still-open window needs. */
  readonly restart: number;
  /** The offset after the last message worked through. */
  readonly position: number;
  /** Windows that end by this time are closed, µs since the epoch. */
  readonly watermarkUs: number;
}

export const START: PartitionProgress = { restart: 0, position: 0, watermarkUs: Number.NEGATIVE_INFINITY };

export interface WindowLengths {
  readonly windowUs: number;
  /** How much later than the newest message one may come. */
  readonly latenessUs: number;
}

/** A closed window's bar. */
export interface WindowBar {
  readonly asset: string;
  readonly startUs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  /** Of the first message in it. */
  readonly firstOffset: number;
}

interface OpenWindow extends WindowBar {
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  firstUs: number;
  lastUs: number;
}

/**
 * Gathers a partition's messages into windows. A restart begins with the progress committed and the messages from its
 * `restart` on: those before its `position` only rebuild what was open then. So any way to cut the messages into
 * batches, and any restart, gives the same bars.
 */
export class PartitionWindows {
  readonly #lengths: WindowLengths;
  readonly #before: PartitionProgress;
  readonly #open = new Map<string, Map<number, OpenWindow>>();
  /** The offset after the last message read. */
  #read: number;
  #position: number;
  #watermarkUs: number;

  constructor(before: PartitionProgress, lengths: WindowLengths) {
    this.#before = before;
    this.#lengths = lengths;
    this.#read = before.restart;
    this.#position = before.position;
    this.#watermarkUs = before.watermarkUs;
  }

  /** Whether a message was worked through before the restart: then nobody is told of it again. */
  isKnown(offset: number): boolean {
    return offset < this.#before.position;
  }

  /** The offset to read next. */
  get next(): number {
    return this.#read;
  }

  /** Whether all that was known at the restart is read again; before that nothing may be closed by `closeAll`. */
  get isRebuilt(): boolean {
    return this.#read >= this.#before.position;
  }

  /** A message that is no tick, or an offset that holds none. */
  pass(offset: number): void {
    this.#read = offset + 1;
    this.#position = Math.max(this.#position, this.#read);
  }

  /** Takes a tick in. `late`: its window is closed. */
  add(offset: number, tick: Tick): 'added' | 'late' {
    this.pass(offset);
    const { windowUs, latenessUs } = this.#lengths;
    const startUs = Math.floor(tick.tsUs / windowUs) * windowUs;
    // of known messages those in windows that were open then are the only ones that count, and the watermark has seen them
    if (startUs + windowUs <= this.#watermarkUs) return 'late';
    this.#into(startUs, offset, tick);
    this.#watermarkUs = Math.max(this.#watermarkUs, tick.tsUs - latenessUs);
    return 'added';
  }

  #into(startUs: number, offset: number, tick: Tick): void {
    let windows = this.#open.get(tick.asset);
    if (windows === undefined) {
      windows = new Map();
      this.#open.set(tick.asset, windows);
    }
    const window = windows.get(startUs);
    if (window === undefined) {
      const { tsUs, ...bar } = tick;
      windows.set(startUs, { ...bar, startUs, firstOffset: offset, firstUs: tsUs, lastUs: tsUs });
      return;
    }
    if (tick.tsUs < window.firstUs) {
      window.firstUs = tick.tsUs;
      window.open = tick.open;
    }
    // of one moment's messages the last one sent has the last word
    if (tick.tsUs >= window.lastUs) {
      window.lastUs = tick.tsUs;
      window.close = tick.close;
    }
    window.high = Math.max(window.high, tick.high);
    window.low = Math.min(window.low, tick.low);
    window.volume += tick.volume;
  }

  /** Nobody sends any more: every open window ends. */
  closeAll(): void {
    for (const windows of this.#open.values()) {
      for (const startUs of windows.keys()) {
        this.#watermarkUs = Math.max(this.#watermarkUs, startUs + this.#lengths.windowUs);
      }
    }
  }

  /** The windows that are closed, by asset and time. They are gone from here: their bars are to be committed. */
  takeClosed(): WindowBar[] {
    const bars: WindowBar[] = [];
    for (const [asset, windows] of this.#open) {
      for (const [startUs, window] of windows) {
        if (startUs + this.#lengths.windowUs > this.#watermarkUs) continue;
        const { open, high, low, close, volume, firstOffset } = window;
        bars.push({ asset, startUs, open, high, low, close, volume, firstOffset });
        windows.delete(startUs);
      }
      if (windows.size === 0) this.#open.delete(asset);
    }
    return bars.sort((a, b) => (a.asset === b.asset ? a.startUs - b.startUs : a.asset < b.asset ? -1 : 1));
  }

  /** What the clock of the messages has reached: windows that end by then are closed. */
  get watermarkUs(): number {
    return this.#watermarkUs;
  }

  get openCount(): number {
    let count = 0;
    for (const windows of this.#open.values()) count += windows.size;
    return count;
  }

  /** After `takeClosed`: what a commit of its bars says of this partition. */
  get progress(): PartitionProgress {
    // until all that was known is read again, windows are missing that a restart would need
    if (!this.isRebuilt) return { ...this.#before, watermarkUs: this.#watermarkUs };
    let restart = this.#position;
    for (const windows of this.#open.values()) {
      for (const { firstOffset } of windows.values()) restart = Math.min(restart, firstOffset);
    }
    return { restart, position: this.#position, watermarkUs: this.#watermarkUs };
  }
}
