import { parsedLine, type RawRecord } from './records.ts';

const LONGEST_LINE_BYTES = 16 * 2 ** 20;
const NEW_LINE = 10;

/**
 * Lines of JSON, one record each; empty lines are none. What is no UTF-8 is kept as bytes, and what is longer than
 * 16 MiB handed on in pieces: no record is.
 */
export async function* recordLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<RawRecord> {
  let rest = new Uint8Array(0);
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(NEW_LINE); end >= 0; end = bytes.indexOf(NEW_LINE, start)) {
      yield* recordOf(bytes.subarray(start, end));
      start = end + 1;
    }
    rest = Uint8Array.from(bytes.subarray(start));
    if (rest.length > LONGEST_LINE_BYTES) {
      yield* recordOf(rest);
      rest = new Uint8Array(0);
    }
  }
  yield* recordOf(rest);
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

function* recordOf(bytes: Uint8Array): Generator<RawRecord> {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    yield { value: undefined, original: Uint8Array.from(bytes) };
    return;
  }
  if (text.trim() !== '') yield { value: parsedLine(text), original: text.replace(/\r$/, '') };
}
