/** The stages' reports as `--json` shows them: snake_case keys, times as ISO 8601 text. */
export function reportDocument(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reportDocument);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => documentEntry(key, item)));
}

function documentEntry(key: string, value: unknown): [string, unknown] {
  if (!key.endsWith('Us') || (typeof value !== 'number' && value !== null))
    return [snakeCase(key), reportDocument(value)];
  // the unit goes with the number: what is left is a time
  const name = snakeCase(key.slice(0, -'Us'.length));
  return [
    name === 'timestamp' ? name : `${name}_time`,
    value === null ? null : new Date(value / 1000).toISOString(),
  ];
}

/** `rowsIn` as `rows_in`; what is no such name (a contract, a date) stays. */
function snakeCase(name: string): string {
  return /^[a-z]+([A-Z][a-z0-9]*)+$/.test(name)
    ? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    : name;
}
