import type { MetadataLayout } from './metadata-layout.ts';

/**
 * Version 3 has the fields of version 2 and pads the metadata, so that records start at a multiple of 8:
 *
 *     50 stype_in u8 | 51 stype_out u8 | 52 ts_out u8 | 53 symbol length u16 | 55 zeros 53
 */
export const METADATA_V3: MetadataLayout = {
  recordCountOffset: null,
  stypeInOffset: 50,
  stypeOutOffset: 51,
  tsOutOffset: 52,
  symbolLengthOffset: 53,
  alignment: 8,
};
