/**
 * Weights counted from another month. A monthly run writes them with its own month as reference, so that a month never
 * has to be made again because time passed; decay multiplies, so one factor per month re-bases them.
 */
import { quoteName } from '../duckdb/index.ts';
import { defaultDecayPerMonth, monthlyDecay } from './decay.ts';

/**
 * The weights of rows in time order, times exp(−decayPerMonth × months before the reference month). The reference is
 * the month of the last row unless given (months since January 1970). Cost: one multiplication a row.
 */
export function rebaseWeights(
  tsUs: Float64Array,
  weights: Float32Array,
  decayPerMonth: number = defaultDecayPerMonth,
  referenceMonth?: number,
): Float32Array {
  const runs = monthlyDecay(tsUs, decayPerMonth, referenceMonth);
  const rebased = new Float32Array(weights.length);
  runs.forEach(({ startRow, factor }, at) => {
    const endRow = runs[at + 1]?.startRow ?? weights.length;
    for (let row = startRow; row < endRow; row++) rebased[row] = weights[row] * factor;
  });
  return rebased;
}

/** The columns of a table that hold weights which decay: `weight_<mode>` beside `label_<mode>`. */
export function decayingColumns(columns: readonly string[]): string[] {
  return columns.filter(
    (name) => name.startsWith('weight_') && columns.includes(`label_${name.slice('weight_'.length)}`),
  );
}

/**
 * SQL of a month since January 1970, of a timestamp of either kind; UTC whatever the session's zone.
 */
export function utcMonthSql(timestamp: string): string {
  const utc = `make_timestamp(epoch_us(${timestamp}))`;
  return `((date_part('year', ${utc}) - 1970) * 12 + date_part('month', ${utc}) - 1)`;
}

/** The same as `rebaseWeights` of every weight column, as a SELECT over rows in any order with a `timestamp`. */
export function rebasedRelation(
  rows: string,
  columns: readonly string[],
  decay: { readonly perMonth: number; readonly referenceMonth: number },
): string {
  const monthsAgo = `(${decay.referenceMonth} - ${utcMonthSql(quoteName('timestamp'))})`;
  const factor = `exp(-${decay.perMonth}::DOUBLE * ${monthsAgo})`;
  const replaced = decayingColumns(columns).map(quoteName);
  const rebased = replaced.map((name) => `(${name}::DOUBLE * ${factor})::FLOAT AS ${name}`);
  return `SELECT * REPLACE (${rebased.join(', ')}) FROM ${rows} AS stored_weights`;
}
