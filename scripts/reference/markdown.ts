/** Pieces of the generated pages. */

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** A table as the pages have it: one space around each cell. */
export function markdownTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(titles), `|${'---|'.repeat(titles.length)}`, ...rows.map(line)].join('\n');
}

export function codeBlock(language: string, lines: readonly string[]): string {
  return ['```'.concat(language), ...lines, '```'].join('\n');
}

export const code = (text: string) => `\`${text}\``;
