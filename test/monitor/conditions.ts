/** Conditions and places for alerts, as the tests of this folder need them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Clock } from '../../src/monitor/clock.ts';
import { type Condition, failed, type Thresholds } from '../../src/monitor/condition.ts';
import { AlertLedger, type LedgerOptions } from '../../src/monitor/ledger.ts';
import type { AlertMessage, Sink } from '../../src/monitor/sinks/sink.ts';
import { notDelivered } from '../../src/monitor/sinks/sink.ts';
import { openStorage, type Storage } from '../../src/storage/index.ts';

export const THRESHOLDS: Thresholds = {
  monthMinutes: 45,
  score: 0.8,
  winRate: [0.05, 0.5],
  errorRate: 0.02,
  memoryBytes: 2e9,
};

export const failedMonth = (month: string): Condition =>
  failed(month, { code: 'DBN_BAD_MAGIC', message: 'the file is none' });

export const EVERYTHING = () => true;

export function temporaryLake(): Storage {
  const folder = mkdtempSync(join(tmpdir(), 'barline-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return openStorage(join(folder, 'lake'));
}

let nowMs = Date.UTC(2026, 0, 1);

/** No two of its notices are of the same time. */
export function ledgerOn(storage: Storage, options: Partial<LedgerOptions> = {}): AlertLedger {
  return new AlertLedger(storage, {
    sinks: ['first'],
    announceResolved: true,
    now: () => nowMs++,
    ...options,
  });
}

/** A look that sees these conditions and everything else gone; the statuses of what changed. */
export async function lookAt(ledger: AlertLedger, standing: readonly Condition[]): Promise<string[]> {
  const notices = await ledger.record(await ledger.states(), standing, EVERYTHING);
  return notices.map(({ status, month, condition }) => `${status} ${month ?? 'lake'} ${condition}`);
}

/** A sink that keeps what it is sent, and fails as long as it is told to. */
export function keepingSink(name: string) {
  const messages: AlertMessage[] = [];
  const state = { failure: undefined as string | undefined, delayMs: 0 };
  const sink: Sink = {
    name,
    type: 'webhook',
    target: 'the test',
    send: async (message, signal) => {
      if (state.delayMs > 0) await systemSleep(state.delayMs, signal);
      if (state.failure !== undefined) throw notDelivered(sink, state.failure);
      messages.push(message);
      return 'kept';
    },
  };
  const lines = () =>
    messages.flatMap(({ notices }) => notices.map(({ status, month }) => `${status} ${month ?? 'lake'}`));
  return { sink, messages, state, lines };
}

function systemSleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

/** A clock whose sleeps take no time, and note how long they would have been. */
export function quickClock(): Clock & { readonly slept: number[] } {
  const slept: number[] = [];
  let now = Date.UTC(2026, 0, 1);
  return {
    slept,
    now: () => now,
    sleep: async (ms, signal) => {
      if (signal?.aborted === true) return;
      slept.push(ms);
      now += ms;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}
