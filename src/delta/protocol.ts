import type { AddFile, Metadata, Protocol } from './actions.ts';
import { deltaError } from './delta-error.ts';
import { allFields, containsType, type StructType } from './schema.ts';

/**
 * What of the protocol is read and written. A feature not named here is refused by its name: the table may hold
 * something that would be read wrongly, or broken by a write.
 */
export type FeatureSupport = 'yes' | 'unless-used' | 'no';

interface Feature {
  readonly read: FeatureSupport;
  readonly write: FeatureSupport;
  /** The legacy versions that imply it. */
  readonly writerVersion?: number;
}

export const FEATURES: Readonly<Record<string, Feature>> = {
  appendOnly: { read: 'yes', write: 'yes', writerVersion: 2 },
  invariants: { read: 'yes', write: 'unless-used', writerVersion: 2 },
  checkConstraints: { read: 'yes', write: 'unless-used', writerVersion: 3 },
  changeDataFeed: { read: 'yes', write: 'yes', writerVersion: 4 },
  generatedColumns: { read: 'yes', write: 'unless-used', writerVersion: 4 },
  columnMapping: { read: 'unless-used', write: 'unless-used', writerVersion: 5 },
  identityColumns: { read: 'yes', write: 'unless-used', writerVersion: 6 },
  deletionVectors: { read: 'unless-used', write: 'yes' },
  timestampNtz: { read: 'yes', write: 'yes' },
  vacuumProtocolCheck: { read: 'yes', write: 'yes' },
  v2Checkpoint: { read: 'yes', write: 'yes' },
  domainMetadata: { read: 'yes', write: 'yes' },
  typeWidening: { read: 'unless-used', write: 'unless-used' },
  'typeWidening-preview': { read: 'unless-used', write: 'unless-used' },
  variantType: { read: 'unless-used', write: 'unless-used' },
  'variantType-preview': { read: 'unless-used', write: 'unless-used' },
  variantShredding: { read: 'unless-used', write: 'unless-used' },
  'variantShredding-preview': { read: 'unless-used', write: 'unless-used' },
  inCommitTimestamp: { read: 'yes', write: 'unless-used' },
  rowTracking: { read: 'yes', write: 'no' },
  clustering: { read: 'yes', write: 'no' },
  allowColumnDefaults: { read: 'yes', write: 'unless-used' },
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

/** Refuses to hand out data files whose rows are not what the file alone says. */
export function checkScannable(
  schema: StructType,
  metadata: Metadata,
  files: readonly AddFile[],
  table: string,
): void {
  const mode = metadata.configuration['delta.columnMapping.mode'] ?? 'none';
  if (mode !== 'none') throw refused(table, 'columnMapping', 'reader', `delta.columnMapping.mode is ${mode}`);
  for (const { path, field } of allFields(schema)) {
    if (field.metadata['delta.typeChanges'] !== undefined) {
      throw refused(table, 'typeWidening', 'reader', `the type of column ${path} was widened`);
    }
  }
  if (containsType(schema, 'variant'))
    throw refused(table, 'variantType', 'reader', 'it has a variant column');
  const vector = files.find((file) => file.deletionVector !== undefined);
  if (vector !== undefined) {
    throw refused(table, 'deletionVectors', 'reader', `rows of ${vector.path} are deleted by a vector`);
  }
}

/** Refuses a write to a table that asks of its writers what Barline does not do. */
export function checkWritable(
  protocol: Protocol,
  metadata: Metadata,
  schema: StructType,
  table: string,
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
    if (!asked || feature.write !== 'unless-used') continue;
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

/** The lowest protocol that a new table of this schema needs: any reader and writer, but for timestamp_ntz. */
export function protocolFor(schema: StructType): Protocol {
  if (!containsType(schema, 'timestamp_ntz')) return { minReaderVersion: 1, minWriterVersion: 2 };
  return {
    minReaderVersion: 3,
    minWriterVersion: 7,
    readerFeatures: ['timestampNtz'],
    writerFeatures: ['timestampNtz', 'appendOnly', 'invariants'],
  };
}

const FREE_PROPERTIES: ReadonlySet<string> = new Set([
  'delta.appendOnly',
  'delta.autoOptimize.autoCompact',
  'delta.checkpointInterval',
  'delta.dataSkippingNumIndexedCols',
  'delta.dataSkippingStatsColumns',
  'delta.deletedFileRetentionDuration',
  'delta.enableExpiredLogCleanup',
  'delta.isolationLevel',
  'delta.logRetentionDuration',
  'delta.setTransactionRetentionDuration',
  'delta.targetFileSize',
]);

/** Refuses properties that would switch on a feature Barline does not write. */
export function checkNewProperties(properties: Readonly<Record<string, string>>, table: string): void {
  for (const key of Object.keys(properties)) {
    if (key.startsWith('delta.') && !FREE_PROPERTIES.has(key)) {
      throw deltaError({
        code: 'DELTA_UNSUPPORTED_FEATURE',
        message: `${table}: the property ${key} cannot be set; Barline does not write the feature behind it`,
        hint: `these can: ${[...FREE_PROPERTIES].join(', ')}`,
        facts: { table, property: key },
      });
    }
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
