/** Finding the fields of a line among its bytes. */

const [QUOTE, BACKSLASH, OPEN_BRACE, CLOSE_BRACE, COLON, COMMA, SPACE] = [34, 92, 123, 125, 58, 44, 32];

/** Where the fields of a line lie, each in the place of its column. */
export interface LineFields {
  readonly names: readonly string[];
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /**
   * Finds the fields of the line at bytes [from, to). False where the line is no plain one: `values` then reads it,
   * or says that it cannot be read.
   */
  find(bytes: Buffer, from: number, to: number): boolean;
  /** The fields of a line that is not plain, by column; undefined where it is malformed. */
  values(line: string): readonly unknown[] | undefined;
}

const DELIMITERS = [',', ';', '\t', '|'];

/** Lines of CSV under a header; quotes are allowed, line ends in quotes are not. */
export function csvFields(header: string): LineFields {
  const delimiter = DELIMITERS.find((each) => header.includes(each)) ?? ',';
  const separator = delimiter.charCodeAt(0);
  const names = splitQuoted(header, delimiter) ?? [];
  const starts = new Int32Array(names.length);
  const ends = new Int32Array(names.length);
  return {
    names: names.map((name) => name.trim()),
    starts,
    ends,
    find: (bytes, from, to) => {
      let field = 0;
      let start = from;
      for (let k = from; k < to; k++) {
        const byte = bytes[k];
        if (byte === QUOTE) return false;
        if (byte !== separator) continue;
        if (field >= starts.length) return false;
        starts[field] = start;
        ends[field] = k;
        field++;
        start = k + 1;
      }
      if (field !== starts.length - 1) return false;
      starts[field] = start;
      ends[field] = to;
      return true;
    },
    values: (line) => {
      const fields = splitQuoted(line, delimiter);
      return fields?.length === names.length ? fields.map((field) => field.trim()) : undefined;
    },
  };
}

function splitQuoted(line: string, delimiter: string): string[] | undefined {
  if (!line.includes('"')) return line.split(delimiter);
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (let k = 0; k < line.length; k++) {
    const char = line.charAt(k);
    if (char === '"' && quoted && line.charAt(k + 1) === '"') {
      field += '"';
      k++;
    } else if (char === '"') quoted = !quoted;
    else if (char === delimiter && !quoted) {
      fields.push(field);
      field = '';
    } else field += char;
  }
  return quoted ? undefined : [...fields, field];
}

/**
 * Lines of JSON objects. Those with the first line's keys in its order, without escapes and nesting, are read as
 * bytes; the others by the JSON parser.
 */
export function jsonFields(first: string): LineFields {
  const names = Object.keys(objectOf(first) ?? {});
  const keys = names.map((name) => Buffer.from(JSON.stringify(name)));
  const starts = new Int32Array(names.length);
  const ends = new Int32Array(names.length);
  return {
    names,
    starts,
    ends,
    find: (bytes, from, to) => {
      let at = from;
      if (bytes[at++] !== OPEN_BRACE) return false;
      for (let k = 0; k < keys.length; k++) {
        if (bytes[at] === SPACE) at++;
        const key = keys[k];
        if (key === undefined || !startsWith(bytes, at, key)) return false;
        at += key.length;
        if (bytes[at] === SPACE) at++;
        if (bytes[at++] !== COLON) return false;
        if (bytes[at] === SPACE) at++;
        const quoted = bytes[at] === QUOTE;
        if (quoted) at++;
        starts[k] = at;
        at = quoted ? endOfText(bytes, at, to) : endOfNumber(bytes, at, to);
        if (at < 0) return false;
        ends[k] = at;
        if (quoted) at++;
        if (bytes[at] === SPACE) at++;
        if (bytes[at++] !== (k === keys.length - 1 ? CLOSE_BRACE : COMMA)) return false;
      }
      return at === to;
    },
    values: (line) => {
      const object = objectOf(line);
      return object && names.map((name) => object[name]);
    },
  };
}

function objectOf(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return Object.fromEntries(Object.entries(value));
  } catch {
    return undefined;
  }
}

function startsWith(bytes: Buffer, at: number, key: Buffer): boolean {
  for (let k = 0; k < key.length; k++) if (bytes[at + k] !== key[k]) return false;
  return true;
}

function endOfText(bytes: Buffer, from: number, to: number): number {
  for (let k = from; k < to; k++) {
    const byte = bytes[k];
    if (byte === QUOTE) return k;
    if (byte === BACKSLASH) return -1;
  }
  return -1;
}

/** The end of digits, signs, points and exponents; words such as null are left to the parser. */
function endOfNumber(bytes: Buffer, from: number, to: number): number {
  for (let k = from; k < to; k++) {
    const byte = bytes[k] ?? 0;
    if (byte === COMMA || byte === CLOSE_BRACE || byte === SPACE) return k > from ? k : -1;
    const numeric =
      (byte >= 48 && byte <= 57) || byte === 46 || byte === 45 || byte === 43 || (byte | 32) === 101;
    if (!numeric) return -1;
  }
  return -1;
}
