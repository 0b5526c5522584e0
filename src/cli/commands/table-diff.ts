import { formatByteLength } from '../../base/index.ts';
import type { Snapshot } from '../../delta/index.ts';
import { type CommandSpec, option } from '../command.ts';
import { lakeOf, TABLE, versionOption } from '../table-argument.ts';
import { formatCount } from '../text-table.ts';

export const diff: CommandSpec = {
  name: 'diff',
  summary: 'what changed between two versions: rows, files, columns, properties',
  description:
    'Compares two versions by the log: no data file is opened. The second is the newest, or the one that stands behind the table’s name. For the rows themselves see `table changes`.',
  arguments: [TABLE],
  options: [option('--from <version>', 'a version such as 12 or v12, or a time such as 2025-12-13')],
  examples: [
    'barline table diff training_bars --from 12',
    'barline table diff training_bars@v15 --from 12 --json',
    'barline table diff training_bars --from 2025-12-13',
  ],
  run: async (invocation, [text = ''], options) => {
    const { output } = invocation;
    const { openTable } = await import('../../query/index.ts');
    const at = await versionOption(options, 'from');
    const { lake } = await lakeOf(invocation);
    const { name, table, snapshot } = await openTable(text, lake, invocation.directory);
    const document = { table: name, ...(await difference(await table.snapshot(at), snapshot)) };
    output.json(document);
    if (!output.options.json) output.text(diffText(document));
    return 0;
  },
};

async function difference(before: Snapshot, after: Snapshot) {
  const { tableFacts } = await import('../../query/index.ts');
  const [then, now] = [tableFacts(before), tableFacts(after)];
  return {
    from: before.version,
    to: after.version,
    rows: { from: then.rowCount, to: now.rowCount },
    size_bytes: { from: then.byteLength, to: now.byteLength },
    files: { from: then.fileCount, to: now.fileCount, ...fileCounts(before, after) },
    columns: changed(await columnTypes(before), await columnTypes(after)),
    properties: changed(
      new Map(Object.entries(before.properties)),
      new Map(Object.entries(after.properties)),
    ),
  };
}

function fileCounts(before: Snapshot, after: Snapshot) {
  const [then, now] = [before.state.files, after.state.files];
  const onlyIn = (a: typeof then, b: typeof then) => [...a.keys()].filter((key) => !b.has(key)).length;
  return { added: onlyIn(now, then), removed: onlyIn(then, now) };
}

async function columnTypes({ schema }: Snapshot): Promise<Map<string, string>> {
  const { typeText } = await import('../type-text.ts');
  return new Map(
    schema.fields.map(({ name, type, nullable }) => [
      name,
      `${typeText(type)}${nullable ? '' : ' not null'}`,
    ]),
  );
}

/** Names with what they stood for and stand for; null where there is none such. */
function changed(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>) {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].flatMap((name) => {
    const [from, to] = [before.get(name) ?? null, after.get(name) ?? null];
    return from === to ? [] : [{ name, from, to }];
  });
}

type Difference = { readonly table: string } & Awaited<ReturnType<typeof difference>>;

function diffText({
  table,
  from,
  to,
  rows,
  size_bytes: bytes,
  files,
  columns,
  properties,
}: Difference): string {
  const count = (value: number | null) => (value === null ? 'unknown' : formatCount(value));
  const lines = [
    `${table}: version ${from} to ${to}`,
    `rows      ${count(rows.from)} to ${count(rows.to)}`,
    `files     ${count(files.from)} to ${count(files.to)}: ${formatCount(files.added)} added, ${formatCount(files.removed)} removed`,
    `size      ${formatByteLength(bytes.from)} to ${formatByteLength(bytes.to)}`,
  ];
  for (const { name, from: was, to: is } of columns)
    lines.push(`column    ${name}: ${was ?? 'none'} to ${is ?? 'none'}`);
  for (const { name, from: was, to: is } of properties) {
    lines.push(`property  ${name}: ${was ?? 'none'} to ${is ?? 'none'}`);
  }
  return lines.join('\n');
}
