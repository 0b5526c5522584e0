import { BarlineError, formatByteLength } from '../../base/index.ts';
import type { CommandSpec } from '../command.ts';
import { isoTime, lakeOf } from '../table-argument.ts';
import { formatCount, type TextColumn, textTable } from '../text-table.ts';

export const list: CommandSpec = {
  name: 'list',
  summary: 'tables of the lake: version, rows, files, size, last commit',
  examples: ['barline table list', 'barline table list --lake /data/lake --json'],
  run: async (invocation) => {
    const { output } = invocation;
    const { lake } = await lakeOf(invocation);
    const { lakeTables } = await import('../../query/index.ts');
    const names = await lakeTables(lake);
    const rows: string[][] = [];
    let failed = 0;
    for (const name of names) {
      const line = await tableLine(name, lake);
      output.json(line);
      if ('error' in line) {
        failed++;
        rows.push([name, '', '', '', '', `${line.error.code}: ${line.error.message}`]);
      } else {
        const { version, rows: count, files, size_bytes: bytes, last_commit: at } = line;
        const cells = [String(version), count === null ? 'unknown' : formatCount(count), formatCount(files)];
        rows.push([name, ...cells, formatByteLength(bytes), at ?? '']);
      }
    }
    if (names.length === 0) output.note(`no tables in ${lake}`);
    else if (!output.options.json) output.text(textTable(LIST_COLUMNS, rows));
    return failed === 0 ? 0 : 1;
  },
};

const LIST_COLUMNS: readonly TextColumn[] = [
  { title: 'table' },
  { title: 'version', align: 'right' },
  { title: 'rows', align: 'right' },
  { title: 'files', align: 'right' },
  { title: 'size', align: 'right' },
  { title: 'last commit' },
];

/** One table of the list. A table that cannot be read must not hide the others. */
async function tableLine(name: string, lake: string) {
  const { lastCommitMs, openLakeTable, tableFacts } = await import('../../query/index.ts');
  try {
    const { table, snapshot } = await openLakeTable(name, lake);
    const { fileCount, byteLength, rowCount } = tableFacts(snapshot);
    return {
      name,
      version: snapshot.version,
      rows: rowCount,
      files: fileCount,
      size_bytes: byteLength,
      partition_columns: snapshot.partitionColumns,
      last_commit: isoTime(await lastCommitMs(table)),
    };
  } catch (error) {
    if (!(error instanceof BarlineError)) throw error;
    return { name, error: { code: error.code, message: error.message } };
  }
}
