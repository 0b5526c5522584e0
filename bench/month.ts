// One full-size month, raw file to committed table, the whole process from start to end.
import { runMonthlyBenchmark } from './harness/monthly.ts';

const MONTH = '2024-10';
const WALL_SECONDS = 2.5;
const PEAK_RSS_BYTES = 1e9;

await runMonthlyBenchmark({
  name: 'month',
  from: MONTH,
  to: MONTH,
  peerMonths: 1,
  limits: { wallSeconds: WALL_SECONDS, peakRssBytes: PEAK_RSS_BYTES },
});
