import type { MetadataLayout } from './metadata-layout.ts';

/**
 * Version 1, the vendor's own until early 2024:
 *
 *     50 record count u64 | 58 stype_in u8 | 59 stype_out u8 | 60 ts_out u8 | 61 zeros 47
 *
 * Symbols take 22 bytes. Records may start at any byte.
 */
export const METADATA_V1: MetadataLayout = {
  recordCountOffset: 50,
  stypeInOffset: 58,
  stypeOutOffset: 59,
  tsOutOffset: 60,
  symbolLengthOffset: null,
  alignment: 1,
};
