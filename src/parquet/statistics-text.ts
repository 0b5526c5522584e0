/** Shortening the bounds of long strings and byte strings: a lower bound that stays below, an upper that stays above. */

/** Bounds longer than this are shortened, so that a footer of long texts stays small. */
export const LONGEST_BOUND_BYTES = 64;

const utf8 = new TextDecoder();

interface TextBound {
  readonly value: string | Uint8Array;
  readonly exact: boolean;
}

/** The first 64 bytes (whole characters of text), which sort before or with `value`. */
export function truncateDown(value: Uint8Array, text: boolean): TextBound {
  const head = value.subarray(0, prefixLength(value, text));
  return { value: text ? utf8.decode(head) : head.slice(), exact: head.length === value.length };
}

/**
 * The first 64 bytes with their last character (byte) that can be raised raised, and what follows cut: sorts after
 * `value`. Where none can be, `value` itself.
 */
export function truncateUp(value: Uint8Array, text: boolean): TextBound {
  const head = value.subarray(0, prefixLength(value, text));
  if (head.length < value.length) {
    const raised = text ? raiseText(utf8.decode(head)) : raiseBytes(head);
    if (raised !== undefined) return { value: raised, exact: false };
  }
  return { value: text ? utf8.decode(value) : value.slice(), exact: true };
}

function prefixLength(value: Uint8Array, text: boolean): number {
  if (value.length <= LONGEST_BOUND_BYTES) return value.length;
  let length = LONGEST_BOUND_BYTES;
  while (text && (value[length] & 0xc0) === 0x80) length--;
  return length;
}

function raiseText(text: string): string | undefined {
  const characters = [...text];
  for (let last = characters.length - 1; last >= 0; last--) {
    const point = characters[last].codePointAt(0) ?? 0;
    if (point === 0x10ffff) continue;
    // U+D800 to U+DFFF are no characters.
    const next = point === 0xd7ff ? 0xe000 : point + 1;
    return characters.slice(0, last).join('') + String.fromCodePoint(next);
  }
  return undefined;
}

function raiseBytes(bytes: Uint8Array): Uint8Array | undefined {
  for (let last = bytes.length - 1; last >= 0; last--) {
    if (bytes[last] === 255) continue;
    const raised = bytes.slice(0, last + 1);
    raised[last]++;
    return raised;
  }
  return undefined;
}
