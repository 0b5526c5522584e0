export { encodeBars } from './bar-encoder.ts';
export { utcDayOf } from './dates.ts';
export * from './errors.ts';
export {
  type DbnMetadata,
  type DbnVersion,
  dbnMetadata,
  type MappingInterval,
  type SymbolMapping,
} from './metadata.ts';
export { encodeMetadata } from './metadata-encoder.ts';
export {
  type BatchOptions,
  type DbnCounts,
  type DbnReader,
  type OpenOptions,
  openDbn,
  readBars,
} from './reader.ts';
export {
  allocateBars,
  type BarBatch,
  concatBars,
  int32Words,
  sliceBars,
  UNDEFINED_PRICE,
  UNDEFINED_TIMESTAMP,
} from './records.ts';
export {
  ALL_BAR_RTYPES,
  BAR_RTYPES,
  type BarSchema,
  DBN_SCHEMAS,
  DBN_STYPES,
  type DbnSchema,
  type DbnSType,
  DEPRECATED_BAR_RTYPE,
  isBarSchema,
  recordTypeName,
} from './schema.ts';
export type { DbnSink } from './sink.ts';
export type { DbnSource } from './source.ts';
export { type SymbolResolver, symbolResolver } from './symbol-mappings.ts';
export { type DbnWriter, openDbnWriter, type WriteOptions, type WrittenDbn, writeDbn } from './writer.ts';
