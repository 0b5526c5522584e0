import type { Metadata, Protocol } from './actions.ts';
import { identifyColumns, MAX_ID_PROPERTY, mappingMode } from './column-identity.ts';
import { deltaError } from './delta-error.ts';
import { withFeatures } from './protocol-upgrade.ts';
import { schemaString } from './schema.ts';
import type { Snapshot } from './snapshot.ts';
import { checkProperties, checkRemovable } from './table-properties.ts';

export interface Definition {
  readonly metadata: Metadata;
  readonly protocol: Protocol;
}

/** The table's definition with these properties, and with the features and column ids that they need. */
export function withProperties(snapshot: Snapshot, set: Readonly<Record<string, string>>): Definition {
  const { table, metadata, properties, schema } = snapshot;
  const { stored, features } = checkProperties(set, table);
  const protocol = withFeatures(snapshot.protocol, features, table);
  const configuration = { ...properties, ...stored };
  const [before, after] = [mappingMode(properties), mappingMode(configuration)];
  if (before === after) return { metadata: { ...metadata, configuration }, protocol };
  if (before !== 'none' || after !== 'name') throw badModeChange(table, before, after);
  // files written before have the columns under their names, so these become the physical names
  const highest = Number(properties[MAX_ID_PROPERTY] ?? 0);
  const mapped = identifyColumns(schema, highest, (field) => field.name);
  return {
    protocol,
    metadata: {
      ...metadata,
      schemaString: schemaString(mapped.schema),
      configuration: { ...configuration, [MAX_ID_PROPERTY]: String(mapped.maxColumnId) },
    },
  };
}

/** The definition without these properties; those it does not have are passed over. */
export function withoutProperties(snapshot: Snapshot, keys: readonly string[]): Definition {
  const { table, metadata, properties, protocol } = snapshot;
  checkRemovable(keys, table);
  const kept = Object.entries(properties).filter(([key]) => !keys.includes(key));
  const configuration = Object.fromEntries(kept);
  const [before, after] = [mappingMode(properties), mappingMode(configuration)];
  if (before !== after) throw badModeChange(table, before, after);
  return { metadata: { ...metadata, configuration }, protocol };
}

function badModeChange(table: string, before: string, after: string) {
  return deltaError({
    code: 'DELTA_BAD_PROPERTY',
    message: `${table}: delta.columnMapping.mode cannot change from ${before} to ${after} without rewriting the table`,
    hint: before === 'none' ? 'set it to name' : 'write the rows to another table',
    facts: { table, property: 'delta.columnMapping.mode', found: before, expected: after },
  });
}
