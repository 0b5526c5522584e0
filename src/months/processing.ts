import { createHash } from 'node:crypto';
import type {
  CalendarDefinition,
  ContractRule,
  InstrumentDefinition,
  RollMode,
  SessionDefinition,
} from '../bars/index.ts';
import { FEATURES_KERNEL_VERSION } from '../features/index.ts';
import { LABELS_KERNEL_VERSION, type LabelMode } from '../labels/index.ts';

/** All that decides what a month's rows are, besides the month's file. Plain data: it goes to threads as it is. */
export interface Processing {
  readonly instrument: InstrumentDefinition;
  readonly session: SessionDefinition;
  /** Calendars besides the built-in ones. */
  readonly calendars: Readonly<Record<string, CalendarDefinition>>;
  readonly contract: { readonly rule: ContractRule; readonly noFlipBack: boolean };
  readonly labels: {
    readonly modes: readonly LabelMode[];
    readonly timeoutSeconds: number;
    readonly decayPerMonth: number;
    /** `respect`: no walk and no feature window leaves its session; `ignore`: one unbroken sequence. */
    readonly sessions: 'respect' | 'ignore';
    readonly rolls: RollMode;
    readonly affectedBefore: number;
    readonly affectedAfter: number;
  };
}

/** Rises with each kernel's results; a month made by another version is stale. */
export const KERNEL_VERSIONS = {
  dbn: 1,
  contract: 1,
  session: 1,
  clean: 1,
  grid: 1,
  labels: LABELS_KERNEL_VERSION,
  features: FEATURES_KERNEL_VERSION,
} as const;

export function kernelVersionsText(): string {
  return Object.entries(KERNEL_VERSIONS)
    .map(([name, version]) => `${name}=${version}`)
    .join(',');
}

/** SHA-256 of the processing configuration, independent of the order of its keys. */
export function configHash(processing: Processing): string {
  return createHash('sha256').update(canonicalJson(processing)).digest('hex');
}

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
}
