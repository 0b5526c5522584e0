// Fifteen years of full-size months, disk to disk, within two gigabytes; --from and --to take others.
import { runMonthlyBenchmark } from './harness/monthly.ts';

/** 185 months, 106 million rows; to 2025-10 they are 184. */
const FIRST_MONTH = '2010-07';
const LAST_MONTH = '2025-11';
/** Enough to fill the caches of compiled code. */
const WARM_UP_MONTH = '2024-10';
const WORKERS = 2;
const PEER_MONTHS = 2;
const WALL_SECONDS = 240;
const PEAK_RSS_BYTES = 2e9;

await runMonthlyBenchmark({
  name: 'months',
  from: FIRST_MONTH,
  to: LAST_MONTH,
  peerMonths: PEER_MONTHS,
  workers: WORKERS,
  memory: '2GB',
  rounds: 1,
  warmUpMonth: WARM_UP_MONTH,
  limits: { wallSeconds: WALL_SECONDS, peakRssBytes: PEAK_RSS_BYTES },
});
