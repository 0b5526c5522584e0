/** Lines of a byte stream. */
import { BarlineError } from '../base/index.ts';

/** Bytes in order, cut anywhere. */
export type ByteChunks = AsyncIterable<Uint8Array>;

/** A line longer than this is no line of a table of bars. */
const MAX_LINE_LENGTH = 1 << 20;

/**
 * Batches of lines, without their line ends (LF or CRLF); a byte-order mark is taken off. Holds one chunk and one
 * line. Throws NOT_TEXT for bytes that are no UTF-8 or a line beyond 1 MiB.
 */
export async function* lineBatches(
  chunks: ByteChunks,
  source: string,
): AsyncGenerator<string[], void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  let lineCount = 0;
  for await (const chunk of chunks) {
    const lines = (rest + decoded(() => decoder.decode(chunk, { stream: true }), source, lineCount)).split(
      '\n',
    );
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE_LENGTH) throw notText(source, lineCount + lines.length);
    lineCount += lines.length;
    yield lines.map(withoutReturn);
  }
  rest += decoded(() => decoder.decode(), source, lineCount);
  if (rest !== '') yield [withoutReturn(rest)];
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function decoded(decode: () => string, source: string, linesBefore: number): string {
  try {
    return decode();
  } catch (cause) {
    if (cause instanceof TypeError) throw notText(source, linesBefore);
    throw cause;
  }
}

function notText(source: string, linesBefore: number): BarlineError {
  return new BarlineError({
    code: 'NOT_TEXT',
    message: `${source}: expected lines of UTF-8 text, found other bytes after line ${linesBefore}.`,
    hint: 'Check that the file is what its name says.',
    facts: { file: source, line: linesBefore + 1 },
  });
}
