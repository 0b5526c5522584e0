import type { CommandSpec, NounSpec } from './command.ts';

/** Every noun and the file that defines it, loaded only when asked for. */
export const nouns: Readonly<Record<string, () => Promise<NounSpec | CommandSpec>>> = {
  demo: async () => (await import('./commands/demo.ts')).demo,
  init: async () => (await import('./commands/init.ts')).init,
  config: async () => (await import('./commands/config.ts')).config,
  check: async () => (await import('./commands/check.ts')).check,
  doctor: async () => (await import('./commands/doctor.ts')).doctor,
  sample: async () => (await import('./commands/sample.ts')).sample,
  dbn: async () => (await import('./commands/dbn.ts')).dbn,
  process: async () => (await import('./commands/process.ts')).process,
  months: async () => (await import('./commands/months.ts')).months,
  ingest: async () => (await import('./commands/ingest.ts')).ingest,
  stream: async () => (await import('./commands/stream.ts')).stream,
  monitor: async () => (await import('./commands/monitor.ts')).monitor,
  dlq: async () => (await import('./commands/dlq.ts')).dlq,
  table: async () => (await import('./commands/table.ts')).table,
  sql: async () => (await import('./commands/sql.ts')).sql,
  providers: async () => (await import('./commands/providers.ts')).providers,
  completion: async () => (await import('./commands/completion.ts')).completion,
};
