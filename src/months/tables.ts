import { type DeltaType, field, struct, type TableDefinition, type TableShape } from '../delta/index.ts';
import { featureColumns } from '../features/index.ts';
import type { LabelMode } from '../labels/index.ts';

/** The tables of a monthly lake, in the order they are committed: readers of `training_bars` find the others. */
export const MONTH_TABLES = ['quarantine', 'rolls', 'monthly_statistics', 'training_bars'] as const;

export type MonthTable = (typeof MONTH_TABLES)[number];

/** Partition column of every monthly table: `YYYY-MM`. */
export const MONTH_COLUMN = 'month';

// min, max and null count on every column, not just Delta's first 32
const PROPERTIES = { 'delta.dataSkippingNumIndexedCols': '-1' } as const;

function monthTable(
  description: string,
  columns: readonly (readonly [string, DeltaType])[],
): TableDefinition {
  return {
    schema: struct([...columns.map(([name, type]) => field(name, type)), field(MONTH_COLUMN, 'string')]),
    partitionBy: [MONTH_COLUMN],
    properties: PROPERTIES,
    description,
  };
}

/** Bars, labels, weights and features: 61 columns with the six default modes, and the partition column. */
export function trainingBarsTable(modes: readonly LabelMode[]): TableDefinition {
  return monthTable('Bars, labels, weights and features, one row per second of every session', [
    ['timestamp', 'timestamp'],
    ['open', 'double'],
    ['high', 'double'],
    ['low', 'double'],
    ['close', 'double'],
    ['volume', 'long'],
    ...modes.flatMap(({ name }): (readonly [string, DeltaType])[] => [
      [`label_${name}`, 'byte'],
      [`weight_${name}`, 'float'],
    ]),
    ...featureColumns.map(({ name, storage }): readonly [string, DeltaType] => [
      name,
      storage === 'int8' ? 'byte' : 'float',
    ]),
  ]);
}

export const QUARANTINE_TABLE = monthTable(
  'Bars that cleaning dropped or changed, a row for each rule that did',
  [
    ['timestamp', 'timestamp'],
    ['instrument_id', 'long'],
    ['symbol', 'string'],
    ['rule', 'string'],
    ['action', 'string'],
    ['open', 'double'],
    ['high', 'double'],
    ['low', 'double'],
    ['close', 'double'],
    ['volume', 'long'],
    ['new_open', 'double'],
    ['new_high', 'double'],
    ['new_low', 'double'],
    ['new_close', 'double'],
    ['new_volume', 'long'],
  ],
);

export const ROLLS_TABLE = monthTable('Rolls, with the gap between the contracts at their last common bar', [
  ['timestamp', 'timestamp'],
  ['date', 'string'],
  ['rule', 'string'],
  ['from_contract', 'string'],
  ['to_contract', 'string'],
  ['price_gap', 'double'],
  ['gap_direction', 'string'],
  ['gap_timestamp', 'timestamp'],
  ['bars_affected', 'long'],
]);

export const STATISTICS_TABLE = monthTable(
  'One row per month: what it was made from, how, and what came out',
  [
    ['processing_date', 'timestamp'],
    ['processing_time_minutes', 'double'],
    ['barline_version', 'string'],
    ['config_hash', 'string'],
    ['kernel_versions', 'string'],
    ['source_file', 'string'],
    ['source_bytes', 'long'],
    ['source_sha256', 'string'],
    ['raw_bars', 'long'],
    ['front_contract_bars', 'long'],
    ['rth_bars', 'long'],
    ['final_bars', 'long'],
    ['sessions', 'long'],
    ['fill_share', 'double'],
    ['price_issues_fixed', 'long'],
    ['outliers_detected', 'long'],
    ['timezone_issues', 'long'],
    ['missing_sessions', 'long'],
    ['quarantined', 'long'],
    ['rollover_events', 'long'],
    ['bars_excluded_rollover', 'long'],
    ['peak_rss_bytes', 'long'],
    ['quality_score', 'double'],
    ['requires_reprocessing', 'boolean'],
    ['reprocessing_priority', 'string'],
    // the transaction that made the month; a rollback gives its files back as they were, under a newer one
    ['txn_version', 'long'],
    // the whole document as JSON
    ['document', 'string'],
  ],
);

/** A table's columns and partitioning, as the encoder in a worker thread needs them. */
export function shapeOf({ schema, partitionBy = [], properties = {} }: TableDefinition): TableShape {
  return { schema, partitionColumns: partitionBy, properties };
}
