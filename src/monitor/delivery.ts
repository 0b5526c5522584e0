import { BarlineError } from '../base/index.ts';
import type { Storage } from '../storage/index.ts';
import type { Clock } from './clock.ts';
import type { AlertLedger } from './ledger.ts';
import { withoutSinks } from './notice.ts';
import { SenderClaim } from './sender-claim.ts';
import { notDelivered, type Sink } from './sinks/sink.ts';

/** The most notices in one message: Slack takes 50 blocks. */
const MOST_NOTICES = 20;

export interface SendOptions {
  readonly storage: Storage;
  readonly ledger: AlertLedger;
  readonly clock: Clock;
  /** How long a sink may take to answer. */
  readonly timeoutMs: number;
  /** Differs between any two processes that send. */
  readonly token: string;
}

/**
 * Sends a sink all it has not taken yet, oldest first, unless another process is just doing so. Throws
 * `ALERT_NOT_DELIVERED` at the first message that is not taken; what was taken by then is marked. A process that dies
 * between an answer and its mark, or an answer that is lost, makes a notice go out again under the same id.
 */
export async function sendPending(
  sink: Sink,
  options: SendOptions,
  signal: AbortSignal,
): Promise<'done' | 'busy'> {
  const { storage, ledger, clock, timeoutMs, token } = options;
  const pendingFor = async () => (await ledger.pending()).filter(({ sinks }) => sinks.includes(sink.name));
  if ((await pendingFor()).length === 0) return 'done';
  const claim = await SenderClaim.take(storage, sink.name, { token, clock, leaseMs: 3 * timeoutMs + 30_000 });
  if (claim === undefined) return 'busy';
  try {
    for (;;) {
      // looked at under the claim: what another process has sent in between is marked
      const batch = (await pendingFor()).slice(0, MOST_NOTICES);
      if (batch.length === 0) return 'done';
      await claim.renew();
      const notices = batch.map(({ notice }) => withoutSinks(notice));
      await sendInTime(sink, { lake: ledger.lakeUri, notices }, timeoutMs, signal);
      await Promise.all(batch.map((each) => ledger.markSent(each, sink.name)));
    }
  } finally {
    await claim.release();
  }
}

/** One message, given up when the time is over or the signal is aborted; its answer. */
export async function sendInTime(
  sink: Sink,
  message: Parameters<Sink['send']>[0],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string> {
  signal.throwIfAborted();
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  return sink.send(message, inTime).catch((error: unknown) => {
    throw inTime.aborted && !(error instanceof BarlineError)
      ? notDelivered(sink, 'no answer in time')
      : error;
  });
}
