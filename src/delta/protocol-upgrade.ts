import type { Protocol } from './actions.ts';
import { deltaError } from './delta-error.ts';
import { FEATURES } from './protocol.ts';

/**
 * Which protocol supports which features. Versions below reader 3 and writer 7 stand for fixed sets; from there on
 * the features are listed by name, those of readers in both lists.
 */

const READER_FEATURES: ReadonlySet<string> = new Set([
  'columnMapping',
  'deletionVectors',
  'timestampNtz',
  'v2Checkpoint',
  'vacuumProtocolCheck',
  'typeWidening',
  'typeWidening-preview',
  'variantType',
  'variantType-preview',
  'variantShredding',
  'variantShredding-preview',
]);

/** Writer versions 2 to 6 with the features each adds, and the reader version it comes with. */
const LEGACY: readonly (readonly [
  minWriterVersion: number,
  minReaderVersion: number,
  added: readonly string[],
])[] = [
  [2, 1, ['appendOnly', 'invariants']],
  [3, 1, ['checkConstraints']],
  [4, 1, ['changeDataFeed', 'generatedColumns']],
  [5, 2, ['columnMapping']],
  [6, 2, ['identityColumns']],
];

/** Every feature a protocol supports, those implied by a legacy version too. */
export function supportedFeatures(protocol: Protocol): ReadonlySet<string> {
  if (protocol.minWriterVersion >= 7) {
    return new Set([...(protocol.writerFeatures ?? []), ...(protocol.readerFeatures ?? [])]);
  }
  const implied = LEGACY.filter(([version]) => version <= protocol.minWriterVersion);
  return new Set(implied.flatMap(([, , added]) => added));
}

/** The lowest protocol that supports exactly these features: a legacy version that stands for them, else lists. */
export function protocolOf(features: Iterable<string>, floor?: Protocol): Protocol {
  const wanted = [...new Set(features)].sort();
  const listed = (floor?.minWriterVersion ?? 0) >= 7;
  const legacy = listed ? undefined : legacyProtocol(wanted);
  if (legacy !== undefined) {
    return {
      minReaderVersion: Math.max(legacy.minReaderVersion, floor?.minReaderVersion ?? 1),
      minWriterVersion: Math.max(legacy.minWriterVersion, floor?.minWriterVersion ?? 1),
    };
  }
  const readerFeatures = wanted.filter((name) => READER_FEATURES.has(name));
  if (readerFeatures.length === 0 && (floor?.minReaderVersion ?? 1) < 3) {
    return { minReaderVersion: 1, minWriterVersion: 7, writerFeatures: wanted };
  }
  return { minReaderVersion: 3, minWriterVersion: 7, readerFeatures, writerFeatures: wanted };
}

function legacyProtocol(wanted: readonly string[]): Protocol | undefined {
  const implied: string[] = [];
  if (wanted.length === 0) return { minReaderVersion: 1, minWriterVersion: 1 };
  for (const [minWriterVersion, minReaderVersion, added] of LEGACY) {
    implied.push(...added);
    if (implied.length === wanted.length && implied.every((name) => wanted.includes(name))) {
      return { minReaderVersion, minWriterVersion };
    }
  }
  return undefined;
}

/**
 * The protocol with these features supported too; the same object when it supports them already. Features are only
 * ever added: older versions of the table may use what it supports. `DELTA_UNSUPPORTED_FEATURE` names one that
 * Barline does not write.
 */
export function withFeatures(protocol: Protocol, names: Iterable<string>, table: string): Protocol {
  const supported = supportedFeatures(protocol);
  const added = [...new Set(names)].filter((name) => !supported.has(name));
  if (added.length === 0) return protocol;
  for (const name of added) checkMaintained(name, table);
  return protocolOf([...supported, ...added], protocol);
}

/** What two protocols support together: that of a table restored to an older version, which is never lowered. */
export function mergedProtocol(current: Protocol, other: Protocol): Protocol {
  const supported = supportedFeatures(current);
  const added = [...supportedFeatures(other)].filter((name) => !supported.has(name));
  const lowReader = other.minReaderVersion <= current.minReaderVersion;
  const lowWriter = other.minWriterVersion <= current.minWriterVersion;
  if (added.length === 0 && lowReader && lowWriter) return current;
  const floor = other.minWriterVersion > current.minWriterVersion ? other : current;
  return protocolOf([...supported, ...added], {
    minReaderVersion: Math.max(current.minReaderVersion, other.minReaderVersion),
    minWriterVersion: floor.minWriterVersion,
  });
}

function checkMaintained(name: string, table: string): void {
  const feature = FEATURES[name];
  if (feature !== undefined && feature.write !== 'no') return;
  throw deltaError({
    code: 'DELTA_UNSUPPORTED_FEATURE',
    message: `${table}: the feature ${name} cannot be added, Barline does not maintain it`,
    hint: `these can: ${MAINTAINED.join(', ')}`,
    facts: { table, feature: name, side: 'writer' },
  });
}

const MAINTAINED = Object.keys(FEATURES).filter((name) => FEATURES[name]?.write !== 'no');
