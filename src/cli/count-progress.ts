/** One line on a terminal that counts: redrawn in place, gone when the work is done. */
import type { Output } from './output.ts';
import { formatCount } from './text-table.ts';

const REDRAW_MS = 100;

export interface CountProgress {
  readonly update: (count: number, note?: string) => void;
  /** Takes the line away. */
  readonly end: () => void;
}

/** Shows nothing where stderr is no terminal, or with `--quiet` or `--json`. */
export function countProgress(output: Output, now: () => number, unit: string): CountProgress {
  const started = now();
  let lastDraw = Number.NEGATIVE_INFINITY;
  let isDrawn = false;
  return {
    update(count, note) {
      if (!output.options.interactive || now() - lastDraw < REDRAW_MS) return;
      lastDraw = now();
      const seconds = (lastDraw - started) / 1000;
      const rate = seconds > 0 ? `  ${formatCount(Math.round(count / seconds))} ${unit}/s` : '';
      output.draw(`\r\u001b[K${formatCount(count)} ${unit}${rate}${note === undefined ? '' : `  ${note}`}`);
      isDrawn = true;
    },
    end() {
      if (isDrawn) output.draw('\r\u001b[K');
      isDrawn = false;
    },
  };
}
