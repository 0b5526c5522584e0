import { FailedAttempt } from './calls.ts';

/** The largest page of any vendor is some megabytes. */
const MOST_ANSWER_BYTES = 64 * 2 ** 20;
/** Of what is said of a failure. */
const MOST_WORDS_BYTES = 64 * 2 ** 10;

/** A body whole. A larger one than any vendor's is not taken into memory: that fails, for good. */
export async function answerBytes(response: Response, mostBytes = MOST_ANSWER_BYTES): Promise<Buffer> {
  const { bytes, isWhole } = await firstBytes(response, mostBytes);
  if (isWhole) return bytes;
  const reason = `the answer is larger than ${mostBytes / 2 ** 20} MiB`;
  throw new FailedAttempt({ kind: 'permanent', code: 'PROVIDER_ANSWER', reason, status: response.status });
}

export async function answerText(response: Response): Promise<string> {
  return new TextDecoder().decode(await answerBytes(response));
}

/** How a failure's body begins. */
export async function failureWords(response: Response): Promise<string> {
  return new TextDecoder().decode((await firstBytes(response, MOST_WORDS_BYTES)).bytes);
}

async function firstBytes(response: Response, mostBytes: number) {
  const chunks: Uint8Array[] = [];
  let byteLength = 0;
  // leaving the loop cancels the rest
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    byteLength += chunk.length;
    if (byteLength > mostBytes) return { bytes: Buffer.concat(chunks, mostBytes), isWhole: false };
  }
  return { bytes: Buffer.concat(chunks, byteLength), isWhole: true };
}
