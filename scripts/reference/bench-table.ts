/** The README's table of seconds and memory, from bench/results. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { markdownTable } from './markdown.ts';

const spread = z.object({ median: z.number(), least: z.number(), most: z.number() });

const resultSchema = z.object({
  input: z.object({ records: z.number(), rows: z.number() }),
  standings: z.array(
    z.object({ name: z.string(), wallSeconds: spread, cpuSeconds: spread, peakRssBytes: spread }),
  ),
});

const RUNS = { month: 'one month', year: 'twelve months' };
/** The peer that lies in bench/peers, for all to read. */
const SHOWN = ['Barline', 'Python peer'];

export function benchTable(root: string): string {
  const rows = Object.entries(RUNS).flatMap(([name, title]) => {
    const path = join(root, 'bench', 'results', `${name}.json`);
    const { input, standings } = resultSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
    const count = (value: number) => value.toLocaleString('en-US');
    return standings
      .filter((each) => SHOWN.includes(each.name))
      .map(({ name: who, wallSeconds: wall, cpuSeconds: cpu, peakRssBytes: memory }, index) => [
        index === 0 ? `${title}: ${count(input.records)} records, ${count(input.rows)} rows` : '',
        who,
        `${wall.median.toFixed(2)} s (${wall.least.toFixed(2)} to ${wall.most.toFixed(2)})`,
        `${cpu.median.toFixed(2)} s`,
        `${Math.round(memory.median / 1e6)} MB`,
      ]);
  });
  return markdownTable(['', '', 'seconds', 'CPU', 'peak memory'], rows);
}
