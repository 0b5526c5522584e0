import type { AddFile } from './actions.ts';
import { type Where, whereToSql } from './predicate.ts';
import { parseStats } from './stats.ts';
import type { Operation } from './transaction.ts';

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
