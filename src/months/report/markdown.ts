/** A page as Markdown, with tables as GitHub has them. Charts are their tables. */
import type { Block, Page, Table } from './page.ts';

export function renderMarkdown(page: Page): string {
  const sections = page.sections.map(({ title, blocks }) =>
    [`## ${words(title)}`, ...blocks.map(blockMarkdown)].join('\n\n'),
  );
  return `${[`# ${words(page.title)}`, words(page.subtitle), ...sections].join('\n\n')}\n`;
}

/** Text that stays text: nothing in it is markup, neither Markdown nor HTML, and it ends no line. */
function words(text: string): string {
  return text
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .replace(/[\\`*[\]|~#]|(?<![^\W_])_|_(?![^\W_])/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

function blockMarkdown(block: Block): string {
  switch (block.kind) {
    case 'text':
      return words(block.text);
    case 'facts':
      return block.facts
        .map(
          ({ name, value, note }) =>
            `- ${words(name)}: **${words(value)}**${note === undefined ? '' : ` (${words(note)})`}`,
        )
        .join('\n');
    case 'table':
    case 'charts':
      return tableMarkdown(block.table);
    case 'actions':
      return block.groups
        .map(({ title, actions, command }) => {
          const items = actions.flatMap((each) => {
            const lines = each.lines.map((line) => `- ${words(line)}`);
            return each.title === ''
              ? lines
              : [`- **${words(each.title)}**`, ...lines.map((line) => `  ${line}`)];
          });
          return [
            actions.length > 0 ? `### ${words(title)}` : words(title),
            ...(command === null ? [] : [`\`\`\`sh\n${command}\n\`\`\``]),
            ...(items.length === 0 ? [] : [items.join('\n')]),
          ].join('\n\n');
        })
        .join('\n\n');
  }
}

function tableMarkdown({ title, columns, rows }: Table): string {
  const lines = [
    columns.map((column) => words(column.title)),
    columns.map(({ align }) => (align === 'right' ? '---:' : '---')),
    ...rows.map((row) => row.map(({ text }) => words(text))),
  ];
  return `**${words(title)}**\n\n${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}`;
}
