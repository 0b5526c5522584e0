import { BarlineError } from '../base/errors.ts';
import { faultOf, messageOf, property, type S3Fault, textOr } from './s3-fault.ts';
import type { StorageErrorCode, StorageVerb } from './storage-error.ts';

/** What an error is to name. */
export interface S3Place {
  /** `s3://bucket/key`, or the root where a request is about no one object. */
  readonly location: string;
  readonly bucket: string;
  readonly key: string;
  /** Host of the endpoint, or `AWS`. */
  readonly server: string;
  /** Texts that no message may hold. */
  readonly secrets: readonly string[];
}

interface Meaning {
  readonly code: StorageErrorCode;
  readonly says: string;
  readonly hint?: string;
}

/** A failed request as a `BarlineError`: what was being done to which object, what the store said, what to do. */
export function s3Error(error: unknown, verb: StorageVerb, place: S3Place): unknown {
  if (error instanceof BarlineError) return error;
  const fault = faultOf(error);
  const meaning = meaningOf(error, fault, place);
  if (meaning === undefined) return error;
  const message = `cannot ${verb} ${place.location}: ${meaning.says}`;
  return new BarlineError({
    code: meaning.code,
    message: withoutSecrets(message, place.secrets),
    hint: meaning.hint,
    cause: plainCause(error, fault, place.secrets),
    facts: {
      bucket: place.bucket,
      key: place.key,
      server: place.server,
      s3: withoutSecrets(fault.name, place.secrets),
      status: fault.status,
    },
  });
}

/** The SDK's errors carry requests with their signatures and tokens: only name and text go on. */
function plainCause(error: unknown, fault: S3Fault, secrets: readonly string[]): Error {
  const status = fault.status === undefined ? '' : ` (HTTP ${fault.status})`;
  return new Error(withoutSecrets(`${fault.name}${status}: ${messageOf(error)}`, secrets));
}

function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((clean, secret) => (secret === '' ? clean : clean.replaceAll(secret, '***')), text);
}

function meaningOf(error: unknown, fault: S3Fault, place: S3Place): Meaning | undefined {
  return (
    beforeSending(error, fault, place) ??
    NAMED[fault.name]?.(place, error) ??
    byStatus(error, fault, place) ??
    (fault.isTransient ? unavailable(error, fault, place) : undefined)
  );
}

/** What is wrong on this side. Undefined for all else. */
function beforeSending(error: unknown, fault: S3Fault, { server }: S3Place): Meaning | undefined {
  const message = messageOf(error);
  if (fault.status !== undefined) return undefined;
  if (/region is missing/i.test(message)) {
    return {
      code: 'STORAGE_WRONG_REGION',
      says: 'no AWS region is known',
      hint: "set AWS_REGION to the bucket's region, or AWS_ENDPOINT_URL_S3 for a server of your own",
    };
  }
  if (/CredentialsProviderError|TokenProviderError/.test(fault.name) || /credential/i.test(message)) {
    return {
      code: 'STORAGE_NO_CREDENTIALS',
      says: 'no credentials were found',
      hint: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE for a profile in ~/.aws',
    };
  }
  if (fault.name === 'ENOTFOUND') {
    return {
      code: 'STORAGE_UNREACHABLE',
      says: `the host of ${server} is not known`,
      hint: 'check AWS_ENDPOINT_URL_S3, AWS_REGION and the network',
    };
  }
  return undefined;
}

function badCredentials(says: string): () => Meaning {
  return () => ({
    code: 'STORAGE_BAD_CREDENTIALS',
    says,
    hint: 'check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or the profile in AWS_PROFILE',
  });
}

const noBucket = ({ bucket, server }: S3Place): Meaning => ({
  code: 'STORAGE_NO_BUCKET',
  says: `there is no bucket ${bucket} at ${server}`,
  hint: 'check its name and AWS_ENDPOINT_URL_S3; Barline makes no buckets',
});

