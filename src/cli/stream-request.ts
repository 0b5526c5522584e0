/** What `stream` is to read, and by which rules, from its options and the configuration. */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import {
  BarlineError,
  type Configuration,
  parseByteLength,
  parseDurationSeconds,
  systemCode,
  usageError,
} from '../base/index.ts';
import type { FieldNames, KafkaSettings, MessageSource, StreamRules } from '../ingest/index.ts';
import { listOption, textOption } from './arguments.ts';
import type { Invocation } from './command.ts';
import { loadSettings, locate, type Settings } from './configuration.ts';
import { priceBounds } from './provider-settings.ts';

type Options = Readonly<Record<string, unknown>>;

const WINDOW_US = 5_000_000;

/** The configuration in force, options included. */
export function streamSettings(invocation: Invocation, options: Options): Promise<Configuration<Settings>> {
  return loadSettings(invocation, {
    'stream.brokers': listOption(options, 'brokers'),
    'stream.topic': options.topic,
    'stream.group': options.group,
    'stream.instance': options.instance,
    'stream.batch': options.batch,
    'stream.lateness': options.lateness,
    'stream.idle': options.idle,
    'stream.future': options.future,
    'stream.max_message_bytes': options.maxMessageBytes,
  });
}

export async function rulesOf({ stream, ingest }: Settings, options: Options): Promise<StreamRules> {
  return {
    windowUs: WINDOW_US,
    latenessUs: milliseconds(stream.lateness) * 1000,
    futureUs: milliseconds(stream.future) * 1000,
    maxByteLength: parseByteLength(stream.max_message_bytes) ?? 0,
    names: await fieldNames(options),
    ...priceBounds(ingest),
  };
}

/** The schema has let only durations through. */
export function milliseconds(duration: string): number {
  return (parseDurationSeconds(duration) ?? 0) * 1000;
}

/** The key of each field in the messages: its own name, unless `--map field=key` says otherwise. */
async function fieldNames(options: Options): Promise<FieldNames> {
  const { MESSAGE_FIELDS } = await import('../ingest/index.ts');
  const mapped = new Map<string, string>();
  for (const pair of listOption(options, 'map') ?? []) {
    const [field = '', key = ''] = pair.split('=').map((part) => part.trim());
    if (key === '' || !MESSAGE_FIELDS.some((each) => each === field)) {
      throw usageError(
        `--map ${JSON.stringify(pair)}: expected FIELD=KEY with a field of ${MESSAGE_FIELDS.join(', ')}`,
        'e.g. --map asset_pair=s,timestamp=t,price=p,size=q',
      );
    }
    mapped.set(field, key);
  }
  const name = (field: string) => mapped.get(field) ?? field;
  return {
    ...{ asset_pair: name('asset_pair'), timestamp: name('timestamp'), price: name('price') },
    ...{ size: name('size'), open: name('open'), high: name('high'), low: name('low') },
    ...{ close: name('close'), volume: name('volume') },
  };
}

/** Opens what is to be read: Kafka, or the file of `--file`. */
export async function openSource(
  invocation: Invocation,
  options: Options,
  configuration: Configuration<Settings>,
  run: { readonly ingestionId: string; readonly trouble: (message: string | null) => void },
): Promise<MessageSource> {
  const { stream } = configuration.value;
  const file = textOption(options, 'file');
  if (file !== undefined) {
    if (options.brokers !== undefined) throw usageError('--brokers and --file exclude each other');
    return openFile(invocation, file, textOption(options, 'topic'), run.ingestionId);
  }
  if (stream.brokers.length === 0 || stream.topic === null) {
    const missing = stream.brokers.length === 0 ? '--brokers' : '--topic';
    throw usageError(
      `${missing} is missing`,
      'e.g. --brokers localhost:9092 --topic market-data, or --file FILE',
    );
  }
  const { KafkaSource } = await import('../ingest/index.ts');
  const settings: KafkaSettings = {
    brokers: stream.brokers,
    topic: stream.topic,
    group: stream.group,
    ...(stream.instance !== null && { instance: stream.instance }),
    sessionMs: milliseconds(stream.session),
    ...(await securityOf(invocation, configuration)),
  };
  return KafkaSource.open(settings, run.trouble);
}

async function openFile(
  { directory }: Invocation,
  file: string,
  name: string | undefined,
  ingestionId: string,
): Promise<MessageSource> {
  const { FileSource, fileIdentity } = await import('../ingest/index.ts');
  if (file === '-') {
    let isOpen = false;
    const open = () => {
      if (isOpen) return undefined;
      isOpen = true;
      return process.stdin;
    };
    // without a name nothing tells whether these lines were stored before
    return new FileSource({ topic: name ?? `stdin-${ingestionId}`, open, identity: null });
  }
  const path = resolve(directory, file);
  const open = () => createReadStream(path);
  return new FileSource({ topic: name ?? basename(path), open, identity: await fileIdentity(path) });
}

async function securityOf(
  { environment, directory }: Invocation,
  configuration: Configuration<Settings>,
): Promise<Pick<KafkaSettings, 'tls' | 'sasl'>> {
  const { tls, sasl } = configuration.value.stream;
  const pem = async (path: string | undefined, key: string) => {
    if (path === undefined) return undefined;
    const located = locate(path, configuration, `stream.tls.${key}`, directory);
    return readFile(located, 'utf8').catch((error: unknown) => {
      throw new BarlineError({
        code: 'CONFIG_FILE_UNREADABLE',
        message: `stream.tls.${key} names ${located}, which cannot be read (${systemCode(error) ?? 'no text'})`,
        exitCode: 2,
        cause: error,
        facts: { key: `stream.tls.${key}`, file: located },
      });
    });
  };
  const [ca, cert, key] = await Promise.all([
    pem(tls?.ca_file, 'ca_file'),
    pem(tls?.cert_file, 'cert_file'),
    pem(tls?.key_file, 'key_file'),
  ]);
  const password = sasl === null ? undefined : environment[sasl.password_env];
  if (sasl !== null && (password === undefined || password === '')) {
    throw usageError(
      `stream.sasl.user is set, but the environment variable ${sasl.password_env} is not`,
      `export ${sasl.password_env}=…`,
    );
  }
  return {
    ...(tls !== null && {
      tls: {
        ...(ca !== undefined && { ca }),
        ...(cert !== undefined && { cert }),
        ...(key !== undefined && { key }),
      },
    }),
    ...(sasl !== null &&
      password !== undefined && { sasl: { mechanism: sasl.mechanism, username: sasl.user, password } }),
  };
}
