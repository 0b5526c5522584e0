/** What a table's log says of it, without opening a data file. */
import { type DeltaTable, parseStats, type Snapshot } from '../delta/index.ts';

export interface TableFacts {
  readonly fileCount: number;
  readonly byteLength: number;
  /** Null when a file has no statistics. */
  readonly rowCount: number | null;
}

/** Files, bytes and rows of a version. One JSON parse a file. */
export function tableFacts(snapshot: Snapshot): TableFacts {
  let byteLength = 0;
  let rowCount: number | null = 0;
  for (const file of snapshot.files()) {
    byteLength += file.size;
    const rows: number | undefined = parseStats(file)?.numRecords;
    rowCount =
      rowCount === null || rows === undefined
        ? null
        : rowCount + rows - (file.deletionVector?.cardinality ?? 0);
  }
  return { fileCount: snapshot.fileCount, byteLength, rowCount };
}

/** When the newest commit was made, milliseconds since the epoch; null when the log no longer says. */
export async function lastCommitMs(table: DeltaTable): Promise<number | null> {
  return (await table.history({ limit: 1 }))[0]?.timestampMs ?? null;
}