const wrongRegion = ({ bucket }: S3Place, error: unknown): Meaning => {
  const region = textOr(property(error, 'Region'));
  return {
    code: 'STORAGE_WRONG_REGION',
    says: `the bucket ${bucket} lies in ${region === undefined ? 'another region' : `the region ${region}`}`,
    hint: `set AWS_REGION to ${region ?? "the bucket's region"}`,
  };
};

const noSpace = (): Meaning => ({
  code: 'STORAGE_NO_SPACE',
  says: 'no space is left at the store, or its quota is used up',
  hint: 'free some space and run the command again; nothing was lost',
});

const NAMED: Readonly<Record<string, (place: S3Place, error: unknown) => Meaning>> = {
  NoSuchKey: () => ({ code: 'STORAGE_NOT_FOUND', says: 'there is no such object' }),
  NoSuchBucket: noBucket,
  InvalidBucketName: noBucket,
  InvalidAccessKeyId: badCredentials('the store does not know this access key'),
  // versitygw's word for it, under the status 404
  XAdminUserNotFound: badCredentials('the store does not know this access key'),
  SignatureDoesNotMatch: badCredentials('the secret key does not belong to the access key'),
  ExpiredToken: badCredentials('the session token has expired'),
  ExpiredTokenException: badCredentials('the session token has expired'),
  InvalidToken: badCredentials('the session token is not valid'),
  PermanentRedirect: wrongRegion,
  AuthorizationHeaderMalformed: wrongRegion,
  IllegalLocationConstraintException: wrongRegion,
  RequestTimeTooSkewed: () => ({
    code: 'STORAGE_CLOCK_SKEW',
    says: "this machine's clock and the store's differ by too much",
    hint: 'set the clock (timedatectl shows whether it is synchronised)',
  }),
  KeyTooLongError: () => ({
    code: 'STORAGE_NAME_TOO_LONG',
    says: 'the key is longer than the store allows',
  }),
  QuotaExceeded: noSpace,
  XMinioStorageFull: noSpace,
  InsufficientStorage: noSpace,
};

function byStatus(error: unknown, { status }: S3Fault, place: S3Place): Meaning | undefined {
  if (status === 301) return wrongRegion(place, error);
  if (status === 404) return { code: 'STORAGE_NOT_FOUND', says: 'there is no such object' };
  if (status === 507) return noSpace();
  if (status === 501) {
    return { code: 'STORAGE_NOT_SUPPORTED', says: `${place.server} does not offer what is needed for it` };
  }
  if (status === 401 || status === 403) {
    return {
      code: 'STORAGE_ACCESS_DENIED',
      says: `${place.server} denies access`,
      hint:
        `check that these credentials may do s3:GetObject, s3:PutObject, s3:DeleteObject and ` +
        `s3:AbortMultipartUpload on ${place.bucket}/*, and s3:ListBucket on ${place.bucket}`,
    };
  }
  if (status !== undefined && status >= 300 && status < 500) {
    return { code: 'STORAGE_FAILED', says: `${place.server} says ${textOf(error)} (HTTP ${status})` };
  }
  return undefined;
}

function unavailable(error: unknown, fault: S3Fault, { server }: S3Place): Meaning {
  if (fault.status === undefined) {
    return {
      code: 'STORAGE_UNREACHABLE',
      says: `${server} gave no answer (${fault.name || textOf(error)}), though it was asked several times`,
      hint: 'check that the server runs, AWS_ENDPOINT_URL_S3 and the network; then run the command again',
    };
  }
  return {
    code: 'STORAGE_UNAVAILABLE',
    says: `${server} failed several times in a row, at last with ${fault.name} (HTTP ${fault.status})`,
    hint: 'wait and run the command again; fewer processes at once ask less of the store',
  };
}

function textOf(error: unknown): string {
  const name = textOr(property(error, 'name'));
  return name === undefined ? messageOf(error) : `${name}: ${messageOf(error)}`;
}
