import { hostname } from 'node:os';
import { isStorageError, isTemporaryPath, type Storage } from '../storage/index.ts';
import type { RunWorld } from './run-world.ts';

/** What a run writes of itself into the lake, again and again while it lives. */
export interface RunRecord {
  readonly runId: string;
  readonly startedAt: string;
  readonly host: string;
  readonly pid: number;
  /** Others take the run for dead when its journal has not changed for so long. */
  readonly leaseSeconds: number;
}

export interface JournalEntry {
  readonly record: RunRecord;
  /** Differs with every beat. */
  readonly text: string;
}

const FOLDER = '_barline/runs/';
const BEATS_PER_LEASE = 3;

const pathOf = (runId: string) => `${FOLDER}${runId}.json`;

/** The note of a run at work: there before its first file, renewed as a sign of life, gone at its end. */
export class RunJournal {
  readonly #lake: Storage;
  readonly #record: RunRecord;
  readonly #world: RunWorld;
  readonly #closed = new AbortController();
  #beating: Promise<void> = Promise.resolve();

  private constructor(lake: Storage, record: RunRecord, world: RunWorld) {
    this.#lake = lake;
    this.#record = record;
    this.#world = world;
  }

  static async open(
    lake: Storage,
    run: Pick<RunRecord, 'runId' | 'startedAt' | 'leaseSeconds'>,
    world: RunWorld,
  ): Promise<RunJournal> {
    const record = { ...run, host: hostname(), pid: process.pid };
    const journal = new RunJournal(lake, record, world);
    await journal.#write(0);
    journal.#beating = journal.#beat();
    return journal;
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#beating;
    await this.#lake.delete(pathOf(this.#record.runId));
  }

  async #beat(): Promise<void> {
    const pauseMs = (this.#record.leaseSeconds * 1000) / BEATS_PER_LEASE;
    const { signal } = this.#closed;
    for (let beat = 1; !signal.aborted; beat++) {
      await this.#world.sleepMs(pauseMs, signal).catch(() => undefined);
      // a beat that cannot be written is a beat missed: others may take the run for dead, and its commits then lose
      if (!signal.aborted) await this.#write(beat).catch(() => undefined);
    }
  }

  #write(beat: number): Promise<void> {
    const text = `${JSON.stringify({ ...this.#record, beat })}\n`;
    return this.#lake.put(pathOf(this.#record.runId), new TextEncoder().encode(text));
  }
}

export async function removeJournal(lake: Storage, runId: string): Promise<void> {
  await lake.delete(pathOf(runId));
}

/** The runs the lake knows of: at work, or dead before they could clear up. */
export async function listJournals(lake: Storage): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = [];
  for await (const { path } of lake.list(FOLDER, { details: false })) {
    if (isTemporaryPath(path) || !path.endsWith('.json')) continue;
    const text = new TextDecoder().decode(await readIfThere(lake, path));
    const record = parseRecord(text);
    if (record !== undefined) entries.push({ record, text });
  }
  return entries;
}

/** Empty when the file has gone since its folder was listed. One that may not be read is no sign of that. */
export async function readIfThere(lake: Storage, path: string): Promise<Uint8Array> {
  return lake.read(path).catch((error: unknown) => {
    if (isStorageError(error, 'STORAGE_NOT_FOUND')) return new Uint8Array();
    throw error;
  });
}

function parseRecord(text: string): RunRecord | undefined {
  const { runId, startedAt, host, pid, leaseSeconds } = parseObject(text);
  if (typeof runId !== 'string' || typeof startedAt !== 'string') return undefined;
  if (typeof host !== 'string' || typeof pid !== 'number' || typeof leaseSeconds !== 'number')
    return undefined;
  return { runId, startedAt, host, pid, leaseSeconds };
}

/** The keys of a JSON object; none when the text is anything else. */
export function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
  } catch {
    return {};
  }
}
