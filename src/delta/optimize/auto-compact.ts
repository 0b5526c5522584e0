import type { WrittenTable } from '../rows/table-writer.ts';
import type { Snapshot } from '../snapshot.ts';
import { byPartition } from './bins.ts';
import { optimizeTable } from './optimize.ts';

const SMALL_BYTES = 16 * 2 ** 20;
const FEWEST_FILES = 50;

/**
 * Joins small files where the table asks for it (`delta.autoOptimize.autoCompact`) and a partition has fifty of them
 * below 16 MiB; what was joined once is mostly above that, and left alone. One look at each active file.
 */
export async function autoCompact(table: WrittenTable, snapshot: Snapshot): Promise<void> {
  if (snapshot.properties['delta.autoOptimize.autoCompact'] !== 'true') return;
  const small = [...snapshot.files()].filter((file) => file.size < SMALL_BYTES);
  if (small.length < FEWEST_FILES) return;
  if (!byPartition(small).some((files) => files.length >= FEWEST_FILES)) return;
  await optimizeTable(table, { auto: true, smallBytes: SMALL_BYTES });
}
