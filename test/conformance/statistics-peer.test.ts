import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { statistics } from '../cli/json-shapes.ts';
import { run } from '../months/lake-contents.ts';
import { writeSmallMonths } from '../months/small-months.ts';

const MONTH = '2024-03';
const root = mkdtempSync(join(tmpdir(), 'barline-statistics-peer-'));
const [source, lake] = [join(root, 'source'), join(root, 'lake')];

const numpy = z.object({
  modes: z.record(
    z.string(),
    z.looseObject({ exact: z.array(z.number()), rounded: z.array(z.number()), total_winners: z.number() }),
  ),
  features: z.record(
    z.string(),
    z.object({
      nan_percentage: z.number(),
      min: z.number(),
      max: z.number(),
      exact: z.number(),
      rounded: z.number(),
      count: z.number(),
    }),
  ),
});

let document: z.infer<typeof statistics>;
let peer: z.infer<typeof numpy>;

beforeAll(async () => {
  await writeSmallMonths(source, { months: [MONTH] });
  const { outcomes } = await run(source, lake);
  expect(outcomes.map(({ status }) => status)).toEqual(['succeeded']);
  const folder = join(lake, 'training_bars', `month=${MONTH}`);
  const [file = ''] = readdirSync(folder);
  const script = join(import.meta.dirname, 'month_statistics.py');
  const { status, stdout, stderr } = spawnSync('python3', [script, join(folder, file)], { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  peer = numpy.parse(JSON.parse(stdout));
  const path = join(lake, 'processed-data', 'monthly', '2024', '03', `monthly_${MONTH}_statistics.json`);
  document = statistics.parse(JSON.parse(readFileSync(path, 'utf8')));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('the statistics of a month, by numpy from the rows written', () => {
  it('agree on counts, means, deviations and bounds of the weights', () => {
    expect(Object.keys(peer.modes)).toHaveLength(6);
    for (const [name, { exact: _exact, rounded: _rounded, ...expected }] of Object.entries(peer.modes)) {
      const close = Object.entries(expected).map(([key, value]) => [key, expect.closeTo(Number(value), 12)]);
      expect(document.mode_statistics[name], name).toMatchObject(Object.fromEntries(close));
    }
  });

  it('agree on the percentiles of weights of 12 bits, and nearly on those of the weights as they are', () => {
    for (const [name, { exact, rounded }] of Object.entries(peer.modes)) {
      const { p25, p50, p75, p90, p95 } = document.mode_statistics[name].weight_distribution;
      for (const [at, found] of [p25, p50, p75, p90, p95].entries()) {
        expect(found, name).toBeCloseTo(rounded[at], 12);
        expect(Math.abs(found - exact[at]), name).toBeLessThanOrEqual(exact[at] * 2 ** -12);
      }
    }
  });

  it('agree on nulls and ranges of the features', () => {
    const { nan_percentages, value_ranges } = document.feature_statistics;
    expect(Object.keys(nan_percentages)).toEqual(Object.keys(peer.features));
    for (const [name, { nan_percentage, min, max }] of Object.entries(peer.features)) {
      expect(nan_percentages[name], name).toBeCloseTo(nan_percentage, 10);
      expect(value_ranges[name], name).toEqual({ min, max });
    }
  });

  it('agree on the outliers of features of 12 bits, and nearly on those of the features as they are', () => {
    const { outlier_counts } = document.feature_statistics;
    for (const [name, { exact, rounded, count }] of Object.entries(peer.features)) {
      expect(outlier_counts[name], name).toBe(rounded);
      // values that lie within 2^-12 of a whisker
      expect(Math.abs(outlier_counts[name] - exact) / count, name).toBeLessThan(0.0005);
    }
    // the comparison can fail: some columns have outliers, and not all have
    const counts = Object.values(outlier_counts);
    expect(counts.some((each) => each > 0) && counts.some((each) => each === 0)).toBe(true);
  });
});
