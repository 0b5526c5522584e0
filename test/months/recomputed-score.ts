/**
 * The quality score once more, from the rows that a run wrote, read back by DuckDB, and from the counts of its reports:
 * the formulas are written down a second time, from the requirements, and use nothing of src/months.
 */
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { SESSION_SECONDS } from './planted-months.ts';

/** What only the run's reports tell, of the statistics document. */
export interface ReportCounts {
  readonly rth_bars: number;
  readonly previous_front_known: boolean;
  readonly cleaning_rules: Readonly<Record<string, number>>;
  readonly processing_time_minutes: number;
  readonly performance: { readonly peak_rss_bytes: number };
}

export interface Recomputed {
  readonly score: number;
  readonly parts: Readonly<Record<'modes' | 'data' | 'features' | 'performance' | 'rolls', number>>;
  readonly priority: 'high' | 'medium' | 'low' | null;
  /** What the month is to be made again for. */
  readonly causes: readonly string[];
}

const MODES = ['low', 'normal', 'high'].flatMap((vol) => [`${vol}_vol_long`, `${vol}_vol_short`]);
const NULL_LIMIT = (feature: string) => {
  if (feature.startsWith('is_')) return 0.01;
  const ready = [
    'vwap',
    'distance_from_vwap_pct',
    'bar_range',
    'short_range_retouches',
    'medium_range_retouches',
  ];
  return ready.includes(feature) ? 0.1 : 0.35;
};
const clamp = (value: number) => Math.min(1, Math.max(0, value));
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

export class WrittenMonths {
  readonly #lake: string;
  readonly #row: (sql: string) => Promise<Record<string, unknown>>;
  readonly #rows: (sql: string) => Promise<Record<string, unknown>[]>;

  private constructor(lake: string, rows: (sql: string) => Promise<Record<string, unknown>[]>) {
    this.#lake = lake;
    this.#rows = rows;
    this.#row = async (sql) => (await rows(sql))[0] ?? {};
  }

  static async open(lake: string): Promise<WrittenMonths> {
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    return new WrittenMonths(lake, async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson());
  }

