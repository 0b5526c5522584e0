import { tmpdir } from 'node:os';
import { formatByteLength, parseByteLength, usageError } from '../../base/index.ts';
import type { OptimizeProgress } from '../../delta/index.ts';
import { listOption, textOption } from '../arguments.ts';
import { type CommandSpec, option } from '../command.ts';
import { countProgress } from '../count-progress.ts';
import { lakeOf, PLAIN_TABLE } from '../table-argument.ts';
import { formatCount } from '../text-table.ts';

const STAGES: Readonly<Record<OptimizeProgress['stage'], string>> = {
  count: 'reading',
  order: 'ranking values',
  write: 'writing',
  prove: 'proving that the rows are the same',
  store: 'storing',
};

export const optimize: CommandSpec = {
  name: 'optimize',
  summary: 'joins small files, or lays rows with near values together (Z-order)',
  description:
    'Writes files again without changing a row: small ones of a partition are joined, or, with --zorder-by, all are laid along a Z curve through the columns named, so that a query on any of them reads little. Count and hash of the rows are proved equal before anything is committed. Appends may go on meanwhile; when another writer deletes or updates rows of the same files, nothing is committed and the command can be run again.',
  arguments: [PLAIN_TABLE],
  options: [
    option(
      '--zorder-by <columns>',
      'columns that queries ask for, most important first, e.g. asset_pair,timestamp',
    ),
    option(
      '--target-size <size>',
      'size of a file, e.g. 16MB or 1GB (default: delta.targetFileSize, else 256 MiB)',
    ),
    option('--where <sql>', 'only files that may hold such rows, e.g. those of some partitions'),
  ],
  examples: [
    'barline table optimize training_bars',
    'barline table optimize bars_1m --zorder-by asset_pair,timestamp --target-size 16MB',
    `barline table optimize training_bars --where "month >= '2024-10'" --json`,
  ],
  run: async (invocation, [text = ''], options) => {
    const { output } = invocation;
    const zOrderBy = listOption(options, 'zorderBy') ?? [];
    const targetFileSize = sizeOption(textOption(options, 'targetSize'));
    const where = textOption(options, 'where');
    const { openTable } = await import('../../query/index.ts');
    const { configuration, lake } = await lakeOf(invocation);
    const { name, table } = await openTable(text, lake, invocation.directory);
    const { memory, workers } = configuration.value.run;
    const progress = countProgress(output, () => performance.now(), 'rows');
    try {
      const result = await table.optimize({
        zOrderBy,
        ...(targetFileSize !== undefined && { targetFileSize }),
        ...(where !== undefined && { where }),
        limits: {
          memoryByteLength: parseByteLength(memory) ?? 1e9,
          threads: workers,
          temporaryFolder: tmpdir(),
        },
        signal: invocation.signal,
        onProgress: ({ stage, done, total, rows }) =>
          progress.update(rows, `group ${done + 1} of ${total}: ${STAGES[stage]}`),
      });
      progress.end();
      const { filesRemoved, filesAdded, filesSkipped, bytesRemoved, bytesAdded, rows, version } = result;
      output.json({
        table: name,
        version,
        optimized: filesRemoved > 0,
        zorder_by: zOrderBy,
        files_removed: filesRemoved,
        files_added: filesAdded,
        files_skipped: filesSkipped,
        bytes_removed: bytesRemoved,
        bytes_added: bytesAdded,
        rows,
        deletion_vectors_removed: result.deletionVectorsRemoved,
      });
      output.text(
        filesRemoved === 0
          ? `${name}: nothing to do; ${formatCount(filesSkipped)} files are as they should be`
          : `${name}: version ${version}; ${formatCount(filesRemoved)} files (${formatByteLength(bytesRemoved)}) became ${formatCount(filesAdded)} (${formatByteLength(bytesAdded)}), the same ${formatCount(rows)} rows`,
      );
      return 0;
    } finally {
      progress.end();
    }
  },
};

function sizeOption(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const byteLength = parseByteLength(text);
  if (byteLength !== undefined && byteLength > 0) return byteLength;
  throw usageError(`--target-size is ${JSON.stringify(text)}; expected a size such as 16MB or 1GB`);
}
