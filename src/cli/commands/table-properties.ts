import { usageError } from '../../base/index.ts';
import { pairsOption, textsOption } from '../assignments.ts';
import { type CommandSpec, repeatable } from '../command.ts';
import { lakeOf, PLAIN_TABLE } from '../table-argument.ts';

export const properties: CommandSpec = {
  name: 'properties',
  summary: 'shows, sets and unsets table properties',
  description:
    'Shows the properties, or changes them as one version. A property that needs a table feature, e.g. delta.enableDeletionVectors, upgrades the protocol; the protocol is never lowered.',
  arguments: [PLAIN_TABLE],
  options: [
    repeatable('--set <key=value>', 'set this property; may be given several times'),
    repeatable('--unset <key>', 'unset this property; may be given several times'),
  ],
  examples: [
    'barline table properties training_bars',
    'barline table properties training_bars --set delta.logRetentionDuration="interval 60 days"',
    'barline table properties training_bars --set delta.enableChangeDataFeed=true --json',
    'barline table properties training_bars --unset owner',
  ],
  run: async (invocation, [text = ''], options) => {
    const { output } = invocation;
    const set = pairsOption(options, 'set', '--set', 'key=value');
    const unset = textsOption(options, 'unset');
    if (set.length > 0 && unset.length > 0) {
      throw usageError('--set and --unset cannot be given together', 'they are two versions: run it twice');
    }
    const { openTable } = await import('../../query/index.ts');
    const { lake } = await lakeOf(invocation);
    const { name, table } = await openTable(text, lake, invocation.directory);
    if (set.length > 0) await table.setProperties(Object.fromEntries(set));
    if (unset.length > 0) await table.unsetProperties(unset);
    const { properties: now, protocol, version } = table.latest;
    const { minReaderVersion, minWriterVersion, readerFeatures = [], writerFeatures = [] } = protocol;
    output.json({
      table: name,
      version,
      properties: now,
      protocol: {
        min_reader_version: minReaderVersion,
        min_writer_version: minWriterVersion,
        reader_features: readerFeatures,
        writer_features: writerFeatures,
      },
    });
    if (Object.keys(now).length === 0) output.note(`${name} has no properties`);
    for (const [key, value] of Object.entries(now)) output.text(`${key} = ${value}`);
    return 0;
  },
};
