import type { DbnVersion } from './metadata.ts';
import type { MetadataLayout } from './metadata-layout.ts';
import { METADATA_V1 } from './metadata-v1.ts';
import { METADATA_V2 } from './metadata-v2.ts';
import { METADATA_V3 } from './metadata-v3.ts';

/** A version is its layout; a new one is a new sibling and a line here. */
export const METADATA_LAYOUTS: Readonly<Record<DbnVersion, MetadataLayout>> = {
  1: METADATA_V1,
  2: METADATA_V2,
  3: METADATA_V3,
};

export function isDbnVersion(version: number): version is DbnVersion {
  return Object.hasOwn(METADATA_LAYOUTS, version);
}
