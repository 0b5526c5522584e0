/** Keys never leave the process but in the request they are for. */
import { masking } from '../base/index.ts';

/** Hides a provider's keys in whatever may be shown, stored or thrown. */
export class Secrets {
  readonly #hide: (text: string) => string;

  constructor(keys: readonly (string | undefined)[]) {
    this.#hide = masking(keys);
  }

  mask(text: string): string {
    return this.#hide(text).replaceAll(/([?&](?:apikey|api_key|key|token|signature)=)[^&\s"']+/gi, '$1***');
  }

  /** An error's messages, causes included, as one plain error: headers may stand in what lies behind it. */
  cause(error: unknown): Error {
    return new Error(this.mask(messageChain(error)));
  }
}

/** `fetch failed: connect ECONNREFUSED 127.0.0.1:80`. */
export function messageChain(error: unknown): string {
  const messages: string[] = [];
  for (let each: unknown = error, depth = 0; each !== undefined && depth < 5; depth++) {
    const text = each instanceof Error ? each.message || each.name : String(each);
    if (text !== '' && !messages.includes(text)) messages.push(text);
    if (each instanceof AggregateError && each.message === '') messages.push(String(each.errors[0]));
    each = each instanceof Error ? each.cause : undefined;
  }
  return messages.join(': ');
}
