import { relative, sep } from 'node:path';

/** A path as its reader would type it: from the working directory when it lies below, else whole. URIs stay as they are. */
export function shownPath(path: string, directory: string): string {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(path)) return path;
  const near = relative(directory, path);
  return near === '' || near === '..' || near.startsWith(`..${sep}`) ? path : near;
}

/** A text as one word of a POSIX shell. */
export function shellWord(text: string): string {
  return /^[\w.,:/@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
