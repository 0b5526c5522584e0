import { deltaError } from './delta-error.ts';
import type { Definition } from './property-change.ts';
import { withFeatures } from './protocol-upgrade.ts';
import type { Snapshot } from './snapshot.ts';

/** CHECK constraints: SQL that must be true of every row, kept as properties of the table. */

const PREFIX = 'delta.constraints.';
const FEATURE = 'checkConstraints';

/**
 * Says how many rows of a snapshot an expression is not true of (false or null), read with SQL of the caller's
 * choice. Throws for an expression that cannot be evaluated.
 */
export type RowCheck = (expression: string, snapshot: Snapshot) => Promise<number>;

/** Constraints by name, as the table's properties hold them. */
export function constraintsOf(properties: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const found = Object.entries(properties).filter(([key]) => key.startsWith(PREFIX));
  return new Map(found.map(([key, expression]) => [key.slice(PREFIX.length), expression]));
}

/** The definition with one more constraint, after its rows were checked. Names are kept in lower case, as by Spark. */
export async function withConstraint(
  snapshot: Snapshot,
  name: string,
  expression: string,
  checkRows: RowCheck | undefined,
): Promise<Definition> {
  const { table, metadata, properties, protocol } = snapshot;
  const key = PREFIX + checkedName(name, table);
  const existing = properties[key];
  if (existing !== undefined) {
    throw bad(table, `the constraint ${name} exists already: ${existing}`, 'drop it first', name);
  }
  if (expression.trim() === '') throw bad(table, `the constraint ${name} has no expression`, undefined, name);
  await checkExistingRows(snapshot, name, expression, checkRows);
  return {
    metadata: { ...metadata, configuration: { ...properties, [key]: expression } },
    protocol: withFeatures(protocol, [FEATURE], table),
  };
}

async function checkExistingRows(
  snapshot: Snapshot,
  name: string,
  expression: string,
  checkRows: RowCheck | undefined,
): Promise<void> {
  const { table } = snapshot;
  if (checkRows === undefined) {
    if (snapshot.fileCount === 0) return;
    throw bad(table, `the constraint ${name} needs its rows checked`, 'give a row check', name);
  }
  const rowCount = await checkRows(expression, snapshot);
  if (rowCount === 0) return;
  throw deltaError({
    code: 'DELTA_CONSTRAINT_VIOLATED',
    message: `${table}: ${rowCount} rows do not meet the new constraint ${name}: ${expression}`,
    hint: 'nothing was changed; correct or delete the rows first',
    facts: { table, constraint: name, expression, rows: rowCount },
  });
}

/** The definition without a constraint; undefined when there is none of the name. */
export function withoutConstraint(snapshot: Snapshot, name: string): Definition | undefined {
  const { metadata, properties, protocol, table } = snapshot;
  const { [PREFIX + checkedName(name, table)]: dropped, ...configuration } = properties;
  return dropped === undefined ? undefined : { metadata: { ...metadata, configuration }, protocol };
}

function checkedName(name: string, table: string): string {
  if (/^\w+$/.test(name)) return name.toLowerCase();
  throw bad(
    table,
    `${JSON.stringify(name)} cannot name a constraint`,
    'take letters, digits and underscores',
    name,
  );
}

export function noConstraint(snapshot: Snapshot, name: string) {
  const names = [...constraintsOf(snapshot.properties).keys()];
  const hint = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
  return bad(snapshot.table, `there is no constraint ${name}`, hint, name);
}

function bad(table: string, why: string, hint: string | undefined, name: string) {
  return deltaError({
    code: 'DELTA_BAD_CONSTRAINT',
    message: `${table}: ${why}`,
    hint,
    facts: { table, constraint: name },
  });
}
