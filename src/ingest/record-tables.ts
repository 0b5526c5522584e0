/** The bronze tables that are no bars, and what their records must be. */
import { field, type PrimitiveType, type StructType, struct, type TableDefinition } from '../delta/index.ts';

export interface RecordColumn {
  readonly name: string;
  readonly type: 'string' | 'double' | 'timestamp';
  readonly required?: boolean;
  /** Bounds, both included. */
  readonly least?: number;
  readonly most?: number;
  readonly isAboveZero?: boolean;
  readonly oneOf?: readonly string[];
}

const text = (name: string): RecordColumn => ({ name, type: 'string' });
const need = (column: RecordColumn): RecordColumn => ({ ...column, required: true });
const time = (name: string): RecordColumn => ({ name, type: 'timestamp' });
const number = (name: string, limits: Partial<RecordColumn> = {}): RecordColumn => ({
  name,
  type: 'double',
  ...limits,
});

export const RECORD_TABLES = {
  raw_news_sentiment: [
    need(time('timestamp')),
    need(text('headline')),
    text('asset_pair'),
    text('summary'),
    text('url'),
    text('publisher'),
    text('language'),
    number('sentiment_score', { least: -1, most: 1 }),
    number('relevance', { least: 0, most: 1 }),
  ],
  raw_macro_indicators: [
    need(time('timestamp')),
    need(text('indicator')),
    need(number('value')),
    text('unit'),
    text('region'),
    text('period'),
    number('forecast'),
    number('previous'),
    time('released_at'),
  ],
  raw_ai_decisions: [
    need(time('timestamp')),
    need(text('decision_id')),
    need(text('asset_pair')),
    need(text('model')),
    need({ name: 'action', type: 'string', oneOf: ['buy', 'sell', 'hold'] }),
    number('confidence', { least: 0, most: 1 }),
    number('price', { isAboveZero: true }),
    number('size', { least: 0 }),
    text('reasoning'),
  ],
  raw_trade_executions: [
    need(time('timestamp')),
    need(text('execution_id')),
    need(text('asset_pair')),
    need({ name: 'side', type: 'string', oneOf: ['buy', 'sell'] }),
    need(number('price', { isAboveZero: true })),
    need(number('size', { isAboveZero: true })),
    text('order_id'),
    text('decision_id'),
    text('venue'),
    number('fee'),
    text('fee_currency'),
  ],
} as const satisfies Readonly<Record<string, readonly RecordColumn[]>>;

export type RecordTable = keyof typeof RECORD_TABLES;

export function recordTableNames(): RecordTable[] {
  return ['raw_news_sentiment', 'raw_macro_indicators', 'raw_ai_decisions', 'raw_trade_executions'];
}

export function isRecordTable(name: string): name is RecordTable {
  return Object.hasOwn(RECORD_TABLES, name);
}

/** The record's own columns, and where each row came from. `_record_id` tells equal records. */
export function recordSchema(table: RecordTable): StructType {
  const columns: readonly RecordColumn[] = RECORD_TABLES[table];
  const added = (name: string, type: PrimitiveType, nullable = false) => field(name, type, { nullable });
  return struct([
    ...columns.map(({ name, type, required }) => field(name, type, { nullable: required !== true })),
    added('_record_id', 'string'),
    added('_extracted_at', 'timestamp'),
    added('_ingestion_id', 'string'),
    added('_source_file', 'string', true),
    field('partition_date', 'date'),
  ]);
}

export function recordDefinition(table: RecordTable): TableDefinition {
  return {
    schema: recordSchema(table),
    partitionBy: ['partition_date'],
    properties: { 'delta.appendOnly': 'true' },
  };
}
