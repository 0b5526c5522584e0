/** Keys never leave the process but in the request they are for. */

const MASK = '***';

/** Hides a provider's keys in whatever may be shown, stored or thrown. */
export class Secrets {
  readonly #forms: readonly string[];

  constructor(keys: readonly (string | undefined)[]) {
    const forms = new Set<string>();
    for (const key of keys) {
      // a shorter one would mask half of every text
      if (key === undefined || key.length < 6) continue;
      for (const form of [
        key,
        encodeURIComponent(key),
        JSON.stringify(key).slice(1, -1),
        // HTTP's basic authentication has the key as its user name
        Buffer.from(`${key}:`).toString('base64'),
        Buffer.from(key).toString('base64'),
      ]) {
        forms.add(form);
      }
    }
    // the longest first, so that none is left half hidden
    this.#forms = [...forms].sort((a, b) => b.length - a.length);
  }

  mask(text: string): string {
    let masked = text;
    for (const form of this.#forms) masked = masked.replaceAll(form, MASK);
    return masked.replaceAll(/([?&](?:apikey|api_key|key|token|signature)=)[^&\s"']+/gi, `$1${MASK}`);
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
