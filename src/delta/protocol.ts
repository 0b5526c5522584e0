import type { Metadata, Protocol } from './actions.ts';
import { deltaError } from './delta-error.ts';
import { allFields, containsType, type StructType } from './schema.ts';

/**
 * What of the protocol is read and written. A feature not named here is refused by its name: the table may hold
 * something that would be read wrongly, or broken by a write.
 */
export type FeatureSupport = 'yes' | 'checked-rows' | 'unless-used' | 'no';

interface Feature {
  readonly read: FeatureSupport;
  readonly write: FeatureSupport;
  /** The legacy versions that imply it. */
  readonly writerVersion?: number;
}

export const FEATURES: Readonly<Record<string, Feature>> = {
  appendOnly: { read: 'yes', write: 'yes', writerVersion: 2 },
  invariants: { read: 'yes', write: 'checked-rows', writerVersion: 2 },
  checkConstraints: { read: 'yes', write: 'checked-rows', writerVersion: 3 },
  changeDataFeed: { read: 'yes', write: 'yes', writerVersion: 4 },
  generatedColumns: { read: 'yes', write: 'checked-rows', writerVersion: 4 },
  columnMapping: { read: 'yes', write: 'checked-rows', writerVersion: 5 },
  identityColumns: { read: 'yes', write: 'unless-used', writerVersion: 6 },
  deletionVectors: { read: 'yes', write: 'yes' },
  timestampNtz: { read: 'yes', write: 'yes' },
  vacuumProtocolCheck: { read: 'yes', write: 'yes' },
  v2Checkpoint: { read: 'yes', write: 'yes' },
  domainMetadata: { read: 'yes', write: 'yes' },
  typeWidening: { read: 'yes', write: 'yes' },
  'typeWidening-preview': { read: 'yes', write: 'unless-used' },
  variantType: { read: 'yes', write: 'unless-used' },
  'variantType-preview': { read: 'yes', write: 'unless-used' },
  variantShredding: { read: 'yes', write: 'unless-used' },
  'variantShredding-preview': { read: 'yes', write: 'unless-used' },
  inCommitTimestamp: { read: 'yes', write: 'yes' },
  rowTracking: { read: 'yes', write: 'no' },
  clustering: { read: 'yes', write: 'no' },
  allowColumnDefaults: { read: 'yes', write: 'checked-rows' },
  icebergCompatV1: { read: 'yes', write: 'unless-used' },
  icebergCompatV2: { read: 'yes', write: 'unless-used' },
};

/** Refuses a table whose log cannot be replayed rightly. */
export function checkReplayable(protocol: Protocol, table: string): void {
  const { minReaderVersion, readerFeatures = [] } = protocol;
  if (minReaderVersion < 1 || minReaderVersion > 3) {
    throw deltaError({
      code: 'DELTA_UNSUPPORTED_PROTOCOL',
      message: `${table} asks for reader version ${minReaderVersion}; Barline reads versions 1 to 3`,
      hint: 'a newer Barline may read it',
      facts: { table, minReaderVersion },
    });
  }
  if (minReaderVersion < 3) return;
  for (const name of readerFeatures) {
    if (FEATURES[name] === undefined || FEATURES[name].read === 'no') throw refused(table, name, 'reader');
  }
}

/**
 * What a commit does with rows. `none`: it adds none, only the log changes. `given`: files whose rows nobody has
 * looked at. `checked`: the caller has held them to the table's constraints and column names.
 */
export type RowsWritten = 'none' | 'given' | 'checked';

/** Refuses a write to a table that asks of its writers what Barline, or this write, does not do. */
export function checkWritable(
  protocol: Protocol,
  metadata: Metadata,
  schema: StructType,
  table: string,
  rows: RowsWritten = 'given',
): void {
  const { minWriterVersion, writerFeatures = [] } = protocol;
  if (minWriterVersion < 1 || minWriterVersion > 7) {
    throw deltaError({
      code: 'DELTA_UNSUPPORTED_PROTOCOL',
      message: `${table} asks for writer version ${minWriterVersion}; Barline writes versions 1 to 7`,
      hint: 'a newer Barline may write it',
      facts: { table, minWriterVersion },
    });
  }
  const named = minWriterVersion === 7 ? writerFeatures : [];
  for (const name of named) {
    if (FEATURES[name] === undefined || FEATURES[name].write === 'no') throw refused(table, name, 'writer');
  }
  for (const [name, feature] of Object.entries(FEATURES)) {
    const asked =
      minWriterVersion === 7 ? named.includes(name) : (feature.writerVersion ?? 8) <= minWriterVersion;
    if (!asked || feature.write === 'yes') continue;
    if (feature.write === 'checked-rows' && rows !== 'given') continue;
    const use = featureUse(name, metadata, schema);
    if (use !== undefined) throw refused(table, name, 'writer', use);
  }
}

/** Where the table uses the feature, as a clause, or undefined when it only may. */
function featureUse(name: string, metadata: Metadata, schema: StructType): string | undefined {
  const properties = metadata.configuration;
  const property = (key: string) => (properties[key] === 'true' ? `${key} is true` : undefined);
  const column = (key: string) => {
    for (const { path, field } of allFields(schema)) {
      if (field.metadata[key] !== undefined) return `column ${path} has ${key}`;
    }
    return undefined;
  };
  switch (name) {
    case 'invariants':
      return column('delta.invariants');
    case 'checkConstraints': {
      const key = Object.keys(properties).find((k) => k.startsWith('delta.constraints.'));
      return key === undefined ? undefined : `it has ${key}`;
    }
    case 'generatedColumns':
      return column('delta.generationExpression');
    case 'identityColumns':
      return column('delta.identity.start');
    case 'allowColumnDefaults':
      return column('CURRENT_DEFAULT');
    case 'columnMapping': {
      const mode = properties['delta.columnMapping.mode'] ?? 'none';
      return mode === 'none' ? undefined : `delta.columnMapping.mode is ${mode}`;
    }
    case 'typeWidening':
    case 'typeWidening-preview':
      return column('delta.typeChanges');
    case 'variantType':
    case 'variantType-preview':
    case 'variantShredding':
    case 'variantShredding-preview':
      return containsType(schema, 'variant') ? 'it has a variant column' : undefined;
    case 'inCommitTimestamp':
      return property('delta.enableInCommitTimestamps');
    case 'icebergCompatV1':
      return property('delta.enableIcebergCompatV1');
    case 'icebergCompatV2':
      return property('delta.enableIcebergCompatV2');
    default:
      return undefined;
  }
}

function refused(table: string, feature: string, side: 'reader' | 'writer', use?: string) {
  const verb = side === 'reader' ? 'read' : 'write';
  return deltaError({
    code: 'DELTA_UNSUPPORTED_FEATURE',
    message: `${table} needs the ${side} feature ${feature}, which Barline does not ${verb}${use ? `: ${use}` : ''}`,
    hint: `${verb} it with an engine that has ${feature}, or drop the feature there`,
    facts: { table, feature, side },
  });
}
