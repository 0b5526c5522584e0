import { usageError } from '../base/index.ts';
import type { AtVersion } from '../delta/index.ts';
import { textOption } from './arguments.ts';
import type { Invocation } from './command.ts';

/** The TABLE of commands that read one. */
export const TABLE: readonly [string, string] = [
  '<table>',
  'a table of the lake, or a path or URI of any Delta table; @v12, @2025-12-13 or @2025-12-13T12:00:00Z may follow',
];

/** The TABLE of commands that change one: its newest version. */
export const PLAIN_TABLE: readonly [string, string] = [
  '<table>',
  'a table of the lake, or a path or URI of any Delta table',
];

/** The configuration in force and the lake it names. */
export async function lakeOf(invocation: Invocation) {
  const { loadSettings, locate } = await import('./configuration.ts');
  const configuration = await loadSettings(invocation);
  return {
    configuration,
    lake: locate(configuration.value.lake, configuration, 'lake', invocation.directory),
  };
}

export function isoTime(timeMs: number | null): string | null {
  return timeMs === null ? null : new Date(timeMs).toISOString();
}

/** A version or time given by a flag: `12`, `v12`, `2025-12-13`; a usage error when it is missing or neither. */
export async function versionOption(
  options: Readonly<Record<string, unknown>>,
  name: string,
): Promise<AtVersion> {
  const { parseTableReference } = await import('../query/index.ts');
  const text = textOption(options, name);
  const examples = `e.g. --${name} 12, or --${name} 2025-12-13`;
  if (text === undefined) throw usageError(`--${name} is missing`, examples);
  const { at, suffix } = parseTableReference(`table@${/^\d{1,15}$/.test(text) ? 'v' : ''}${text}`);
  if (suffix !== undefined) return at;
  throw usageError(`--${name} is ${JSON.stringify(text)}; expected a version or a time`, examples);
}
