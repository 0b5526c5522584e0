import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DeltaTable } from '../../src/delta/index.ts';
import { LocalStorage } from '../../src/storage/index.ts';
import { MONTHLY } from './sample.ts';

interface Acknowledged {
  readonly version: number;
  readonly serial: number;
  readonly path: string;
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'barline-processes-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

class Writer {
  readonly name: string;
  readonly child: ChildProcess;
  #output = '';
  #errors = '';
  readonly finished: Promise<number | null>;

  constructor(name: string, commits: number) {
    this.name = name;
    this.child = spawn(process.execPath, [
      join(import.meta.dirname, 'append-worker.ts'),
      folder,
      name,
      String(commits),
    ]);
    this.child.stdout?.on('data', (data: Buffer) => {
      this.#output += data.toString();
    });
    this.child.stderr?.on('data', (data: Buffer) => {
      this.#errors += data.toString();
    });
    this.finished = new Promise((resolve) => this.child.on('close', (code) => resolve(code)));
  }

  get errors(): string {
    return this.#errors;
  }

  /** Whole lines only: what a kill cut off was not acknowledged. */
  acknowledged(): Acknowledged[] {
    const lines = this.#output.split('\n').slice(0, -1);
    return lines.map((line) => {
      const [version, serial, path = ''] = line.split(' ');
      return { version: Number(version), serial: Number(serial), path };
    });
  }

  async reaches(count: number): Promise<void> {
    while (this.acknowledged().length < count && this.child.exitCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** Reads the table anew and holds it against what the writers were told. */
async function verify(writers: readonly Writer[]): Promise<number> {
  const table = await DeltaTable.open(folder);
  const snapshot = await table.snapshot();
  const active = new Map([...snapshot.files()].map((file) => [file.path, file]));
  const acknowledged = writers.flatMap((writer) => writer.acknowledged());
  expect(new Set(acknowledged.map((a) => a.version)).size).toBe(acknowledged.length);
  for (const { path } of acknowledged) expect(active.has(path)).toBe(true);
  // no file twice, none referenced that is not there or not whole
  for (const file of active.values()) {
    const local = table.localPath(file) ?? '';
    expect(readFileSync(local).length).toBe(file.size);
  }
  expect(active.size).toBe(table.version);
  // a commit of each version, in full: the txn of every writer rises by one
  const serials = new Map<string, number>();
  for (let version = 1; version <= table.version; version++) {
    const name = join(folder, '_delta_log', `${String(version).padStart(20, '0')}.json`);
    const lines = readFileSync(name, 'utf8').trimEnd().split('\n');
    const actions = lines.map((line) => JSON.parse(line));
    expect(actions.map((action) => Object.keys(action)[0])).toEqual(['commitInfo', 'txn', 'add']);
    const { appId, version: serial } = actions[1].txn;
    expect(serial).toBe((serials.get(appId) ?? 0) + 1);
    serials.set(appId, serial);
  }
  for (const writer of writers) {
    const told = writer.acknowledged().length;
    const there = serials.get(writer.name) ?? 0;
    // a kill may come between the commit and its acknowledgement, so one more may be there
    expect(there - told).toBeGreaterThanOrEqual(0);
    expect(there - told).toBeLessThanOrEqual(1);
  }
  return table.version;
}

const LOG_FILE = /^(\d{20}\.(json|crc|checkpoint\.parquet)|_last_checkpoint)$/;

describe('processes that write one table at once', () => {
  it('eight of them: every commit acknowledged is there, once', async () => {
    await DeltaTable.create(folder, MONTHLY);
    const writers = Array.from({ length: 8 }, (_, i) => new Writer(`w${i}`, 8));
    const codes = await Promise.all(writers.map((writer) => writer.finished));
    expect([codes, writers.map((writer) => writer.errors).join('')]).toEqual([Array(8).fill(0), '']);
    expect(await verify(writers)).toBe(64);
    expect(await (await DeltaTable.open(folder)).unreferencedFiles({})).toEqual([]);
    const logFiles = readdirSync(join(folder, '_delta_log'));
    expect(logFiles.filter((name) => name.endsWith('.json'))).toHaveLength(65);
    expect(logFiles.filter((name) => !LOG_FILE.test(name))).toEqual([]);
  });

  it('some killed with SIGKILL: nothing torn, and what they left can be cleared away', async () => {
    await DeltaTable.create(folder, MONTHLY);
    const writers: Writer[] = [];
    for (let round = 0; round < 3; round++) {
      const batch = Array.from({ length: 4 }, (_, i) => new Writer(`r${round}w${i}`, 0));
      writers.push(...batch);
      await Promise.all(batch.map((writer, i) => writer.reaches(1 + ((i + round) % 4))));
      for (const writer of batch) writer.child.kill('SIGKILL');
      await Promise.all(batch.map((writer) => writer.finished));
      expect(batch.map((writer) => writer.errors).join('')).toBe('');
      await verify(writers);
    }
    const table = await DeltaTable.open(folder);
    const storage = new LocalStorage(folder);
    for (const file of await table.unreferencedFiles({ nameToken: 'r' })) await storage.delete(file.path);
    expect(await table.unreferencedFiles({})).toEqual([]);
    await verify(writers);
  });
});
