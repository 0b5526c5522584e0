/** Hides what is secret in settings and texts before anybody sees them. */

const SECRET = /(key|secret|token|password)/i;

/** Names of environment variables are none; what they hold is. */
const VARIABLE = /_env$/;

/**
 * A setting as it may be shown: `***` where its key says that it is secret, and of addresses that alerts are posted to
 * (anywhere under `sinks`) only scheme and host, since their paths are keys.
 */
export function masked(key: string, value: unknown): unknown {
  const last = key.slice(key.lastIndexOf('.') + 1);
  if (value === undefined) return undefined;
  if (SECRET.test(last) && !VARIABLE.test(last)) return '***';
  if (Array.isArray(value)) return value.map((item, index) => masked(`${key}.${index}`, item));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, masked(`${key}.${name}`, item)]),
    );
  }
  return typeof value === 'string' && /(^|\.)sinks\./.test(`${key}.`) ? maskedAddress(last, value) : value;
}

function maskedAddress(name: string, text: string): string {
  if (!text.includes('://')) return name === 'url' ? '***' : text;
  const { protocol, host } = URL.parse(text) ?? {};
  return host === undefined || host === '' ? '***' : `${protocol}//${host}/***`;
}

/** A shorter secret would hide half of every text. */
const LEAST_SECRET = 4;

/** Hides secrets in texts, in the forms that they travel in as well: as part of an address, in JSON, in base64. */
export function masking(secrets: readonly (string | undefined)[]): (text: string) => string {
  const forms = secrets
    .flatMap((secret) => (secret === undefined || secret.length < LEAST_SECRET ? [] : [secret]))
    .flatMap((secret) => [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      Buffer.from(secret).toString('base64'),
      // HTTP's basic authentication with the secret as its user name
      Buffer.from(`${secret}:`).toString('base64'),
    ])
    // the longest first, so that none is left half hidden
    .sort((a, b) => b.length - a.length);
  return (text) => forms.reduce((hidden, form) => hidden.replaceAll(form, '***'), text);
}
