import { createInterface } from 'node:readline/promises';
import { usageError } from '../base/index.ts';
import type { Invocation } from './command.ts';

/** Asks on the terminal before something is done; `--yes` answers for it. Without a terminal `--yes` must. */
export async function confirm({ globals, signal }: Invocation, question: string): Promise<boolean> {
  if (globals.yes === true) return true;
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true || globals.json === true) {
    throw usageError(
      'nothing was changed: there is no terminal to ask at',
      'look at it with --dry-run, then give --yes',
    );
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await lines.question(`${question} [y/N] `, { signal });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
