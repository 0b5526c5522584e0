/** A real SMTP server on loopback that keeps what it is sent. */

import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { onTestFinished } from 'vitest';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
  readonly user: unknown;
  readonly secure: boolean;
}

export interface MailServerOptions extends SMTPServerOptions {
  /** What becomes of a mail that came whole; an error is the server's answer. */
  readonly onMail?: (mail: ReceivedMail) => Error | undefined;
  /** Cut the connection instead of answering. */
  readonly losesAnswers?: () => boolean;
  readonly port?: number;
}

export async function startMailServer(options: MailServerOptions = {}) {
  const { onMail, losesAnswers, port, ...serverOptions } = options;
  const mails: ReceivedMail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    ...serverOptions,
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        const mail = {
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          text: Buffer.concat(chunks).toString(),
          user: session.user,
          secure: session.secure,
        };
        const refusal = onMail?.(mail);
        if (refusal === undefined) mails.push(mail);
        if (losesAnswers?.() === true) for (const each of server.connections) each._socket.destroy();
        else callback(refusal);
      });
    },
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    server.listen(port ?? 0, '127.0.0.1', () => resolve());
  });
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  onTestFinished(close);
  const address = server.server.address();
  return {
    mails,
    close,
    port: typeof address === 'object' && address !== null ? address.port : 0,
    /** `raised 2024-01`, one for each notice in the mails. */
    lines: () => mails.flatMap(({ text }) => bodyOf(text).match(/^(?:alert|resolved|test): \S+/gm) ?? []),
  };
}

/** The text of a mail without its headers, soft line breaks undone. */
export function bodyOf(mail: string): string {
  const text = mail.slice(mail.indexOf('\r\n\r\n') + 4);
  return text.replaceAll('=\r\n', '').replaceAll('\r\n', '\n');
}
