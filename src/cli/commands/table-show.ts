import { formatByteLength } from '../../base/index.ts';
import type { StructType } from '../../delta/index.ts';
import type { OpenedTable } from '../../query/index.ts';
import type { CommandSpec } from '../command.ts';
import { isoTime, lakeOf, TABLE } from '../table-argument.ts';
import { formatCount, type TextColumn, textTable } from '../text-table.ts';
import { typeText } from '../type-text.ts';

export const show: CommandSpec = {
  name: 'show',
  summary: 'a table’s schema, partitions, properties, files, size and protocol',
  arguments: [TABLE],
  examples: [
    'barline table show training_bars',
    'barline table show training_bars@v3 --json',
    'barline table show /data/elsewhere/trades',
  ],
  run: async (invocation, [text = '']) => {
    const { output } = invocation;
    const { lake } = await lakeOf(invocation);
    const { openTable } = await import('../../query/index.ts');
    const opened = await openTable(text, lake, invocation.directory);
    const facts = await tableDocument(opened);
    output.json(facts);
    if (!output.options.json) output.text(tableText(facts));
    return 0;
  },
};

async function tableDocument({ name, table, snapshot }: OpenedTable) {
  const { tableFacts } = await import('../../query/index.ts');
  const { fileCount, byteLength, rowCount } = tableFacts(snapshot);
  const [newest] = await table.history({ limit: 1 });
  const { protocol, metadata } = snapshot;
  return {
    name,
    location: table.uri,
    version: snapshot.version,
    newest_version: table.version,
    last_commit: isoTime(newest?.timestampMs ?? null),
    id: metadata.id,
    description: metadata.description ?? null,
    rows: rowCount,
    files: fileCount,
    size_bytes: byteLength,
    partition_columns: snapshot.partitionColumns,
    properties: snapshot.properties,
    protocol: {
      min_reader_version: protocol.minReaderVersion,
      min_writer_version: protocol.minWriterVersion,
      reader_features: protocol.readerFeatures ?? [],
      writer_features: protocol.writerFeatures ?? [],
    },
    schema: snapshot.schema,
  };
}

function tableText(facts: Awaited<ReturnType<typeof tableDocument>>): string {
  const { protocol, properties } = facts;
  const features = [...new Set([...protocol.reader_features, ...protocol.writer_features])];
  const newest = facts.version === facts.newest_version ? '' : ` (the newest is ${facts.newest_version})`;
  const lines: [string, string][] = [
    ['table', facts.name],
    ['location', facts.location],
    ['version', `${facts.version}${newest}, last commit ${facts.last_commit ?? 'unknown'}`],
    ['rows', facts.rows === null ? 'unknown (files without statistics)' : formatCount(facts.rows)],
    ['files', `${formatCount(facts.files)}, ${formatByteLength(facts.size_bytes)}`],
    ['partitioned by', facts.partition_columns.join(', ') || 'nothing'],
    [
      'protocol',
      `reader ${protocol.min_reader_version}, writer ${protocol.min_writer_version}${features.length > 0 ? `, features ${features.join(', ')}` : ''}`,
    ],
  ];
  for (const [key, value] of Object.entries(properties)) lines.push(['property', `${key} = ${value}`]);
  const columns: TextColumn[] = [{ title: 'column' }, { title: 'type' }, { title: 'null' }];
  const head = lines.map(([key, value]) => `${key.padEnd(16)}${value}`).join('\n');
  return `${head}\n\n${textTable(columns, schemaRows(facts.schema))}`;
}

function schemaRows(schema: StructType): string[][] {
  return schema.fields.map(({ name, type, nullable }) => [name, typeText(type), nullable ? 'yes' : 'no']);
}
