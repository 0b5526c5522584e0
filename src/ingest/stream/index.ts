export type { BatchEvent, StreamEvent, StreamListener } from './events.ts';
export { FileSource, fileIdentity } from './file-source.ts';
export { type KafkaSettings, KafkaSource } from './kafka-source.ts';
export { type FieldNames, MESSAGE_FIELDS, type MessageField } from './message.ts';
export type { MessageCounts, StreamRules } from './partition-state.ts';
export { appIdOf, domainOf, type StoredProgress, storedProgress } from './progress.ts';
export { openStreamTable, runStream, type StreamRequest, type StreamSummary } from './run.ts';
export type { MessageSource, PartitionRange, PartitionRead, SourceMessage } from './source.ts';
