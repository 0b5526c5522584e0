/**
 * Where the fields of the metadata's fixed part lie, in bytes from the `D` of `DBN`. What all versions share:
 *
 *     0 "DBN" | 3 version u8 | 4 length u32 of what follows, up to the records
 *     8 dataset 16 | 24 schema u16 (65535: mixed) | 26 start u64 | 34 end u64 | 42 limit u64 | the version's own, to 108
 *     108 length u32 of a schema definition, always 0 | symbols | partial | not found | mappings
 *
 *     list:    count u32, then that many symbols
 *     mapping: raw symbol, count u32, then that many intervals: start u32, end u32 (YYYYMMDD), symbol
 */
export interface MetadataLayout {
  /** Record count u64, 2^64 - 1 for "unknown"; null where the version has none. */
  readonly recordCountOffset: number | null;
  readonly stypeInOffset: number;
  readonly stypeOutOffset: number;
  readonly tsOutOffset: number;
  /** Symbol length u16; null where the version fixes it. */
  readonly symbolLengthOffset: number | null;
  /** Prelude and metadata together are padded with zeros to a multiple of this. */
  readonly alignment: 1 | 8;
}

export const PRELUDE_BYTES = 8;
export const FIXED_BYTES = 100;
export const DATASET_OFFSET = 8;
export const DATASET_BYTES = 16;
export const SCHEMA_OFFSET = 24;
export const START_OFFSET = 26;
export const END_OFFSET = 34;
export const LIMIT_OFFSET = 42;
export const SCHEMA_DEFINITION_OFFSET = PRELUDE_BYTES + FIXED_BYTES;
export const LISTS_OFFSET = SCHEMA_DEFINITION_OFFSET + 4;
/** The shortest length field: fixed part, schema definition, three empty lists, no mappings. */
export const SHORTEST_LENGTH = FIXED_BYTES + 5 * 4;

/** "Mixed" in the schema's u16. */
export const NO_SCHEMA = 0xffff;
/** "None" in an stype's u8. */
export const NO_STYPE = 0xff;
/** "None" in a u64. */
export const NO_TIME = 2n ** 64n - 1n;
