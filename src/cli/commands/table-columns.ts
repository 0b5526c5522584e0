import { usageError } from '../../base/index.ts';
import type { ColumnChange } from '../../delta/index.ts';
import { pairsOption, textsOption } from '../assignments.ts';
import { type CommandSpec, option, repeatable } from '../command.ts';
import { lakeOf, PLAIN_TABLE } from '../table-argument.ts';
import { textTable } from '../text-table.ts';

export const columns: CommandSpec = {
  name: 'columns',
  summary: 'shows columns; adds, renames, drops, widens and comments them',
  description:
    'Shows the columns, or changes them as one version without rewriting a file. A column inside a struct is named struct.column, the elements of an array array.element, a map’s keys and values map.key and map.value.',
  arguments: [PLAIN_TABLE],
  options: [
    repeatable('--add <name=type>', 'add a column after the others, e.g. open=double'),
    repeatable('--rename <old=new>', 'rename a column (needs column mapping)'),
    repeatable('--drop <name>', 'drop a column (needs column mapping)'),
    repeatable('--widen <name=type>', 'give a column a wider type (needs type widening)'),
    repeatable('--comment <name=text>', 'say what a column holds; an empty text takes the comment away'),
    repeatable('--nullable <name>', 'let a column be null'),
    repeatable('--required <name>', 'let a column not be null, after a look at every row'),
    option(
      '--column-mapping',
      'turn on column mapping where the table lacks it; older readers then cannot read it',
    ),
    option(
      '--type-widening',
      'turn on type widening where the table lacks it; older readers then cannot read it',
    ),
  ],
  examples: [
    'barline table columns training_bars',
    'barline table columns trades --add venue=string --comment "venue=where it was traded"',
    'barline table columns trades --rename px=price --drop flags --column-mapping',
    'barline table columns trades --widen size=long --type-widening --json',
  ],
  run: async (invocation, [text = ''], options) => {
    const { output } = invocation;
    const { typeText } = await import('../type-text.ts');
    const changes = await changesOf(options);
    const { openTable } = await import('../../query/index.ts');
    const { lake } = await lakeOf(invocation);
    const { name, table, snapshot } = await openTable(text, lake, invocation.directory);
    if (changes.length > 0) {
      await table.alterColumns(changes, {
        columnMapping: options.columnMapping === true,
        typeWidening: options.typeWidening === true,
      });
    }
    const { schema, version } = changes.length > 0 ? table.latest : snapshot;
    const rows = schema.fields.map((field) => ({
      name: field.name,
      type: typeText(field.type),
      nullable: field.nullable,
      comment: typeof field.metadata.comment === 'string' ? field.metadata.comment : null,
    }));
    output.json({ table: name, version, columns: rows });
    if (!output.options.json) {
      const cells = rows.map((row) => [row.name, row.type, row.nullable ? 'yes' : 'no', row.comment ?? '']);
      output.text(
        textTable([{ title: 'column' }, { title: 'type' }, { title: 'null' }, { title: 'comment' }], cells),
      );
    }
    return 0;
  },
};

/** Additions first, so that what follows may name what they add. */
async function changesOf(options: Readonly<Record<string, unknown>>): Promise<ColumnChange[]> {
  const { field } = await import('../../delta/index.ts');
  const { parseType } = await import('../type-text.ts');
  const added = pairsOption(options, 'add', '--add', 'name=type').map(([path, type]): ColumnChange => {
    const split = path.lastIndexOf('.');
    const add = field(path.slice(split + 1), parseType(type));
    return split < 0 ? { add } : { add, into: path.slice(0, split) };
  });
  const renamed = pairsOption(options, 'rename', '--rename', 'old=new').map(([rename, to]): ColumnChange => {
    if (to === '') throw usageError(`--rename ${rename}= has no new name`);
    return { rename, to };
  });
  return [
    ...added,
    ...pairsOption(options, 'widen', '--widen', 'name=type').map(
      ([widen, to]): ColumnChange => ({ widen, to: parseType(to) }),
    ),
    ...pairsOption(options, 'comment', '--comment', 'name=text').map(
      ([comment, words]): ColumnChange => ({ comment, text: words === '' ? null : words }),
    ),
    ...textsOption(options, 'nullable').map((column): ColumnChange => ({ column, nullable: true })),
    ...textsOption(options, 'required').map((column): ColumnChange => ({ column, nullable: false })),
    ...renamed,
    ...textsOption(options, 'drop').map((drop): ColumnChange => ({ drop })),
  ];
}
