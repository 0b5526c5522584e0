// Processes that change one table while others among them are killed, on a local disk or on versitygw.
// Usage: node test/soak/delta-torture.ts [--seconds 180] [--seeds 1,2,3] [--store disk,s3] [--writers 8] [--victims 4]
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { DeltaTable, field, openStorage, struct } from '../../src/delta/index.ts';
import { RandomStream } from '../../src/sample/random.ts';
import { S3Server } from '../conformance/s3-server.ts';
import { checkTorture, type TortureReport } from './torture-check.ts';
import { readLedgers } from './torture-ledger.ts';
import { OPERATIONS } from './torture-operations.ts';

export interface TortureOptions {
  readonly store: 'disk' | 's3';
  readonly seconds: number;
  readonly seed: number;
  /** Processes that are let live. */
  readonly writers: number;
  /** Processes that are killed at random, and others started in their place. */
  readonly victims: number;
}

export interface TortureResult extends TortureReport {
  readonly kills: number;
  readonly processes: number;
}

const SCHEMA = struct([field('id', 'long'), field('writer', 'string'), field('amount', 'long')]);

/** A victim's life, of most from the moment it begins its work. */
const SHORTEST_MS = 100;
const LONGEST_MS = 2_500;
const WORKING_SHARE = 0.9;
const LONGEST_EXTRA_MS = 120_000;

interface Writer {
  readonly name: string;
  readonly child: ChildProcess;
  readonly closed: Promise<number | null>;
  errors: string;
}

/** Runs it and holds the table against the ledgers; fails with what is wrong. Leaves nothing behind. */
export async function torture(options: TortureOptions): Promise<TortureResult> {
  const folder = mkdtempSync(join(tmpdir(), 'barline-torture-'));
  const server = options.store === 's3' ? await S3Server.start() : undefined;
  try {
    const location = server === undefined ? join(folder, 'table') : `s3://${server.bucket}/torture/table`;
    const storage = openStorage(location, server === undefined ? {} : { s3: server.settings() });
    const environment = server?.environment() ?? {};
    // every other seed with deletion vectors, the rest writes files again
    const vectors = String(options.seed % 2 === 1);
    await DeltaTable.create(storage, {
      schema: SCHEMA,
      properties: { 'delta.enableDeletionVectors': vectors },
    });
    const ledgers = join(folder, 'ledgers');
    mkdirSync(ledgers);
    const run = new Run(location, ledgers, environment, options);
    await run.finish();
    const forDeltaRs = {
      ...environment,
      ...(server && { AWS_ALLOW_HTTP: 'true', AWS_REGION: 'us-east-1', AWS_CONDITIONAL_PUT: 'etag' }),
    };
    const report = await checkTorture(storage, ledgers, forDeltaRs);
    return { ...report, kills: run.kills, processes: run.processes };
  } finally {
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

class Run {
  kills = 0;
  processes = 0;
  readonly #location: string;
  readonly #ledgers: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #options: TortureOptions;
  readonly #random: RandomStream;

  constructor(location: string, ledgers: string, environment: NodeJS.ProcessEnv, options: TortureOptions) {
    this.#location = location;
    this.#ledgers = ledgers;
    this.#environment = environment;
    this.#options = options;
    this.#random = RandomStream.of(options.seed);
  }

  async finish(): Promise<void> {
    const { writers, victims } = this.#options;
    const steady = Array.from({ length: writers }, () => this.#start('w'));
    const over = new AbortController();
    const lanes = Array.from({ length: victims }, () => this.#killAgainAndAgain(over.signal));
    const oneEnded = Promise.race(steady.map(({ closed }) => closed));
    try {
      await Promise.race([this.#enough(), oneEnded, Promise.all(lanes)]);
    } finally {
      over.abort();
      for (const { child } of steady) child.kill('SIGTERM');
      await Promise.allSettled([...lanes, ...steady.map(({ closed }) => closed)]);
    }
    await Promise.all(lanes);
    for (const writer of steady) await this.#expectEnd(writer, 0);
  }

  /** The time asked for, and on a slow machine more, until each operation was done. */
  async #enough(): Promise<void> {
    await delay(this.#options.seconds * 1000);
    const giveUp = performance.now() + LONGEST_EXTRA_MS;
    while (performance.now() < giveUp) {
      const attempts = readLedgers(this.#ledgers).flatMap(([, each]) => each);
      const done = new Set(
        attempts.filter(({ outcome }) => outcome === 'done').map(({ operation }) => operation),
      );
      if (OPERATIONS.every(({ name }) => done.has(name))) return;
      await delay(1000);
    }
  }

  async #killAgainAndAgain(over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      const victim = this.#start('v');
      const lifeMs = SHORTEST_MS + this.#random.uniform() * (LONGEST_MS - SHORTEST_MS);
      // on a busy machine most would be killed before they begin
      if (this.#random.uniform() < WORKING_SHARE) await this.#begins(victim, over);
      await Promise.race([delay(lifeMs, undefined, { signal: over }).catch(() => undefined), victim.closed]);
      victim.child.kill('SIGKILL');
      this.kills += 1;
      await this.#expectEnd(victim, null);
    }
  }

  async #begins({ name, child }: Writer, over: AbortSignal): Promise<void> {
    const ledger = join(this.#ledgers, `${name}.jsonl`);
    while (!existsSync(ledger) && child.exitCode === null && !over.aborted) await delay(10);
  }

  #start(kind: string): Writer {
    this.processes += 1;
    const name = `${kind}${this.processes}`;
    const script = join(import.meta.dirname, 'torture-writer.ts');
    const seed = String(this.#random.nextUint32());
    const child = spawn(
      process.execPath,
      [script, this.#location, name, seed, join(this.#ledgers, `${name}.jsonl`)],
      {
        env: { PATH: process.env.PATH ?? '', TMPDIR: tmpdir(), ...this.#environment },
        stdio: ['pipe', 'ignore', 'pipe'],
      },
    );
    const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
    const writer: Writer = { name, child, closed, errors: '' };
    child.stderr.on('data', (text: Buffer) => {
      writer.errors += text.toString();
    });
    return writer;
  }

  async #expectEnd(writer: Writer, code: number | null): Promise<void> {
    const found = await writer.closed;
    if (found === code) return;
    throw new Error(
      `the writer ${writer.name} of seed ${this.#options.seed} ended with ${found}: ${writer.errors}`,
    );
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '180' },
      seeds: { type: 'string', default: '1,2,3' },
      store: { type: 'string', default: 'disk,s3' },
      writers: { type: 'string', default: '8' },
      victims: { type: 'string', default: '4' },
    },
  });
  for (const store of values.store.split(',')) {
    if (store !== 'disk' && store !== 's3') throw new Error(`--store ${store}: expected disk or s3`);
    for (const seed of values.seeds.split(',').map(Number)) {
      const [seconds, writers, victims] = [values.seconds, values.writers, values.victims].map(Number);
      const result = await torture({ store, seed, seconds, writers, victims });
      process.stdout.write(`${JSON.stringify({ store, seed, seconds, ...result })}\n`);
    }
  }
}

if (import.meta.main) await main();
