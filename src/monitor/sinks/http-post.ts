import { STATUS_CODES } from 'node:http';
import { masking, messagesOf, notDelivered, type Sink } from './sink.ts';

/** As much of an answer's body as is worth quoting. */
const QUOTED_CHARACTERS = 120;

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
  let response: Response;
  let quoted: string;
  try {
    response = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'barline', ...headers },
      redirect: 'manual',
      signal,
    });
    quoted = await beginningOf(response);
  } catch (error) {
    throw notDelivered(target, mask(signal.aborted ? 'no answer in time' : messagesOf(error)));
  }
  const answer = mask(`${response.status} ${STATUS_CODES[response.status] ?? ''}`.trim());
  if (response.ok) return answer;
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  throw notDelivered(target, `it answered ${answer}${quoted === '' ? '' : `: ${mask(quoted)}`}`, {
    status: response.status,
    ...(seconds > 0 && { retryAfterSeconds: seconds }),
  });
}

/** An answer may quote any part of the address back. */
function secretsOf(url: string): string[] {
  const { pathname, search, searchParams } = new URL(url);
  return [url, pathname.slice(1), ...pathname.split('/'), search.slice(1), ...searchParams.values()];
}

async function beginningOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  const { value } = await reader.read();
  await reader.cancel();
  const line = new TextDecoder().decode(value).split('\n')[0] ?? '';
  return line.trim().slice(0, QUOTED_CHARACTERS);
}
