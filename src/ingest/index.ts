/** Into bronze tables, each record once: vendors' bars, with what is known of the rest; streams of messages. */
export { BAR_PARTITIONS, BAR_SCHEMA, barTableName } from './bronze-tables.ts';
export { type ComparedBar, type CompareRequest, compareDay } from './compare.ts';
export type { IngestEvent, IngestListener, PlannedSpans } from './events.ts';
export { findGaps, type Gap, type GapRequest, knownStreams } from './gaps.ts';
export { type IngestSummary, STREAM_STATUSES, type StreamResult, type StreamStatus } from './outcome.ts';
export type { PageCounts } from './page-rows.ts';
export { recordLines } from './record-lines.ts';
export {
  ingestRecords,
  isRecordTable,
  parsedLine,
  type RawRecord,
  type RecordsRequest,
  type RecordTable,
  recordTableNames,
} from './records.ts';
export { type ReplayRequest, type ReplayResult, replayLetter } from './replay.ts';
export { type IngestOutcome, type IngestRequest, ingest } from './run.ts';
export type { Span } from './spans.ts';
export * from './stream/index.ts';
export type { BarStream } from './stream-state.ts';
