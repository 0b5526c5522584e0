import { BarlineError } from '../../base/index.ts';
import type { Notice } from '../notice.ts';

/** One message: everything that came up or went away since the last one. */
export interface AlertMessage {
  readonly lake: string;
  readonly notices: readonly Notice[];
}

/** Where alerts go. */
export interface Sink {
  /** As the configuration calls it. */
  readonly name: string;
  readonly type: 'console' | 'slack' | 'webhook' | 'smtp';
  /** Where to, for people: without anything secret. */
  readonly target: string;
  /**
   * Returns once the other side has taken the message, with its answer in words. Throws `ALERT_NOT_DELIVERED`, and
   * soon when the signal is aborted.
   */
  readonly send: (message: AlertMessage, signal: AbortSignal) => Promise<string>;
}

/** What the other side said, or that it said nothing. Must hold nothing secret. */
export function notDelivered(
  sink: Pick<Sink, 'name' | 'target'>,
  why: string,
  facts: { readonly status?: number; readonly retryAfterSeconds?: number } = {},
): BarlineError {
  return new BarlineError({
    code: 'ALERT_NOT_DELIVERED',
    message: `the sink ${sink.name} (${sink.target}) did not take an alert: ${why}`,
    hint: 'check it with `barline monitor --test-sinks`; the alert is kept and sent again',
    facts: { sink: sink.name, ...facts },
  });
}

/** `fetch failed: connect ECONNREFUSED 127.0.0.1:80`: an error with what lies behind it. */
export function messagesOf(error: unknown): string {
  const messages: string[] = [];
  let each: unknown = error;
  for (let depth = 0; each instanceof Error && depth < 5; depth++) {
    if (each.message !== '' && !messages.includes(each.message)) messages.push(each.message);
    each = each instanceof AggregateError ? each.errors[0] : each.cause;
  }
  return messages.join(': ') || String(error);
}
