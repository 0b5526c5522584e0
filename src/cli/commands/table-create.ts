import { readFile } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { usageError } from '../../base/index.ts';
import { listOption, textOption } from '../arguments.ts';
import { pairsOption } from '../assignments.ts';
import { type CommandSpec, type Invocation, option, repeatable } from '../command.ts';
import { openSession } from '../query-output.ts';
import { RowFile } from '../row-file.ts';
import { lakeOf } from '../table-argument.ts';
import { formatCount } from '../text-table.ts';

export const create: CommandSpec = {
  name: 'create',
  summary: 'makes an empty table with the columns of a file or of a schema',
  description:
    'Writes version 0 of a table. --like takes the columns and types of a file, of which no row is written; --schema takes a file with a schema in the JSON form that Delta tables hold.',
  arguments: [['<table>', 'a name in the lake, or a path (with a slash) or URI']],
  options: [
    option('--like <file>', 'the columns of this .parquet, .csv, .ndjson, .dbn or .dbn.zst file'),
    option('--schema <file>', 'a JSON file: {"type": "struct", "fields": […]}'),
    option('--partition-by <a,b>', 'partition columns'),
    repeatable('--property <key=value>', 'a table property such as delta.enableDeletionVectors=true'),
  ],
  examples: [
    'barline table create trades --like trades.csv --partition-by venue',
    'barline table create ./lake/bars --schema bars.json --property delta.enableDeletionVectors=true',
  ],
  run: async (invocation, [text = ''], options) => {
    const { output } = invocation;
    const { DeltaTable } = await import('../../delta/index.ts');
    const { configuration, lake } = await lakeOf(invocation);
    const schema = await schemaOption(invocation, options, () => openSession(configuration));
    const partitionBy = listOption(options, 'partitionBy') ?? [];
    const properties = Object.fromEntries(pairsOption(options, 'property', '--property', 'key=value'));
    const location = newLocation(text, lake, invocation.directory);
    const table = await DeltaTable.create(location, { schema, partitionBy, properties });
    output.json({ table: text, version: table.version, location: table.uri, columns: schema.fields.length });
    output.text(`${text}: made with ${formatCount(schema.fields.length)} columns, in ${table.uri}`);
    return 0;
  },
};

async function schemaOption(
  invocation: Invocation,
  options: Readonly<Record<string, unknown>>,
  session: () => ReturnType<typeof openSession>,
) {
  const { parseSchema, schemaOfColumns } = await import('../../delta/index.ts');
  const like = textOption(options, 'like');
  const file = textOption(options, 'schema');
  if ((like === undefined) === (file === undefined)) {
    throw usageError(
      like === undefined ? '--like or --schema is missing' : '--like and --schema exclude each other',
      'e.g. --like trades.csv',
    );
  }
  if (file !== undefined) {
    const text = await readFile(resolve(invocation.directory, file), 'utf8').catch((error: unknown) => {
      throw usageError(`--schema: ${file} cannot be read: ${error instanceof Error ? error.message : error}`);
    });
    return parseSchema(text, file);
  }
  await using rows = await RowFile.open(invocation, like ?? '');
  using opened = await session();
  return schemaOfColumns(await opened.columns(rows.relation, like ?? ''), like ?? '');
}

/** A name lies in the lake; what has a slash is a path. */
function newLocation(text: string, lake: string, directory: string): string {
  if (text === '' || text.includes('@')) {
    throw usageError(`${JSON.stringify(text)} cannot name a table`, 'e.g. trades, or ./lake/trades');
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return text;
  if (text.includes('/') || text.startsWith('.') || isAbsolute(text)) return resolve(directory, text);
  return `${lake.replace(/\/+$/, '')}/${text}`;
}
