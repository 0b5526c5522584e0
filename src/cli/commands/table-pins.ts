import type { Pin } from '../../delta/index.ts';
import type { CommandSpec } from '../command.ts';
import { isoTime, lakeOf, PLAIN_TABLE, TABLE } from '../table-argument.ts';
import { type TextColumn, textTable } from '../text-table.ts';

const NAME: readonly [string, string] = ['<name>', 'the pin’s name: letters, digits, ".", "_" and "-"'];

export const pin: CommandSpec = {
  name: 'pin',
  summary: 'keeps a version from vacuum and log clean-up, under a name',
  description:
    'Keeps a version readable whatever its age, until it is unpinned. Only Barline knows of pins: a vacuum by Spark or delta-rs removes files of pinned versions like any others.',
  arguments: [TABLE, NAME],
  examples: [
    'barline table pin training_bars baseline-2025-12',
    'barline table pin training_bars@v12 experiment-7',
  ],
  run: async (invocation, [text = '', name = '']) => {
    const { openTable } = await import('../../query/index.ts');
    const { lake } = await lakeOf(invocation);
    const { name: tableName, table, snapshot } = await openTable(text, lake, invocation.directory);
    const pinned = await table.pin(name, snapshot.version);
    invocation.output.json({ table: tableName, ...pinDocument(pinned) });
    invocation.output.text(`${tableName}: version ${pinned.version} is pinned as ${pinned.name}`);
    return 0;
  },
};

export const unpin: CommandSpec = {
  name: 'unpin',
  summary: 'takes a pin away',
  arguments: [PLAIN_TABLE, NAME],
  examples: [
    'barline table unpin training_bars baseline-2025-12',
    'barline table unpin training_bars experiment-7 --json',
  ],
  run: async (invocation, [text = '', name = '']) => {
    const { openTable } = await import('../../query/index.ts');
    const { lake } = await lakeOf(invocation);
    const { name: tableName, table } = await openTable(text, lake, invocation.directory);
    await table.unpin(name);
    invocation.output.json({ table: tableName, unpinned: name });
    invocation.output.text(`${tableName}: ${name} is no longer pinned`);
    return 0;
  },
};

export const pins: CommandSpec = {
  name: 'pins',
  summary: 'versions that are pinned',
  arguments: [PLAIN_TABLE],
  examples: ['barline table pins training_bars', 'barline table pins training_bars --json'],
  run: async (invocation, [text = '']) => {
    const { output } = invocation;
    const { openTable } = await import('../../query/index.ts');
    const { lake } = await lakeOf(invocation);
    const { name: tableName, table } = await openTable(text, lake, invocation.directory);
    const found = await table.pins();
    for (const each of found) output.json(pinDocument(each));
    if (found.length === 0) output.note(`${tableName} has no pins`);
    else if (!output.options.json) {
      const rows = found.map((each) => [
        each.name,
        String(each.version),
        isoTime(each.pinnedMs) ?? '',
        each.engineInfo,
      ]);
      output.text(textTable(COLUMNS, rows));
    }
    return 0;
  },
};

const COLUMNS: readonly TextColumn[] = [
  { title: 'name' },
  { title: 'version', align: 'right' },
  { title: 'pinned' },
  { title: 'by' },
];

function pinDocument({ name, version, pinnedMs, engineInfo }: Pin) {
  return { name, version, pinned: isoTime(pinnedMs), engine: engineInfo };
}
