import { STATUS_CODES } from 'node:http';
import { masking } from '../../base/index.ts';
import { messagesOf, notDelivered, type Sink } from './sink.ts';

/** As much of an answer's body as is worth quoting. */
const QUOTED_CHARACTERS = 120;
const READ_CHARACTERS = 10_000;

export interface PostTarget extends Pick<Sink, 'name' | 'target'> {
  readonly url: string;
  readonly secrets: readonly (string | undefined)[];
}

/** An address without what may be secret in it: path, query, fragment. */
export function shownAddress(url: string): string {
  const { origin, pathname, search } = new URL(url);
  return pathname === '/' && search === '' ? origin : `${origin}/***`;
}

/** Posts JSON; a 2xx is a yes, anything else throws. Follows no redirect: a secret would go elsewhere. */
export async function postJson(
  target: PostTarget,
  body: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string> {
  const { url } = target;
  const mask = masking([...secretsOf(url), ...target.secrets]);
  const failure = (error: unknown) =>
    notDelivered(target, mask(signal.aborted ? 'no answer in time' : messagesOf(error)));
  const response = await fetch(url, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'barline',
      // messages are rare: a connection kept open would be found closed by the next one
      connection: 'close',
      ...headers,
    },
    redirect: 'manual',
    signal,
  }).catch((error: unknown) => {
    throw failure(error);
  });
  const answer = `${response.status} ${STATUS_CODES[response.status] ?? ''}`.trim();
  if (response.ok) {
    // taken, whatever becomes of the rest of the answer
    await response.body?.cancel().catch(() => undefined);
    return answer;
  }
  const line = await beginningOf(response).catch((error: unknown) => {
    throw failure(error);
  });
  const quoted = mask(line).slice(0, QUOTED_CHARACTERS);
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  throw notDelivered(target, `it answered ${answer}${quoted === '' ? '' : `: ${quoted}`}`, {
    status: response.status,
    ...(seconds > 0 && { retryAfterSeconds: seconds }),
  });
}

/** An answer may quote any part of the address back. */
function secretsOf(url: string): string[] {
  const { pathname, search, searchParams } = new URL(url);
  return [url, pathname.slice(1), ...pathname.split('/'), search.slice(1), ...searchParams.values()];
}

/** The first line of an answer, whole: a secret that was cut could not be told any more. */
async function beginningOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    if (text.length > READ_CHARACTERS) break;
  }
  return text.slice(0, READ_CHARACTERS).split('\n')[0]?.trim() ?? '';
}
