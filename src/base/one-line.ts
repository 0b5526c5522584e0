/**
 * Text that others chose (names of files, what servers say) for a line of a terminal or a message: without control
 * characters, which could move the cursor, set colours or begin a line of their own.
 */
export function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}
