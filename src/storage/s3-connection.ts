import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { checkEndpoint, type S3Settings, s3SettingsFrom } from './s3-settings.ts';

export type S3Sdk = typeof import('@aws-sdk/client-s3');

/** What requests need of the world besides the store; tests hand in their own. */
export interface S3World {
  /** Uniform in [0, 1). */
  random(): number;
  sleepMs(durationMs: number): Promise<void>;
  uuid(): string;
}

export const systemS3World: S3World = {
  random: () => Math.random(),
  sleepMs: async (durationMs) => {
    await delay(durationMs);
  },
  uuid: () => randomUUID(),
};

const CONNECT_TIMEOUT_MS = 10_000;
const MAX_SOCKETS = 64;
const DEFAULT_IDLE_SECONDS = 30;

/** One client and its pool of connections. The SDK is loaded when the first request is made. */
export class S3Connection {
  readonly settings: S3Settings;
  readonly world: S3World;
  /** As messages name it. */
  readonly server: string;
  /** Whether conditional PUT works, by bucket: asked once. */
  readonly conditionalPut = new Map<string, Promise<boolean>>();
  /** Buckets whose ETags look like an MD5 of the object and are none. */
  readonly oddEtags = new Set<string>();
  /** Requests tried again, of all roots. */
  retryCount = 0;
  #opened: Promise<{ readonly sdk: S3Sdk; readonly client: S3Client }> | undefined;

  constructor(settings: S3Settings, world: S3World = systemS3World) {
    if (settings.endpoint !== undefined) checkEndpoint(settings.endpoint);
    this.settings = settings;
    this.world = world;
    this.server = settings.endpoint === undefined ? 'AWS' : new URL(settings.endpoint).host;
  }

  open(): Promise<{ readonly sdk: S3Sdk; readonly client: S3Client }> {
    this.#opened ??= import('@aws-sdk/client-s3').then((sdk) => ({
      sdk,
      client: new sdk.S3Client(clientConfiguration(this.settings)),
    }));
    return this.#opened;
  }

  /**
   * Where the credentials come from, in the SDK's words for its features; undefined when there are none. Empty where
   * the SDK does not tell.
   */
  async credentialSource(): Promise<string[] | undefined> {
    const { client } = await this.open();
    const found = await client.config.credentials().catch(() => undefined);
    return found === undefined ? undefined : Object.keys(('$source' in found && found.$source) || {});
  }

  /** The texts of the credentials in use, as far as they are known. */
  async secrets(): Promise<string[]> {
    const { client } = await this.open();
    const found = await client.config.credentials().catch(() => undefined);
    return [found?.secretAccessKey, found?.sessionToken, found?.accessKeyId].filter(
      (text) => text !== undefined,
    );
  }
}

function clientConfiguration(settings: S3Settings): S3ClientConfig {
  const { endpoint, region, credentials, idleTimeoutSeconds = DEFAULT_IDLE_SECONDS } = settings;
  const own = endpoint !== undefined;
  const checksums = (settings.checksums ?? !own) ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED';
  const agent = { keepAlive: true, maxSockets: MAX_SOCKETS };
  return {
    ...(own && { endpoint }),
    ...(region !== undefined ? { region } : own && { region: 'us-east-1' }),
    ...(credentials && { credentials: { ...credentials } }),
    forcePathStyle: settings.pathStyle ?? own,
    requestChecksumCalculation: checksums,
    responseChecksumValidation: checksums,
    followRegionRedirects: true,
    // tries are counted here, where it is known what a lost answer means
    maxAttempts: 1,
    // it would cost a connection of its own for every part
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: idleTimeoutSeconds * 1000,
      httpAgent: agent,
      httpsAgent: agent,
    },
  };
}

const shared = new Map<string, S3Connection>();

/** The connection that the environment describes; one for all roots of a process, so that they share its sockets. */
export function environmentConnection(
  environment: Readonly<Record<string, string | undefined>>,
): S3Connection {
  const settings = s3SettingsFrom(environment);
  const key = JSON.stringify([settings, environment.AWS_PROFILE, environment.AWS_ACCESS_KEY_ID]);
  let connection = shared.get(key);
  if (connection === undefined) {
    connection = new S3Connection(settings);
    shared.set(key, connection);
  }
  return connection;
}
