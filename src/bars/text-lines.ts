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
    const lines = (rest + decoded(decoder, chunk, source, lineCount)).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE_LENGTH) throw notText(source, lineCount + lines.length);
    lineCount += lines.length;
    yield lines.map(withoutReturn);
  }
  rest += decoded(decoder, null, source, lineCount);
  if (rest !== '') yield [withoutReturn(rest)];
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

/** The text of a chunk; null ends the stream. */
function decoded(
  decoder: InstanceType<typeof TextDecoder>,
  chunk: Uint8Array | null,
  source: string,
  linesBefore: number,
): string {
  try {
    return chunk === null ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch (cause) {
    if (cause instanceof TypeError) throw notText(source, linesBefore + (chunk ? soundLines(chunk) : 0));
    throw cause;
  }
}

/** Line ends before the first bytes that are no UTF-8. */
function soundLines(chunk: Uint8Array): number {
  const [sound = ''] = new TextDecoder().decode(chunk).split('\ufffd', 1);
  return sound.split('\n').length - 1;
}

function notText(source: string, linesBefore: number): BarlineError {
  return new BarlineError({
    code: 'NOT_TEXT',
    message: `${source}: expected lines of UTF-8 text, found other bytes after line ${linesBefore}.`,
    hint: 'Check that the file is what its name says.',
    facts: { file: source, line: linesBefore + 1 },
  });
}
