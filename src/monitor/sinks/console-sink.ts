import { noticeLine } from './message-text.ts';
import type { Sink } from './sink.ts';

/** A line a notice, to whatever `write` writes to. */
export function consoleSink(name: string, write: (line: string) => void): Sink {
  return {
    name,
    type: 'console',
    target: 'stderr',
    send: async ({ notices }) => {
      for (const notice of notices) write(noticeLine(notice));
      return 'written';
    },
  };
}
