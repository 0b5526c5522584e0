import { formatByteLength } from '../../base/index.ts';
import type { CommandSpec } from '../command.ts';
import { lakeOf, PLAIN_TABLE } from '../table-argument.ts';
import { formatCount } from '../text-table.ts';

export const checkpoint: CommandSpec = {
  name: 'checkpoint',
  summary: 'writes a checkpoint: one file with all that the log says',
  description:
    'Writes all of the newest version into a checkpoint, so that opening the table reads no older commit, and removes log that is older than the table’s retention. Barline does so by itself every 10 commits; tables that others write may need it.',
  arguments: [PLAIN_TABLE],
  examples: ['barline table checkpoint training_bars', 'barline table checkpoint s3://lake/trades --json'],
  run: async (invocation, [text = '']) => {
    const { output } = invocation;
    const { openTable } = await import('../../query/index.ts');
    const { lake } = await lakeOf(invocation);
    const { name, table } = await openTable(text, lake, invocation.directory);
    output.note(`${name}: ${formatCount(table.latest.fileCount)} files to be named`);
    const { version, kind, files, byteLength, actionCount } = await table.checkpoint();
    output.json({ table: name, version, kind, files, bytes: byteLength, actions: actionCount });
    output.text(
      `${name}: checkpoint of version ${version} (${kind}), ${formatCount(actionCount)} actions, ${formatByteLength(byteLength)}`,
    );
    return 0;
  },
};
