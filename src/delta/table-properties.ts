import { deltaError } from './delta-error.ts';
import { intervalMs } from './interval.ts';

/** The table properties Barline keeps: which values they take, and the feature that a value needs. */
interface PropertyRule {
  readonly expected: string;
  accepts(value: string): boolean;
  /** Features the protocol must support for this value. */
  features?(value: string): readonly string[];
}

const isFlag = (value: string) => value === 'true' || value === 'false';
const flag: PropertyRule = { expected: 'true or false', accepts: isFlag };
const duration: PropertyRule = {
  expected: 'a duration such as "interval 7 days"',
  accepts: (value) => intervalMs(value) !== undefined,
};

function flagOf(...names: readonly string[]): PropertyRule {
  return { ...flag, features: (value) => (value === 'true' ? names : []) };
}

function oneOf(...words: readonly string[]): PropertyRule {
  return { expected: words.join(' or '), accepts: (value) => words.includes(value) };
}

function wholeNumber(least: number): PropertyRule {
  return {
    expected: `a whole number from ${least} on`,
    accepts: (value) => /^-?\d{1,9}$/.test(value) && Number(value) >= least,
  };
}

const RULES: Readonly<Record<string, PropertyRule>> = {
  'delta.appendOnly': flagOf('appendOnly'),
  'delta.autoOptimize.autoCompact': flag,
  'delta.checkpoint.writeStatsAsJson': flag,
  'delta.checkpoint.writeStatsAsStruct': flag,
  'delta.checkpointInterval': wholeNumber(1),
  'delta.checkpointPolicy': {
    ...oneOf('classic', 'v2'),
    features: (value) => (value === 'v2' ? ['v2Checkpoint'] : []),
  },
  'delta.columnMapping.mode': {
    ...oneOf('none', 'name', 'id'),
    features: (value) => (value === 'none' ? [] : ['columnMapping']),
  },
  'delta.dataSkippingNumIndexedCols': wholeNumber(-1),
  'delta.dataSkippingStatsColumns': { expected: 'column names', accepts: () => true },
  'delta.deletedFileRetentionDuration': duration,
  'delta.enableChangeDataFeed': flagOf('changeDataFeed'),
  'delta.enableDeletionVectors': flagOf('deletionVectors'),
  'delta.enableExpiredLogCleanup': flag,
  'delta.enableInCommitTimestamps': flagOf('inCommitTimestamp'),
  'delta.enableTypeWidening': flagOf('typeWidening'),
  'delta.isolationLevel': oneOf('Serializable', 'WriteSerializable'),
  'delta.logRetentionDuration': duration,
  'delta.setTransactionRetentionDuration': duration,
  'delta.targetFileSize': {
    expected: 'bytes, or a size such as 128mb',
    accepts: (value) => /^\d+\s*([kmgt]?i?b?)$/i.test(value),
  },
};

/** Properties that switch on what Barline does not maintain; each with the feature's name. */
const REFUSED: Readonly<Record<string, string>> = {
  'delta.enableRowTracking': 'rowTracking',
  'delta.enableIcebergCompatV1': 'icebergCompatV1',
  'delta.enableIcebergCompatV2': 'icebergCompatV2',
  'delta.universalFormat.enabledFormats': 'icebergCompatV2',
  'delta.enableVariantShredding': 'variantShredding',
};

const FEATURE_PREFIX = 'delta.feature.';
const CONSTRAINT_PREFIX = 'delta.constraints.';

export interface CheckedProperties {
  /** What goes into the table's configuration. */
  readonly stored: Readonly<Record<string, string>>;
  /** Features the protocol must support. */
  readonly features: readonly string[];
}

/**
 * Checks properties that are to be set. `delta.feature.<name> = supported` adds a feature and is not stored.
 * `DELTA_BAD_PROPERTY` names a wrong value, `DELTA_UNSUPPORTED_FEATURE` a property that Barline does not keep.
 */
export function checkProperties(
  properties: Readonly<Record<string, string>>,
  table: string,
): CheckedProperties {
  const stored: Record<string, string> = {};
  const features: string[] = [];
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith(FEATURE_PREFIX)) {
      if (value !== 'supported' && value !== 'enabled') throw badValue(table, key, value, 'supported');
      features.push(key.slice(FEATURE_PREFIX.length));
      continue;
    }
    if (key.startsWith('delta.')) {
      const rule = RULES[key] ?? notKept(table, key);
      if (!rule.accepts(value)) throw badValue(table, key, value, rule.expected);
      features.push(...(rule.features?.(value) ?? []));
    }
    stored[key] = value;
  }
  return { stored, features };
}

/** Keys that other calls own, and those Barline does not know, cannot be unset either. */
export function checkRemovable(keys: readonly string[], table: string): void {
  for (const key of keys) {
    if (key.startsWith('delta.') && RULES[key] === undefined) notKept(table, key);
  }
}

function notKept(table: string, key: string): never {
  const feature = REFUSED[key];
  const why = key.startsWith(CONSTRAINT_PREFIX)
    ? 'constraints have their own call, which checks the rows'
    : feature === undefined
      ? 'Barline does not write the feature behind it'
      : `it needs the feature ${feature}, which Barline does not maintain`;
  throw deltaError({
    code: 'DELTA_UNSUPPORTED_FEATURE',
    message: `${table}: the property ${key} cannot be set; ${why}`,
    hint: key.startsWith(CONSTRAINT_PREFIX)
      ? 'use addConstraint or dropConstraint'
      : `these can: ${Object.keys(RULES).join(', ')}`,
    facts: { table, property: key },
  });
}

function badValue(table: string, key: string, value: string, expected: string) {
  return deltaError({
    code: 'DELTA_BAD_PROPERTY',
    message: `${table}: ${key} is ${JSON.stringify(value)}; expected ${expected}`,
    exitCode: 2,
    facts: { table, property: key, found: value, expected },
  });
}
