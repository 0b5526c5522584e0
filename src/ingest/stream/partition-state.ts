/** One partition of a topic as this process works through it. */

import { isUtf8 } from 'node:buffer';
import { type DeadRecord, originalOf } from '../../quality/index.ts';
import { type MessageRules, readMessage } from './message.ts';
import { PartitionWindows, type WindowBar, type WindowLengths } from './partition-windows.ts';
import { type StoredProgress, textOf } from './progress.ts';
import type { PartitionRead, SourceMessage } from './source.ts';

export interface StreamRules extends WindowLengths, MessageRules {
  /** How far a message's time may be ahead of the clock. */
  readonly futureUs: number;
}

export interface MessageCounts {
  /** Messages worked through for the first time. */
  messages: number;
  /** Those of before a restart, read again to rebuild open windows. */
  reread: number;
  late: number;
  invalid: number;
}

export function noMessages(): MessageCounts {
  return { messages: 0, reread: 0, late: 0, invalid: 0 };
}

/** What a commit is to say of a partition. */
export interface PartitionBatch {
  readonly partition: number;
  readonly bars: readonly WindowBar[];
  readonly dead: readonly DeadRecord[];
  readonly progress: Omit<StoredProgress, 'letters'>;
  /** The log's text of the progress that all this goes on from. */
  readonly base: string | undefined;
  /** Whether there is anything to say that the log does not say. */
  readonly isChanged: boolean;
}

export class PartitionState {
  readonly partition: number;
  /** As the log has it, the text that this state goes on from. */
  #base: string | undefined;
  /** The progress as it was last committed. */
  #reached: string | undefined;
  /** The offset after the newest message there was when it was last read. */
  end: number;
  /** When a message last came, or reading began; ms since the epoch. */
  activeMs: number;
  readonly counts: MessageCounts = noMessages();
  readonly #identity: string | null;
  readonly #windows: PartitionWindows;
  readonly #rules: StreamRules;
  readonly #ahead: Set<number>;
  #dead: DeadRecord[] = [];
  #deadByteLength = 0;

  constructor(options: {
    readonly partition: number;
    readonly base: string | undefined;
    readonly progress: StoredProgress;
    readonly rules: StreamRules;
    readonly end: number;
    readonly nowMs: number;
  }) {
    const { partition, base, progress, rules, end, nowMs } = options;
    this.partition = partition;
    this.#base = base;
    this.#reached = base === undefined ? undefined : textOf({ ...progress, letters: [] });
    this.end = end;
    this.activeMs = nowMs;
    this.#identity = progress.identity;
    this.#windows = new PartitionWindows(progress, rules);
    this.#rules = rules;
    this.#ahead = new Set(progress.ahead);
  }

  /** The offset to read next. */
  get next(): number {
    return this.#windows.next;
  }

  get openCount(): number {
    return this.#windows.openCount;
  }

  get watermarkUs(): number {
    return this.#windows.watermarkUs;
  }

  get deadByteLength(): number {
    return this.#deadByteLength;
  }

  /** Nothing more is there at the moment, and all that was known is read again. */
  get isAtEnd(): boolean {
    return this.#windows.next >= this.end && this.#windows.isRebuilt;
  }

  take({ messages, next, end }: PartitionRead, nowMs: number): void {
    for (const message of messages) {
      // a batch of the broker may begin before the offset asked for
      if (message.offset >= this.#windows.next) this.#message(message, nowMs * 1000);
    }
    if (next > this.#windows.next) this.#windows.pass(next - 1);
    this.end = end;
    if (messages.length > 0) this.activeMs = nowMs;
  }

  #message({ offset, value }: SourceMessage, nowUs: number): void {
    const isKnown = this.#windows.isKnown(offset);
    if (isKnown) this.counts.reread++;
    else this.counts.messages++;
    if (isKnown && this.#ahead.has(offset)) {
      this.#windows.pass(offset);
      return;
    }
    const message = readMessage(value, this.#rules);
    if ('reason' in message) {
      this.#windows.pass(offset);
      if (!isKnown) this.#bury(offset, value, message.reason, 'invalid');
    } else if (!isKnown && message.tick.tsUs > nowUs + this.#rules.futureUs) {
      this.#windows.pass(offset);
      this.#ahead.add(offset);
      const aheadSeconds = Math.round((message.tick.tsUs - nowUs) / 1e6);
      this.#bury(offset, value, `timestamp is ${aheadSeconds} s in the future`, 'invalid');
    } else if (this.#windows.add(offset, message.tick) === 'late' && !isKnown) {
      const watermark = new Date(this.#windows.watermarkUs / 1000).toISOString();
      this.#bury(offset, value, `late: its window was closed, the watermark is at ${watermark}`, 'late');
    }
  }

  #bury(offset: number, value: Uint8Array | null, reason: string, kind: 'late' | 'invalid'): void {
    this.counts[kind]++;
    const original = value === null || !isUtf8(value) ? value : Buffer.from(value).toString('utf8');
    this.#dead.push({ offset, ...originalOf(original), reason });
    this.#deadByteLength += value?.length ?? 0;
  }

  /** Nobody sends any more, or nothing has come for long: the open windows end. Only `isAtEnd`. */
  closeAll(): void {
    this.#windows.closeAll();
  }

  /** What is ready to be committed; it is gone from here. */
  takeBatch(): PartitionBatch {
    const bars = this.#windows.takeClosed();
    const dead = this.#dead;
    this.#dead = [];
    this.#deadByteLength = 0;
    const progress = this.#windows.progress;
    for (const offset of this.#ahead) if (offset < progress.restart) this.#ahead.delete(offset);
    const stored = { ...progress, identity: this.#identity, ahead: [...this.#ahead].sort((a, b) => a - b) };
    const isChanged = textOf({ ...stored, letters: [] }) !== this.#reached;
    return { partition: this.partition, bars, dead, progress: stored, base: this.#base, isChanged };
  }

  /** `text`: how the log has the progress of that batch. */
  committed({ progress }: PartitionBatch, text: string): void {
    this.#base = text;
    this.#reached = textOf({ ...progress, letters: [] });
  }
}
