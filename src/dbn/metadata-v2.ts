import type { MetadataLayout } from './metadata-layout.ts';

/**
 * Version 2 drops the record count and says how long symbols are:
 *
 *     50 stype_in u8 | 51 stype_out u8 | 52 ts_out u8 | 53 symbol length u16 | 55 zeros 53
 *
 * Records may start at any byte.
 */
export const METADATA_V2: MetadataLayout = {
  recordCountOffset: null,
  stypeInOffset: 50,
  stypeOutOffset: 51,
  tsOutOffset: 52,
  symbolLengthOffset: 53,
  alignment: 1,
};
