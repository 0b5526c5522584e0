/** A report's page as text for the terminal. Charts are their tables. */
import { oneLine } from '../base/index.ts';
import type { Block, Page, Table } from '../months/index.ts';
import { textTable } from './text-table.ts';

/** A longer table is left to the other formats. */
const MOST_ROWS = 48;

const WIDTH = 100;

export function reportText(page: Page): string {
  const sections = page.sections.map(({ title, blocks }) =>
    [`${title}\n${'═'.repeat(title.length)}`, ...blocks.map(blockText)].join('\n\n'),
  );
  return [`${page.title}\n${page.subtitle}`, ...sections].join('\n\n');
}

function blockText(block: Block): string {
  switch (block.kind) {
    case 'text':
      return wrapped(block.text);
    case 'facts': {
      const rows = block.facts.map(({ name, value, note = '' }) => [name, value, note]);
      const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
      return rows
        .map((row) =>
          row
            .map((text, column) => text.padEnd(widths[column] ?? 0))
            .join('  ')
            .trimEnd(),
        )
        .join('\n');
    }
    case 'table':
    case 'charts':
      return tableText(block.table);
    case 'actions':
      return block.groups
        .map(({ title, actions, command }) =>
          [
            wrapped(title),
            ...actions.flatMap((each) => [
              ...(each.title === '' ? [] : [`  ${each.title}`]),
              ...each.lines.map((line) => wrapped(line, '    ')),
            ]),
            ...(command === null ? [] : [`  $ ${command}`]),
          ].join('\n'),
        )
        .join('\n\n');
  }
}

function tableText({ title, columns, rows }: Table): string {
  if (rows.length > MOST_ROWS) {
    return `${title}: ${rows.length} lines, with --format html, markdown or json`;
  }
  const table = textTable(
    columns,
    rows.map((row) => row.map(({ text }) => oneLine(text))),
  );
  return `${title}\n${table}`;
}

/** Lines of some hundred characters, each after the indent. */
function wrapped(text: string, indent = ''): string {
  const lines: string[] = [];
  let line = '';
  for (const word of oneLine(text).split(' ')) {
    if (line !== '' && indent.length + line.length + word.length + 1 > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => indent + each).join('\n');
}
