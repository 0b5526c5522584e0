import { createHmac } from 'node:crypto';
import { postJson, shownAddress } from './http-post.ts';
import { messageId } from './message-text.ts';
import type { AlertMessage, Sink } from './sink.ts';

export interface WebhookOptions {
  readonly name: string;
  /** Its path and query may be secret. */
  readonly url: string;
  /** Key of the signature; none, no signature. */
  readonly secret: string | undefined;
  readonly now: () => number;
}

/**
 * Any HTTP endpoint. With a secret the body is signed: `x-barline-signature` is `sha256=` and the hexadecimal
 * HMAC-SHA-256 of `<x-barline-timestamp>.<body>`.
 */
export function webhookSink({ name, url, secret, now }: WebhookOptions): Sink {
  const target = shownAddress(url);
  return {
    name,
    type: 'webhook',
    target,
    send: (message, signal) => {
      const body = JSON.stringify(webhookDocument(message));
      const timestamp = String(Math.floor(now() / 1000));
      const headers = { 'idempotency-key': messageId(message), 'x-barline-timestamp': timestamp };
      const signature =
        secret === undefined
          ? {}
          : {
              'x-barline-signature': `sha256=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`,
            };
      return postJson({ name, target, url, secrets: [secret] }, body, { ...headers, ...signature }, signal);
    },
  };
}

/** The documented shape. */
export function webhookDocument(message: AlertMessage) {
  return { version: 1, id: messageId(message), lake: message.lake, alerts: message.notices };
}
