import { type CommandSpec, option } from '../command.ts';
import { lakeOf, PLAIN_TABLE, versionOption } from '../table-argument.ts';
import { formatCount } from '../text-table.ts';

export const restore: CommandSpec = {
  name: 'restore',
  summary: 'makes the newest version hold what an older one held',
  description:
    'Writes a new version with the files, schema and properties of an older one. Nothing is lost: the versions in between stay. Fails when files of the older version were vacuumed away.',
  arguments: [PLAIN_TABLE],
  options: [option('--to <version>', 'a version such as 12 or v12, or a time such as 2025-12-13T12:00:00Z')],
  examples: [
    'barline table restore training_bars --to 12',
    'barline table restore training_bars --to 2025-12-13T12:00:00Z --json',
  ],
  run: async (invocation, [text = ''], options) => {
    const { output } = invocation;
    const { openTable } = await import('../../query/index.ts');
    const at = await versionOption(options, 'to');
    const { lake } = await lakeOf(invocation);
    const { name, table } = await openTable(text, lake, invocation.directory);
    const from = table.version;
    const result = await table.restore(at);
    const { version, restoredFiles, removedFiles, alreadyCommitted } = result;
    output.json({
      table: name,
      version,
      restored: !alreadyCommitted,
      restored_files: restoredFiles,
      removed_files: removedFiles,
    });
    output.text(
      alreadyCommitted
        ? `${name}: version ${version} is the newest already`
        : `${name}: version ${version} holds what was asked for; ${formatCount(restoredFiles)} files restored, ${formatCount(removedFiles)} removed (the version before was ${from})`,
    );
    return 0;
  },
};
