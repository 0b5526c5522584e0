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
