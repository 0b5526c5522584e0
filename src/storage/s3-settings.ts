import { BarlineError } from '../base/errors.ts';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** How an object store is reached. What is left out comes from the AWS chain: environment, shared config, roles. */
export interface S3Settings {
  /** `https://…`, or `http://…` for a server of one's own. Default: AWS. */
  readonly endpoint?: string;
  readonly region?: string;
  /** Bucket in the path instead of the host name. Default: true with an endpoint, false for AWS. */
  readonly pathStyle?: boolean;
  readonly credentials?: S3Credentials;
  /**
   * Whether uploads carry a CRC32 besides the SHA-256 of their signature, and downloads are checked against theirs.
   * Default: for AWS; other servers may refuse the header.
   */
  readonly checksums?: boolean;
  /** Tries of one request before its error is reported. Default 8: about six seconds of waiting. */
  readonly maxAttempts?: number;
  /** A connection on which nothing moved for so long is given up and the request tried again. Default 30. */
  readonly idleTimeoutSeconds?: number;
  /** Of a multipart upload; files up to this size go in one request. Default 8 MiB, S3's least is 5. */
  readonly partByteLength?: number;
}

/**
 * The settings that environment variables make: `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`, `AWS_REGION` or
 * `AWS_DEFAULT_REGION`, `AWS_VIRTUAL_HOSTED_STYLE_REQUEST` (delta-rs' name), `AWS_REQUEST_CHECKSUM_CALCULATION`.
 * Credentials are not among them: the AWS SDK reads these itself, when the first request is made.
 */
export function s3SettingsFrom(environment: Readonly<Record<string, string | undefined>>): S3Settings {
  const endpoint = environment.AWS_ENDPOINT_URL_S3 || environment.AWS_ENDPOINT_URL;
  const region = environment.AWS_REGION || environment.AWS_DEFAULT_REGION;
  const hosted = environment.AWS_VIRTUAL_HOSTED_STYLE_REQUEST;
  const checksums = environment.AWS_REQUEST_CHECKSUM_CALCULATION;
  return {
    ...(endpoint && { endpoint }),
    ...(region && { region }),
    ...(hosted && { pathStyle: hosted.toLowerCase() !== 'true' }),
    ...(checksums && { checksums: checksums.toLowerCase() === 'when_supported' }),
  };
}

/** `STORAGE_BAD_ENDPOINT` for what is no URL, and for AWS without encryption. */
export function checkEndpoint(endpoint: string): void {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const problem =
    url === undefined || !['http:', 'https:'].includes(url.protocol)
      ? 'expected https://host or http://host:port'
      : url.username !== '' || url.password !== ''
        ? 'it must not hold a user or a password'
        : url.protocol === 'http:' && /(^|\.)amazonaws\.com(\.cn)?$/i.test(url.hostname)
          ? 'AWS is reached by https:// only'
          : undefined;
  if (problem === undefined) return;
  // the text itself is not repeated: it may hold a password
  throw new BarlineError({
    code: 'STORAGE_BAD_ENDPOINT',
    message: `the S3 endpoint${url === undefined ? '' : ` ${url.protocol}//${url.host}`} cannot be used: ${problem}`,
    hint: 'set AWS_ENDPOINT_URL_S3 to the address of an S3 server, or unset it to use AWS',
    exitCode: 2,
  });
}
