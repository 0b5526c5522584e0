import type { Standing } from './comparison.ts';
import type { PrintedLine } from './measured-run.ts';
import type { Spread } from './spread.ts';

/** Columns padded to their widest cell, the first to the left, the others to the right. */
export function textTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, k) => {
      widths[k] = Math.max(widths[k] ?? 0, cell.length);
    });
  }
  const lines = rows.map((row) =>
    row.map((cell, k) => (k === 0 ? cell.padEnd(widths[k] ?? 0) : cell.padStart(widths[k] ?? 0))).join('  '),
  );
  return lines.map((line) => `  ${line.trimEnd()}`).join('\n');
}

export function showSpread({ median, least, most }: Spread, digits = 2): string {
  return `${median.toFixed(digits)} (${least.toFixed(digits)}–${most.toFixed(digits)})`;
}

const MEGABYTE = 1e6;

export function standingsTable(standings: readonly Standing[]): string {
  const first = standings[0]?.name ?? '';
  const head = ['', 'wall s', 'CPU s', 'inside the process s', 'peak MB', 'MB written', `${first} by this`];
  const rows = standings.map((each) => [
    each.name,
    showSpread(each.wallSeconds),
    showSpread(each.cpuSeconds),
    showSpread(each.insideSeconds),
    (each.peakRssBytes.most / MEGABYTE).toFixed(0),
    (each.bytesWritten / MEGABYTE).toFixed(1),
    each.name === first ? '' : showSpread(each.firstByThis),
  ]);
  return textTable([head, ...rows]);
}

/** Milliseconds by stage, longest first, over all threads; then what is left of the process. */
export function stagesTable(standing: Standing): string {
  const stages = Object.entries(standing.stageSeconds).sort(([, a], [, b]) => b.median - a.median);
  const rows = stages.map(([stage, seconds]) => [
    stage,
    (seconds.median * 1000).toFixed(0),
    `${(seconds.least * 1000).toFixed(0)}–${(seconds.most * 1000).toFixed(0)}`,
  ]);
  const outside = (standing.wallSeconds.median - standing.insideSeconds.median) * 1000;
  return textTable([
    [standing.name, 'median ms', 'spread'],
    ...rows,
    ['process start and end', outside.toFixed(0), ''],
  ]);
}

/** Stretches of months on the way that are shown. */
const STRETCH = 10;

/** Time and memory against months done, by the lines that a run prints, one a month; null for a few months only. */
export function curveTable(lines: readonly PrintedLine[]): string | null {
  // the last line is the summary
  const months = lines.slice(0, -1);
  if (months.length < 2 * STRETCH) return null;
  const rows: string[][] = [];
  for (let end = STRETCH; end - STRETCH < months.length; end += STRETCH) {
    const stretch = months.slice(end - STRETCH, end);
    const [last, , lastCpu] = stretch.at(-1) ?? [0, 0, 0];
    const [before, , beforeCpu] = months[end - STRETCH - 1] ?? [0, 0, 0];
    rows.push([
      String(Math.min(end, months.length)),
      last.toFixed(1),
      ((last - before) / stretch.length).toFixed(3),
      ((lastCpu - beforeCpu) / stretch.length).toFixed(3),
      (Math.max(...stretch.map(([, bytes]) => bytes)) / MEGABYTE).toFixed(0),
    ]);
  }
  return textTable([
    ['months done', 'after s', 's a month', 'CPU s a month', 'peak MB of the stretch'],
    ...rows,
  ]);
}
