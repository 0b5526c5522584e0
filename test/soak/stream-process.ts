/** `barline stream` as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

const BIN = join(import.meta.dirname, '../../src/cli/bin.ts');

export class StreamProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | NodeJS.Signals | null>;
  #said = '';
  #listeners: (() => void)[] = [];

  constructor(options: readonly string[]) {
    const child = spawn(process.execPath, [BIN, 'stream', '--json', ...options], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    const hear = (bytes: Buffer) => {
      this.#said += bytes;
      for (const listener of this.#listeners) listener();
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    this.#exited = new Promise((resolve) => {
      child.on('close', (code, signal) => {
        resolve(code ?? signal);
        for (const listener of this.#listeners) listener();
      });
    });
  }

  get said(): string {
    return this.#said;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Resolves when it has said so, after `from` characters; fails when it ends before. */
  async hasSaid(pattern: RegExp, timeoutMs = 60_000, from = 0): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!pattern.test(this.#said.slice(from))) {
      if (this.hasEnded) throw new Error(`it ended before it said ${pattern}: ${this.#said.slice(-2000)}`);
      const leftMs = deadline - Date.now();
      if (leftMs <= 0)
        throw new Error(`it has not said ${pattern} in ${timeoutMs} ms: ${this.#said.slice(-2000)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(leftMs, 200));
        this.#listeners = [
          () => {
            clearTimeout(timer);
            resolve();
          },
        ];
      });
    }
  }

  /** Its exit code, or the signal that ended it. */
  async ended(): Promise<number | NodeJS.Signals | null> {
    return this.#exited;
  }

  async kill(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null> {
    this.#child.kill(signal);
    return this.#exited;
  }
}
