/** Options as commander gives them, checked. */
import { usageError } from '../base/index.ts';

type Options = Readonly<Record<string, unknown>>;

/** The text of an option, or undefined when it was not given. */
export function textOption(options: Options, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

/** A whole number from `least` on; a usage error for anything else. */
export function countOption(options: Options, name: string, least = 0): number | undefined {
  const text = textOption(options, name);
  if (text === undefined) return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least) return value;
  const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw usageError(
    `${flag} is ${JSON.stringify(text)}; expected a whole number${least > 0 ? ` from ${least} on` : ''}`,
    `e.g. ${flag} 20`,
  );
}

/** The parts of a list such as `a,b`; a usage error when one is empty. */
export function listOption(options: Options, name: string): string[] | undefined {
  const text = textOption(options, name);
  if (text === undefined) return undefined;
  const parts = text.split(',').map((part) => part.trim());
  if (parts.every((part) => part !== '')) return parts;
  throw usageError(`--${name} is ${JSON.stringify(text)}; expected names with commas between them`);
}

/** A folder of this machine; a usage error for the URI of another place. */
export function folderOption(options: Options, name: string): string | undefined {
  const folder = textOption(options, name);
  const scheme = /^[a-z][a-z0-9+.-]+:\/\//i.exec(folder ?? '')?.[0];
  if (scheme === undefined) return folder;
  throw usageError(
    `--${name} ${folder}: expected a folder of this machine, found ${scheme}`,
    'write there, then copy the files; `barline months run` takes its source and its lake from s3:// as well',
  );
}