  #table(name: string, month: string): string {
    return `read_parquet('${join(this.#lake, name)}/month=${month}/*.parquet')`;
  }

  /** The score of a month that the dates given should be in, by the page's formulas. */
  async score(month: string, dates: readonly string[], counts: ReportCounts): Promise<Recomputed> {
    const bars = this.#table('training_bars', month);
    const rowCount = Number((await this.#row(`SELECT count(*) AS n FROM ${bars}`)).n);
    const modes = await Promise.all(MODES.map((mode) => this.#mode(bars, mode)));
    const features = await this.#features(bars, rowCount);
    const data = await this.#data(bars, month, dates, counts);
    const rolls = await this.#rolls(month, rowCount);
    const minutes = counts.processing_time_minutes;
    const gigabytes = counts.performance.peak_rss_bytes / 1e9;
    const parts = {
      modes: sum(modes.map(({ part }) => part)) / modes.length,
      data: data.part,
      features,
      performance: clamp(
        1 - (minutes > 45 ? 0.4 : minutes > 30 ? 0.2 : 0) - (gigabytes > 8 ? 0.3 : gigabytes > 6 ? 0.1 : 0),
      ),
      rolls: rolls.part,
    };
    const score =
      0.4 * parts.modes +
      0.25 * parts.data +
      0.2 * parts.features +
      0.1 * parts.performance +
      0.05 * parts.rolls;
    const causes = [
      ...(score < 0.7 ? ['score'] : []),
      ...(data.retention < 0.3 ? ['retention'] : []),
      ...(features < 0.6 ? ['features'] : []),
      ...modes.flatMap(({ cause }) => cause),
      ...(rolls.share > 0.15 ? ['rolls'] : []),
    ];
    const priority = score < 0.5 ? 'high' : score < 0.7 ? 'medium' : 'low';
    return { score, parts, causes, priority: causes.length === 0 ? null : priority };
  }

  async #mode(bars: string, mode: string): Promise<{ part: number; cause: string[] }> {
    const [label, weight] = [`label_${mode}`, `weight_${mode}`];
    const found = await this.#row(`SELECT avg(${label}) AS rate,
      count(*) FILTER (${label} IS NULL) AS null_labels,
      count(*) FILTER (${weight} IS NULL OR isnan(${weight})) AS null_weights,
      count(*) FILTER (isinf(${weight})) AS infinite,
      count(*) FILTER (${label} NOT IN (0, 1)) AS neither,
      count(*) FILTER (${weight} <= 0) AS not_positive FROM ${bars}`);
    const is = (key: string) => Number(found[key]) > 0;
    const rate = Number(found.rate);
    const outside = rate < 0.05 || rate > 0.5;
    const flags = [is('neither'), is('not_positive'), outside, is('null_labels'), is('null_weights')];
    const part = clamp(
      1 -
        (outside ? 0.4 : 0) -
        (is('null_labels') || is('null_weights') ? 0.3 : 0) -
        (is('infinite') ? 0.3 : 0) -
        (is('neither') ? 0.2 : 0) -
        (is('not_positive') ? 0.2 : 0) -
        0.1 * flags.filter(Boolean).length,
    );
    const invalid = is('infinite') || flags.some((flag, at) => flag && at !== 2);
    return {
      part,
      cause: [...(invalid ? [`${mode} invalid`] : []), ...(outside ? [`${mode} win rate`] : [])],
    };
  }

  async #features(bars: string, rowCount: number): Promise<number> {
    const columns = await this.#rows(`DESCRIBE SELECT * FROM ${bars}`);
    const names = columns.map((column) => String(column.column_name));
    const features = names.slice(names.indexOf('volume_ratio_30s')).filter((name) => name !== 'month');
    const found = await Promise.all(
      features.map((name) =>
        this.#row(`WITH q AS (SELECT quantile_cont(${name}, 0.25) AS a, quantile_cont(${name}, 0.75) AS b FROM ${bars})
          SELECT count(${name}) AS n, min(${name}) AS low, max(${name}) AS high,
          count(*) FILTER (${name} < a - 1.5 * (b - a) OR ${name} > b + 1.5 * (b - a)) AS outliers FROM ${bars}, q`),
      ),
    );
    const number = (key: string) => found.map((each) => Number(each[key]));
    const values = number('n');
    const nullShares = values.map((n) => 1 - n / rowCount);
    const outliers = number('outliers').filter((n, at) => n > 0.05 * values[at]).length;
    const [lows, highs] = [number('low'), number('high')];
    const odd = values.filter(
      (n, at) => n > 0 && (lows[at] === highs[at] || lows[at] < -1e6 || highs[at] > 1e6),
    );
    const tooNull = features.filter((name, at) => nullShares[at] > NULL_LIMIT(name)).length;
    const shares =
      values.filter((n) => n > 0).length / 43 +
      1 -
      sum(nullShares) / 43 +
      1 -
      outliers / 43 +
      1 -
      odd.length / 43;
    return clamp(shares / 4 - (tooNull > 5 ? 0.2 : tooNull > 2 ? 0.1 : 0));
  }

  async #data(bars: string, month: string, dates: readonly string[], counts: ReportCounts) {
    const quarantine = Object.values(counts.cleaning_rules).some((count) => count > 0)
      ? await this.#rows(
          `SELECT rule, count(DISTINCT timestamp) AS bars, bool_or(action = 'dropped') AS dropped
           FROM ${this.#table('quarantine', month)} GROUP BY rule`,
        )
      : [];
    const dropped = quarantine.filter((rule) => rule.dropped === true).map((rule) => Number(rule.bars));
    const retention = 1 - sum(dropped) / counts.rth_bars;
    const sessions = await this.#rows(
      `SELECT strftime(timestamp, '%Y-%m-%d') AS date, count(*) FILTER (volume = 0) AS filled FROM ${bars} GROUP BY date`,
    );
    const present = sessions.map((session) => String(session.date));
    const warnings =
      quarantine.filter((rule) => Number(rule.bars) > 0.01 * counts.rth_bars).length +
      sessions.filter((session) => Number(session.filled) > SESSION_SECONDS / 2).length +
      (counts.previous_front_known ? 0 : 1);
    const part = clamp(
      1 -
        (retention < 0.3 ? 0.5 : retention < 0.5 ? 0.3 : retention < 0.7 ? 0.1 : 0) -
        (dropped.some((bars) => bars > counts.rth_bars / 2) ? 0.3 : 0) -
        (dates.some((date) => !present.includes(date)) ? 0.2 : 0) -
        0.05 * warnings,
    );
    return { part, retention };
  }

  /** From the times of the rolls: a roll affects the bar before it and the five after it within its session. */
  async #rolls(month: string, rowCount: number): Promise<{ part: number; share: number }> {
    const rolls = await this.#rows(
      `SELECT epoch(timestamp) AS at FROM read_parquet('${join(this.#lake, 'rolls')}/*/*.parquet', hive_partitioning = true)
       WHERE month = '${month}'`,
    );
    const seconds = new Set<number>();
    for (const { at } of rolls) {
      const open = Math.floor(Number(at) / SESSION_SECONDS) * SESSION_SECONDS;
      for (let second = Number(at) - 1; second <= Number(at) + 5; second++) {
        if (second >= open && second < open + SESSION_SECONDS) seconds.add(second);
      }
    }
    const share = seconds.size / rowCount;
    const part = clamp(
      1 -
        (share > 0.15 ? 0.5 : share > 0.1 ? 0.3 : share > 0.05 ? 0.1 : 0) -
        (rolls.length > 10 ? 0.3 : rolls.length > 5 ? 0.1 : 0),
    );
    return { part, share };
  }
}
