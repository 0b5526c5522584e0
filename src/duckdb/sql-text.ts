/** SQL is put together here, from values. */

/** A name as an identifier. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as a literal. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A path as `read_parquet` takes it: what it would expand as a pattern stands for itself. */
export function quotePath(path: string): string {
  return quoteText(path.replace(/[*?[]/g, (character) => `[${character}]`));
}
