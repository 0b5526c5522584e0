import { masking } from '../../base/index.ts';
import { messageId, noticeLine, subjectOf } from './message-text.ts';
import { type AlertMessage, messagesOf, notDelivered, type Sink } from './sink.ts';

export interface SmtpOptions {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** `starttls`: refuses a server that cannot; `tls`: from the first byte; `none`: in the clear. */
  readonly tls: 'starttls' | 'tls' | 'none';
  readonly from: string;
  readonly to: readonly string[];
  readonly login: { readonly user: string; readonly password: string } | undefined;
  readonly timeoutMs: number;
}

/**
 * E-mail by SMTP, a text a message. Delivered when the server has taken it for at least one of the recipients: sent
 * again because of the others, the first would get it twice.
 */
export function smtpSink(options: SmtpOptions): Sink {
  const { name, host, port, tls, login } = options;
  const target = `${host}:${port} to ${options.to.join(', ')}`;
  const mask = masking([login?.password, login && `\0${login.user}\0${login.password}`]);
  return {
    name,
    type: 'smtp',
    target,
    send: async (message, signal) => {
      const { createTransport } = await import('nodemailer');
      const transport = createTransport({
        host,
        port,
        secure: tls === 'tls',
        requireTLS: tls === 'starttls',
        ignoreTLS: tls === 'none',
        ...(login && { auth: { user: login.user, pass: login.password } }),
        connectionTimeout: options.timeoutMs,
        greetingTimeout: options.timeoutMs,
        socketTimeout: options.timeoutMs,
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      try {
        const { response, rejected } = await transport.sendMail({ ...mailOf(message, options), signal });
        const answer = mask(response.split('\n')[0] ?? '');
        return rejected.length === 0 ? answer : `${answer}; refused for ${rejected.join(', ')}`;
      } catch (error) {
        throw notDelivered({ name, target }, mask(signal.aborted ? 'no answer in time' : messagesOf(error)));
      } finally {
        transport.close();
      }
    },
  };
}

function mailOf(message: AlertMessage, { from, to }: SmtpOptions) {
  const lines = message.notices.map((notice) => {
    const since = notice.resolved_at === null ? '' : `, until ${notice.resolved_at}`;
    return `${noticeLine(notice)}\n  since ${notice.raised_at}${since}; id ${notice.id}`;
  });
  return {
    from,
    to: [...to],
    subject: subjectOf(message),
    text: `${lines.join('\n\n')}\n\nlake ${message.lake}\n`,
    // the same for each try, so that a mail whose answer was lost can be told from a new one
    messageId: `<${messageId(message)}@barline>`,
    headers: { 'Auto-Submitted': 'auto-generated' },
  };
}
