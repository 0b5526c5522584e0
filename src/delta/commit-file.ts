import { type Action, type CommitInfo, toAction } from './actions.ts';
import { deltaError } from './delta-error.ts';

/** The JSON lines of one commit file. */

export function encodeCommit(actions: readonly Action[]): Uint8Array {
  return new TextEncoder().encode(actions.map((action) => `${JSON.stringify(action)}\n`).join(''));
}

export interface ParseOptions {
  /** False skips `commitInfo`, which log replay does not need. */
  readonly commitInfo?: boolean;
}

const COMMIT_INFO = '{"commitInfo"';

/**
 * The actions of a commit file in their order, without those of kinds the protocol does not have.
 * `DELTA_BAD_COMMIT` names the file and line.
 */
export function parseCommit(bytes: Uint8Array, location: string, options: ParseOptions = {}): Action[] {
  const actions: Action[] = [];
  for (const { line, number, ended } of lines(bytes)) {
    // a last line without its newline may be cut off, so it is always parsed
    if (options.commitInfo === false && ended && line.startsWith(COMMIT_INFO)) continue;
    const action = toAction(parseLine(line, location, number));
    if (typeof action === 'string') throw badLine(location, number, action);
    if (action !== undefined) actions.push(action);
  }
  return actions;
}

/** Only the `commitInfo` of a commit file, or undefined when it has none. */
export function parseCommitInfo(bytes: Uint8Array, location: string): CommitInfo | undefined {
  for (const { line, number } of lines(bytes)) {
    if (!line.startsWith(COMMIT_INFO)) continue;
    const action = toAction(parseLine(line, location, number));
    if (typeof action === 'object' && 'commitInfo' in action) return action.commitInfo;
  }
  return undefined;
}

function* lines(bytes: Uint8Array): Iterable<{ line: string; number: number; ended: boolean }> {
  const text = new TextDecoder().decode(bytes);
  let number = 0;
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    const line = text.slice(start, end).trim();
    number += 1;
    if (line !== '') yield { line, number, ended: newline !== -1 };
    start = end + 1;
  }
}

function parseLine(line: string, location: string, number: number): unknown {
  try {
    const parsed: unknown = JSON.parse(line);
    return parsed;
  } catch (cause) {
    throw badLine(location, number, 'it is not whole JSON', cause);
  }
}

function badLine(location: string, line: number, why: string, cause?: unknown) {
  return deltaError({
    code: 'DELTA_BAD_COMMIT',
    message: `commit ${location}, line ${line}: ${why}`,
    hint: 'the file is damaged; restore it from a backup, or read an earlier version',
    cause,
    facts: { file: location, line },
  });
}
