import type { RowCheck } from './check-constraint.ts';
import { badColumnChange, type ColumnChange, ColumnDraft } from './column-draft.ts';
import { identifyColumns, MAX_ID_PROPERTY, mappingMode, newPhysicalName } from './column-identity.ts';
import { pathParts } from './column-path.ts';
import { type Definition, withProperties } from './property-change.ts';
import { withFeatures } from './protocol-upgrade.ts';
import { checkNewSchema, containsType, type StructType, schemaString } from './schema.ts';
import { Snapshot } from './snapshot.ts';

export interface ColumnChangeOptions {
  /** Turns on column mapping by name for a rename or drop, where the table does not have it. */
  readonly columnMapping?: boolean;
  /** Turns on type widening, where the table does not have it. */
  readonly typeWidening?: boolean;
  /** Checks existing rows where a column becomes NOT NULL. */
  readonly checkRows?: RowCheck;
}

export interface ColumnChangePlan extends Definition {
  /** Rows were looked at, so none may come in between. */
  readonly readsRows: boolean;
}

/** The definition after the changes, in their order. `DELTA_BAD_COLUMN_CHANGE` says why one cannot be. */
export async function withColumnChanges(
  snapshot: Snapshot,
  changes: readonly ColumnChange[],
  options: ColumnChangeOptions,
  uuid: () => string,
): Promise<ColumnChangePlan> {
  const start = preparedDefinition(snapshot, changes, options);
  const draft = new ColumnDraft(start.metadata.configuration, snapshot.table, {
    schema: snapshotSchema(snapshot, start),
    partitionColumns: snapshot.partitionColumns,
  });
  let readsRows = false;
  for (const change of changes) {
    if ('column' in change && !change.nullable) {
      readsRows = true;
      await checkNoNulls(snapshot, change.column, options.checkRows);
    }
    draft.apply(change);
  }
  const { table } = snapshot;
  const mapped = mappingMode(draft.configuration) !== 'none';
  checkNewSchema(draft.schema, draft.partitionColumns, table, { anyNames: mapped });
  const highest = Number(draft.configuration[MAX_ID_PROPERTY] ?? 0);
  const identified = mapped ? identifyColumns(draft.schema, highest, () => newPhysicalName(uuid)) : undefined;
  const schema = identified?.schema ?? draft.schema;
  const addsNtz = containsType(schema, 'timestamp_ntz') && !containsType(snapshot.schema, 'timestamp_ntz');
  return {
    readsRows,
    protocol: withFeatures(start.protocol, addsNtz ? ['timestampNtz'] : [], table),
    metadata: {
      ...start.metadata,
      schemaString: schemaString(schema),
      partitionColumns: draft.partitionColumns,
      configuration: identified
        ? { ...draft.configuration, [MAX_ID_PROPERTY]: String(identified.maxColumnId) }
        : draft.configuration,
    },
  };
}

/** With the features switched on that the caller agreed to. */
function preparedDefinition(
  snapshot: Snapshot,
  changes: readonly ColumnChange[],
  { columnMapping = false, typeWidening = false }: ColumnChangeOptions,
): Definition {
  const { properties, table } = snapshot;
  const set: Record<string, string> = {};
  const moves = changes.some((change) => 'rename' in change || 'drop' in change);
  if (moves && mappingMode(properties) === 'none') {
    if (!columnMapping) {
      throw badColumnChange(
        table,
        'columns can be renamed or dropped only under column mapping',
        'agree to it (columnMapping, --column-mapping): readers then need reader version 2 or 3',
      );
    }
    set['delta.columnMapping.mode'] = 'name';
  }
  if (changes.some((change) => 'widen' in change) && properties['delta.enableTypeWidening'] !== 'true') {
    if (!typeWidening) {
      throw badColumnChange(
        table,
        'types can be widened only where delta.enableTypeWidening is true',
        'agree to it (typeWidening, --type-widening): readers then need the feature typeWidening',
      );
    }
    set['delta.enableTypeWidening'] = 'true';
  }
  return withProperties(snapshot, set);
}

function snapshotSchema(snapshot: Snapshot, start: Definition): StructType {
  return new Snapshot(snapshot.table, { ...snapshot.state, metadata: start.metadata }).schema;
}

async function checkNoNulls(snapshot: Snapshot, column: string, checkRows: RowCheck | undefined) {
  const { table } = snapshot;
  if (checkRows === undefined) {
    if (snapshot.fileCount === 0) return;
    throw badColumnChange(
      table,
      `column ${column} needs its rows checked before it can be NOT NULL`,
      'give a row check',
    );
  }
  const expression = `${pathParts(column)
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join('.')} IS NOT NULL`;
  const rowCount = await checkRows(expression, snapshot);
  if (rowCount > 0)
    throw badColumnChange(table, `column ${column} cannot be NOT NULL: ${rowCount} of its values are null`);
}
