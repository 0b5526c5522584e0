import { isRecord } from './schema.ts';

/**
 * The actions of the Delta protocol that Barline keeps, by their names there. Fields it does not know stay on
 * the objects, so that an action written again loses nothing.
 */
export interface Protocol {
  readonly minReaderVersion: number;
  readonly minWriterVersion: number;
  readonly readerFeatures?: readonly string[];
  readonly writerFeatures?: readonly string[];
}

export interface Metadata {
  readonly id: string;
  readonly name?: string;
  readonly description?: string;
  readonly format: { readonly provider: string; readonly options?: Readonly<Record<string, string>> };
  readonly schemaString?: string;
  readonly partitionColumns: readonly string[];
  readonly configuration: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly createdTime?: number;
}

export type PartitionValues = Readonly<Record<string, string | null>>;

export interface DeletionVector {
  readonly storageType: string;
  readonly pathOrInlineDv: string;
  readonly offset?: number;
  readonly sizeInBytes: number;
  readonly cardinality: number;
}

export interface AddFile {
  /** Percent-encoded, relative to the table's root or absolute. */
  readonly path: string;
  readonly partitionValues: PartitionValues;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly modificationTime: number;
  readonly dataChange: boolean;
  /** JSON: numRecords, minValues, maxValues, nullCount. */
  readonly stats?: string;
  readonly tags?: PartitionValues;
  readonly deletionVector?: DeletionVector;
}

export interface RemoveFile {
  readonly path: string;
  readonly dataChange: boolean;
  /** Milliseconds since the epoch. */
  readonly deletionTimestamp?: number;
  readonly extendedFileMetadata?: boolean;
  readonly partitionValues?: PartitionValues;
  readonly size?: number;
  readonly stats?: string;
  readonly tags?: PartitionValues;
  readonly deletionVector?: DeletionVector;
}

export interface AddCdcFile {
  readonly path: string;
  readonly partitionValues: PartitionValues;
  readonly size: number;
  readonly dataChange: boolean;
}

export interface SetTransaction {
  readonly appId: string;
  readonly version: number;
  readonly lastUpdated?: number;
}

export interface DomainMetadata {
  readonly domain: string;
  readonly configuration: string;
  readonly removed: boolean;
}

/** Free-form by the protocol; these fields are the usual ones. */
export interface CommitInfo {
  readonly timestamp?: number;
  readonly inCommitTimestamp?: number;
  readonly operation?: string;
  readonly operationParameters?: Readonly<Record<string, unknown>>;
  readonly operationMetrics?: Readonly<Record<string, unknown>>;
  readonly readVersion?: number;
  readonly isolationLevel?: string;
  readonly isBlindAppend?: boolean;
  readonly engineInfo?: string;
  readonly txnId?: string;
  readonly [field: string]: unknown;
}

export type Action =
  | { readonly add: AddFile }
  | { readonly remove: RemoveFile }
  | { readonly metaData: Metadata }
  | { readonly protocol: Protocol }
  | { readonly txn: SetTransaction }
  | { readonly domainMetadata: DomainMetadata }
  | { readonly cdc: AddCdcFile }
  | { readonly commitInfo: CommitInfo };

/**
 * One action out of its JSON object `{"add": {…}}`. Undefined for an action this protocol does not have, which
 * readers ignore. A string says what is wrong with a known one.
 */
export function toAction(parsed: unknown): Action | undefined | string {
  if (!isRecord(parsed)) return `expected an object, found ${JSON.stringify(parsed)?.slice(0, 40)}`;
  for (const [name, raw] of Object.entries(parsed)) {
    if (raw === null) continue;
    const value = isRecord(raw) ? withoutNulls(raw) : raw;
    switch (name) {
      case 'add':
        return isAdd(value) ? { add: value } : 'its add has no path, partitionValues, size or dataChange';
      case 'remove':
        return isRemove(value) ? { remove: value } : 'its remove has no path or dataChange';
      case 'metaData':
        return toMetadata(value);
      case 'protocol':
        return isProtocol(value)
          ? { protocol: value }
          : 'its protocol has no minReaderVersion or minWriterVersion';
      case 'txn':
        return isTxn(value) ? { txn: value } : 'its txn has no appId or version';
      case 'domainMetadata':
        return isDomain(value) ? { domainMetadata: value } : 'its domainMetadata has no domain or removed';
      case 'cdc':
        return isCdc(value) ? { cdc: value } : 'its cdc has no path or size';
      case 'commitInfo':
        return isRecord(value) ? { commitInfo: value } : 'its commitInfo is not an object';
    }
  }
  return undefined;
}

function toMetadata(raw: unknown): Action | string {
  const value = isRecord(raw) ? { partitionColumns: [], configuration: {}, ...raw } : raw;
  return isMetadata(value) ? { metaData: value } : 'its metaData has no id or format';
}

/** Some writers, and every checkpoint, write an absent field as null. */
function withoutNulls(raw: Record<string, unknown>): Record<string, unknown> {
  for (const key in raw) {
    if (raw[key] === null)
      return Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== null));
  }
  return raw;
}

function isAdd(value: unknown): value is AddFile {
  return (
    isRecord(value) &&
    typeof value.path === 'string' &&
    isTextMap(value.partitionValues) &&
    typeof value.size === 'number' &&
    typeof value.modificationTime === 'number' &&
    typeof value.dataChange === 'boolean' &&
    (value.stats === undefined || typeof value.stats === 'string') &&
    isOptionalDeletionVector(value.deletionVector)
  );
}

function isRemove(value: unknown): value is RemoveFile {
  return (
    isRecord(value) &&
    typeof value.path === 'string' &&
    typeof value.dataChange === 'boolean' &&
    (value.partitionValues === undefined || isTextMap(value.partitionValues)) &&
    isOptionalDeletionVector(value.deletionVector)
  );
}

function isOptionalDeletionVector(value: unknown): boolean {
  return (
    value === undefined ||
    (isRecord(value) && typeof value.storageType === 'string' && typeof value.pathOrInlineDv === 'string')
  );
}

function isMetadata(value: unknown): value is Metadata {
  return (
    isRecord(value) &&
    typeof value.id === 'string' &&
    isRecord(value.format) &&
    typeof value.format.provider === 'string' &&
    (value.schemaString === undefined || typeof value.schemaString === 'string') &&
    isTextList(value.partitionColumns) &&
    isTextMap(value.configuration)
  );
}

function isProtocol(value: unknown): value is Protocol {
  return (
    isRecord(value) &&
    Number.isInteger(value.minReaderVersion) &&
    Number.isInteger(value.minWriterVersion) &&
    (value.readerFeatures === undefined || isTextList(value.readerFeatures)) &&
    (value.writerFeatures === undefined || isTextList(value.writerFeatures))
  );
}

function isTxn(value: unknown): value is SetTransaction {
  return isRecord(value) && typeof value.appId === 'string' && typeof value.version === 'number';
}

function isDomain(value: unknown): value is DomainMetadata {
  return isRecord(value) && typeof value.domain === 'string' && typeof value.removed === 'boolean';
}

function isCdc(value: unknown): value is AddCdcFile {
  return isRecord(value) && typeof value.path === 'string' && typeof value.size === 'number';
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isTextMap(value: unknown): value is Readonly<Record<string, string | null>> {
  if (!isRecord(value)) return false;
  for (const key in value) {
    const text = value[key];
    if (typeof text !== 'string' && text !== null) return false;
  }
  return true;
}
