/** Options that may be given several times, each `left=right`. */
import { usageError } from '../base/index.ts';

/** The texts of a repeatable option. */
export function textsOption(options: Readonly<Record<string, unknown>>, name: string): string[] {
  const values: unknown = options[name];
  return Array.isArray(values) ? values.filter((value) => typeof value === 'string') : [];
}

/** Pairs of a repeatable option, split at the first `=`; a usage error when there is none. */
export function pairsOption(
  options: Readonly<Record<string, unknown>>,
  name: string,
  flag: string,
  expected: string,
): [string, string][] {
  return textsOption(options, name).map((text) => {
    const split = text.indexOf('=');
    if (split > 0) return [text.slice(0, split).trim(), text.slice(split + 1).trim()];
    throw usageError(`${flag} is ${JSON.stringify(text)}; expected ${expected}`);
  });
}
