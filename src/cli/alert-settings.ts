/** Alerts as they stand in `barline.yaml`, checked at the edge. */
import { z } from 'zod';
import { parseByteLength } from '../base/index.ts';

const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]*$/, 'expected lower-case letters, digits and hyphens')
  .describe('How reports and the lake call it; needed where two are of one type.');

const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected the name of an environment variable');

/** An address that can be posted to; who logs in by the address itself writes the password into the file. */
export function isPostAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && username === '' && password === '';
}

const url = z
  .string()
  .refine(isPostAddress, 'expected an http:// or https:// address without a user')
  .optional()
  .describe('Where to post; shown without its path. Either this or `url_env`.');
const urlEnv = variable
  .optional()
  .describe('The environment variable that holds the address, for one that is secret.');

const oneAddress = {
  check: (sink: { url?: string | undefined; url_env?: string | undefined }) =>
    (sink.url === undefined) !== (sink.url_env === undefined),
  problem: { path: ['url'], message: 'expected either url or url_env' },
};

const LOOPBACK = /^(localhost|127(\.\d+){3}|::1|\[::1\])$/;

const consoleSchema = z.strictObject({
  type: z.literal('console').describe('Lines on stderr.'),
  name: name.default('console'),
});

const slackSchema = z
  .strictObject({
    type: z.literal('slack').describe('An incoming webhook of Slack.'),
    name: name.default('slack'),
    url,
    url_env: urlEnv,
  })
  .refine(oneAddress.check, oneAddress.problem);

const webhookSchema = z
  .strictObject({
    type: z.literal('webhook').describe('JSON posted to any address.'),
    name: name.default('webhook'),
    url,
    url_env: urlEnv,
    secret_env: variable
      .optional()
      .describe(
        'The environment variable that holds the key of the signature; without it nothing is signed.',
      ),
  })
  .refine(oneAddress.check, oneAddress.problem);

const address = z.string().regex(/^[^\s@]+@[^\s@]+$|^.*<[^\s@]+@[^\s@]+>$/, 'expected an e-mail address');

const smtpSchema = z
  .strictObject({
    type: z.literal('smtp').describe('E-mail.'),
    name: name.default('smtp'),
    host: z.string().min(1).describe('The mail server.'),
    port: z.int().min(1).max(65_535).default(587).describe('Its port; 465 goes with `tls: tls`.'),
    tls: z
      .enum(['starttls', 'tls', 'none'])
      .default('starttls')
      .describe(
        '`starttls`: encrypted, or not sent; `tls`: encrypted from the first byte; `none`: in the clear.',
      ),
    from: address.describe('The sender.'),
    to: z.array(address).min(1).describe('The recipients.'),
    user: z.string().min(1).optional().describe('Who logs in; without it nobody does.'),
    password_env: variable.optional().describe('The environment variable that holds the password.'),
  })
  .refine((sink) => (sink.user === undefined) === (sink.password_env === undefined), {
    path: ['password_env'],
    message: 'expected user and password_env together',
  })
  .refine((sink) => sink.tls !== 'none' || sink.user === undefined || LOOPBACK.test(sink.host), {
    path: ['tls'],
    message: 'expected starttls or tls where a password is sent to another machine',
  });

const SINK_TYPES = ['console', 'slack', 'webhook', 'smtp'];

/** One entry of `alerts.sinks`. */
export const sinkSchema = z.discriminatedUnion(
  'type',
  [consoleSchema, slackSchema, webhookSchema, smtpSchema],
  { error: `expected a mapping with type ${SINK_TYPES.join(', ')}` },
);

export type SinkSettings = z.infer<typeof sinkSchema>;

/** The section `alerts`. */
export const alertsSchema = z
  .strictObject({
    sinks: z
      .array(sinkSchema)
      .refine(
        (sinks) => new Set(sinks.map((sink) => sink.name)).size === sinks.length,
        'two sinks of one name; give each a name of its own',
      )
      .default([{ type: 'console', name: 'console' }])
      .meta({
        description: 'Where alerts are sent, a list; empty: nowhere, and none is kept.',
        defaultText: '`[{ type: console }]`',
      }),
    month_minutes: z
      .number()
      .positive()
      .max(30_000)
      .default(45)
      .describe('A month that takes longer is an alert.'),
    score: z.number().min(0).max(1).default(0.8).describe('A quality score below this is an alert.'),
    win_rate: z
      .tuple([z.number().min(0).max(1), z.number().min(0).max(1)])
      .refine(([least, most]) => least < most, 'expected the lower one first')
      .default([0.05, 0.5])
      .describe('A mode whose win rate lies outside these two is an alert.'),
    error_rate: z
      .number()
      .min(0)
      .max(1)
      .default(0.02)
      .describe('A larger share of failed ones among the lake’s months is an alert.'),
    memory: z
      .string()
      .refine((text) => parseByteLength(text) !== undefined, 'expected a size such as 2GB or 700MB')
      .nullable()
      .default(null)
      .meta({ description: 'A run that takes more memory is an alert.', defaultText: '`run.memory`' }),
    resolved: z.boolean().default(true).describe('Whether sinks also hear that a condition has gone.'),
    group_seconds: z
      .number()
      .min(0)
      .max(3600)
      .default(30)
      .describe('How long a run collects what comes up into one message; at its end it sends at once.'),
    wait_seconds: z
      .number()
      .min(0)
      .max(600)
      .default(5)
      .describe(
        'How long the end of a run waits for sinks; what is left is sent by the next run or monitor.',
      ),
    timeout_seconds: z
      .number()
      .positive()
      .max(600)
      .default(10)
      .describe('How long a sink may take to answer.'),
  })
  .prefault({})
  .describe('When someone is told, and how.');
