// Twelve full-size months, disk to disk, the whole process from start to end.
import { runMonthlyBenchmark } from './harness/monthly.ts';

const FIRST_MONTH = '2024-01';
const LAST_MONTH = '2024-12';
/** The peers gain nothing from more months at a time than this on two cores, and lose memory. */
const PEER_MONTHS = 2;
const WALL_SECONDS = 15;
const PEAK_RSS_BYTES = 1e9;

await runMonthlyBenchmark({
  name: 'year',
  from: FIRST_MONTH,
  to: LAST_MONTH,
  peerMonths: PEER_MONTHS,
  limits: { wallSeconds: WALL_SECONDS, peakRssBytes: PEAK_RSS_BYTES },
});
