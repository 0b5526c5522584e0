/** The section `stream` as it stands in `barline.yaml`, checked at the edge. */
import { z } from 'zod';
import { parseByteLength, parseDurationSeconds } from '../base/index.ts';

const duration = (least: string) =>
  z
    .string()
    .refine(
      (text) => (parseDurationSeconds(text) ?? 0) >= (parseDurationSeconds(least) ?? 0),
      `expected at least ${least}`,
    );

const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected the name of an environment variable');
const file = z.string().min(1);

const tlsSchema = z
  .strictObject({
    ca_file: file.optional().describe('Certificates (PEM) to trust instead of the machine’s.'),
    cert_file: file.optional().describe('The client’s own certificate (PEM), where brokers ask for one.'),
    key_file: file.optional().describe('Its key (PEM).'),
  })
  .refine((tls) => (tls.cert_file === undefined) === (tls.key_file === undefined), {
    path: ['key_file'],
    message: 'expected cert_file and key_file together',
  });

const saslSchema = z.strictObject({
  mechanism: z.enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']).describe('How to log in.'),
  user: z.string().min(1).describe('Who logs in.'),
  password_env: variable
    .default('BARLINE_KAFKA_PASSWORD')
    .describe('The environment variable that holds the password.'),
});

export const streamSchema = z
  .strictObject({
    brokers: z
      .array(z.string().regex(/^[^\s,:]+:\d{1,5}$|^\[[0-9a-f:]+\]:\d{1,5}$/i, 'expected host:port'))
      .default([])
      .describe('Brokers of Kafka to ask first, `host:port`.'),
    topic: z.string().min(1).nullable().default(null).describe('The topic.'),
    group: z
      .string()
      .min(1)
      .default('barline')
      .describe('The consumer group; its members share the partitions.'),
    instance: z
      .string()
      .regex(/^\S+$/, 'expected a name without spaces')
      .nullable()
      .default(null)
      .describe('A name of this member that it keeps over restarts: then its partitions wait for it.'),
    session: duration('1s')
      .default('10s')
      .describe('How long the group waits for a member that is gone without a word.'),
    batch: duration('100ms').default('5s').describe('Time between two commits.'),
    lateness: duration('0s')
      .default('10s')
      .describe('How much older than the newest of its partition a message may be.'),
    idle: duration('1s')
      .default('60s')
      .describe('A partition that has been silent for so long ends its open windows.'),
    future: duration('0s')
      .default('60s')
      .describe('How far ahead of the clock the time of a message may be.'),
    max_message_bytes: z
      .string()
      .refine((text) => (parseByteLength(text) ?? 0) > 0, 'expected a size such as 1MB')
      .default('1MB')
      .describe('Longer messages become dead letters.'),
    tls: tlsSchema.nullable().default(null).describe('Encryption; `{}` trusts what the machine trusts.'),
    sasl: saslSchema.nullable().default(null).describe('Logging in.'),
  })
  .prefault({})
  .describe('`barline stream`.');
