import type { AddFile } from './actions.ts';
import type { ColumnChange } from './column-draft.ts';
import type { Operation } from './commit-info.ts';
import { type Where, whereToSql } from './predicate.ts';
import { parseStats } from './stats.ts';

/** How writes are recorded in the log, in the words of Spark. */

export function appendOperation(partitionColumns: readonly string[], files: readonly AddFile[]): Operation {
  return {
    name: 'WRITE',
    parameters: { mode: 'Append', partitionBy: JSON.stringify(partitionColumns) },
    metrics: outputMetrics(files),
  };
}

function outputMetrics(files: readonly AddFile[]): Record<string, string> {
  const rows = files.map((file) => parseStats(file)?.numRecords);
  const known = rows.every((count) => count !== undefined);
  return {
    numFiles: String(files.length),
    ...(known && { numOutputRows: String(rows.reduce((sum, count) => sum + (count ?? 0), 0)) }),
    numOutputBytes: String(files.reduce((sum, file) => sum + file.size, 0)),
  };
}

export function overwriteOperation(
  where: Where,
  partitionColumns: readonly string[],
  files: readonly AddFile[],
  removed: readonly AddFile[],
): Operation {
  return {
    name: 'WRITE',
    parameters: {
      mode: 'Overwrite',
      partitionBy: JSON.stringify(partitionColumns),
      ...(Object.keys(where).length > 0 && { predicate: whereToSql(where) }),
    },
    metrics: {
      ...outputMetrics(files),
      numRemovedFiles: String(removed.length),
      numRemovedBytes: String(removed.reduce((sum, file) => sum + file.size, 0)),
    },
  };
}

export function propertiesOperation(set: Readonly<Record<string, string>>): Operation {
  return { name: 'SET TBLPROPERTIES', parameters: { properties: JSON.stringify(set) } };
}

export function unsetOperation(keys: readonly string[]): Operation {
  return {
    name: 'UNSET TBLPROPERTIES',
    parameters: { properties: JSON.stringify(keys), ifExists: true },
  };
}

export function constraintOperation(name: string, expression: string): Operation {
  return { name: 'ADD CONSTRAINT', parameters: { name, expr: expression } };
}

export function dropConstraintOperation(name: string, expression: string): Operation {
  return { name: 'DROP CONSTRAINT', parameters: { name, expr: expression, existed: 'true' } };
}

/** Changes of one kind under Spark's name for it; of several kinds as changes of columns. */
export function columnOperation(changes: readonly ColumnChange[]): Operation {
  const [first, ...others] = changes;
  if (first !== undefined && changes.every((change) => 'add' in change)) {
    const columns = changes.map(({ add, into }) => ({ column: { ...add, ...(into && { into }) } }));
    return { name: 'ADD COLUMNS', parameters: { columns: JSON.stringify(columns) } };
  }
  if (first !== undefined && changes.every((change) => 'drop' in change)) {
    const columns = changes.map((change) => change.drop);
    return { name: 'DROP COLUMNS', parameters: { columns: JSON.stringify(columns) } };
  }
  if (first !== undefined && 'rename' in first && others.length === 0) {
    const parameters = { oldColumnPath: first.rename, newColumnPath: renamedPath(first.rename, first.to) };
    return { name: 'RENAME COLUMN', parameters };
  }
  return { name: 'CHANGE COLUMNS', parameters: { columns: JSON.stringify(changes) } };
}

function renamedPath(path: string, to: string): string {
  return path.slice(0, path.lastIndexOf('.') + 1) + to;
}

/** A rewrite of files that changes no row. Sizes are those of the files added. */
export function optimizeOperation(
  { predicate, zOrderBy, auto }: { predicate: readonly string[]; zOrderBy: readonly string[]; auto: boolean },
  removed: readonly AddFile[],
  added: readonly AddFile[],
): Operation {
  const sizes = added.map((file) => file.size).sort((a, b) => a - b);
  const sizeAt = (share: number) =>
    String(sizes[Math.min(sizes.length - 1, Math.floor(share * sizes.length))] ?? 0);
  const bytes = (files: readonly AddFile[]) => String(files.reduce((sum, file) => sum + file.size, 0));
  const vectors = removed.filter((file) => file.deletionVector !== undefined).length;
  return {
    name: 'OPTIMIZE',
    parameters: {
      predicate: JSON.stringify(predicate),
      zOrderBy: JSON.stringify(zOrderBy),
      auto,
    },
    metrics: {
      numRemovedFiles: String(removed.length),
      numRemovedBytes: bytes(removed),
      numAddedFiles: String(added.length),
      numAddedBytes: bytes(added),
      numDeletionVectorsRemoved: String(vectors),
      minFileSize: sizeAt(0),
      p25FileSize: sizeAt(0.25),
      p50FileSize: sizeAt(0.5),
      p75FileSize: sizeAt(0.75),
      maxFileSize: sizeAt(1),
    },
  };
}
