import { BarlineError } from '../base/index.ts';
import {
  ConcurrentModificationError,
  DeltaTable,
  type StructField,
  struct,
  type TableDefinition,
} from '../delta/index.ts';
import type { Storage } from '../storage/index.ts';

/**
 * Opens a table or creates it, where an earlier release may have begun it with fewer columns: it is taken as it is, and
 * nothing is written. Throws `DELTA_SCHEMA_MISMATCH` where it differs in anything else.
 */
export async function openGrownTable(storage: Storage, definition: TableDefinition): Promise<DeltaTable> {
  try {
    return await DeltaTable.openOrCreate(storage, definition);
  } catch (error) {
    if (!(error instanceof BarlineError) || error.code !== 'DELTA_SCHEMA_MISMATCH') throw error;
    const missing = missingColumns(await DeltaTable.open(storage), definition);
    if (missing.length === 0) throw error;
    const known = definition.schema.fields.filter((field) => !missing.includes(field));
    return DeltaTable.openOrCreate(storage, { ...definition, schema: struct(known) });
  }
}

/** Adds the columns that the table lacks, all nullable: one more version, or none where none is missing. */
export async function addMissingColumns(table: DeltaTable, definition: TableDefinition): Promise<void> {
  for (;;) {
    const missing = missingColumns(table, definition);
    if (missing.length === 0) return;
    try {
      await table.alterColumns(missing.map((field) => ({ add: field })));
    } catch (error) {
      // another run on the lake may add the same
      if (!(error instanceof ConcurrentModificationError)) throw error;
      await table.refresh();
    }
  }
}

function missingColumns(table: DeltaTable, { schema }: TableDefinition): StructField[] {
  return schema.fields.filter(({ name }) => !table.schema.fields.some((found) => found.name === name));
}
