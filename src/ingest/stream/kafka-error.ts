import { BarlineError } from '../../base/index.ts';

interface Place {
  readonly brokers: readonly string[];
  readonly topic: string;
}

const NO_TOPIC = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'INVALID_TOPIC_EXCEPTION', 'UNKNOWN_TOPIC_ID']);
const REFUSED = /AUTHORIZATION_FAILED$|^SASL_|^UNSUPPORTED_SASL/;

/** What the client says, as one of three things a user can do something about. */
export function kafkaError(error: unknown, { brokers, topic }: Place): BarlineError {
  if (error instanceof BarlineError) return error;
  const causes = [...causesOf(error)];
  const text = [...new Set(causes.map(({ message }) => message))].join('; ');
  const ids = causes.flatMap((cause) =>
    'apiId' in cause && typeof cause.apiId === 'string' ? [cause.apiId] : [],
  );
  const facts = { brokers, topic };
  if (
    ids.some((id) => NO_TOPIC.has(id)) ||
    causes.some(({ message }) => message.startsWith('Unknown topic'))
  ) {
    return new BarlineError({
      code: 'KAFKA_NO_TOPIC',
      message: `there is no topic ${JSON.stringify(topic)} at ${brokers.join(', ')}`,
      hint: 'barline makes no topics; make it, or look at --topic',
      cause: error,
      facts,
    });
  }
  const isRefused = causes.some(
    ({ name, message }) => name === 'AuthenticationError' || /authenticat/i.test(message),
  );
  if (isRefused || ids.some((id) => REFUSED.test(id))) {
    return new BarlineError({
      code: 'KAFKA_REFUSED',
      message: `${brokers.join(', ')} refused the client (${text})`,
      hint: 'see `stream.tls` and `stream.sasl` in docs/streaming.md',
      cause: error,
      facts,
    });
  }
  return new BarlineError({
    code: 'KAFKA_UNREACHABLE',
    message: `no broker answers at ${brokers.join(', ')} (${text})`,
    hint: 'give host:port of brokers with --brokers; a broker with TLS needs `stream.tls`',
    cause: error,
    facts,
  });
}

/** An error, its causes, and those it gathers. */
function* causesOf(error: unknown): Generator<Error> {
  if (!(error instanceof Error)) return;
  yield error;
  if (error instanceof AggregateError) for (const each of error.errors) yield* causesOf(each);
  yield* causesOf(error.cause);
}
