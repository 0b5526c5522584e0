/** Where circuits are kept between processes: one small file in the lake. */
import type { Storage } from '../storage/index.ts';
import { type CircuitRecord, type CircuitStore, NEW_CIRCUIT } from './circuit.ts';

export const CIRCUITS_PATH = '_barline/providers.json';

/** For this process alone. */
export function memoryCircuits(): CircuitStore {
  const records = new Map<string, CircuitRecord>();
  return {
    load: async (provider) => records.get(provider) ?? NEW_CIRCUIT,
    save: async (provider, record) => {
      records.set(provider, record);
    },
  };
}

/**
 * In the lake, so that a run started by cron leaves alone what failed for the run before. The last writer wins, a
 * file that cannot be read or written is as good as none: what is lost is a few requests to a vendor that is down.
 */
export function lakeCircuits(lake: Storage): CircuitStore {
  let saving: Promise<void> = Promise.resolve();
  return {
    load: async (provider) => (await lakeCircuitRecords(lake)).get(provider) ?? NEW_CIRCUIT,
    save: (provider, record) => {
      saving = saving.then(() => saved(lake, provider, record)).catch(() => {});
      return saving;
    },
  };
}

async function saved(lake: Storage, provider: string, record: CircuitRecord): Promise<void> {
  const records = await lakeCircuitRecords(lake);
  records.set(provider, record);
  const tree = Object.fromEntries([...records].map(([name, each]) => [name, fileRecord(each)]));
  await lake.put(CIRCUITS_PATH, Buffer.from(`${JSON.stringify(tree, null, 2)}\n`));
}

/** All circuits the lake knows of; none where it has no such file, or no whole one. */
export async function lakeCircuitRecords(lake: Storage): Promise<Map<string, CircuitRecord>> {
  const records = new Map<string, CircuitRecord>();
  let tree: unknown;
  try {
    tree = JSON.parse(Buffer.from(await lake.read(CIRCUITS_PATH)).toString());
  } catch {
    return records;
  }
  if (typeof tree !== 'object' || tree === null) return records;
  for (const [name, value] of Object.entries(tree)) {
    const record = recordOf(value);
    if (record !== null) records.set(name, record);
  }
  return records;
}

function fileRecord(record: CircuitRecord): Record<string, unknown> {
  return {
    failures: record.failures,
    opened_at: isoOrNull(record.openedAtMs),
    last_error: record.lastError,
    last_error_at: isoOrNull(record.lastErrorAtMs),
    last_success_at: isoOrNull(record.lastSuccessAtMs),
  };
}

function recordOf(value: unknown): CircuitRecord | null {
  if (typeof value !== 'object' || value === null) return null;
  const field = (name: string): unknown => Reflect.get(value, name);
  const time = (name: string): number | null => {
    const ms = Date.parse(String(field(name)));
    return Number.isNaN(ms) ? null : ms;
  };
  const [failures, lastError] = [field('failures'), field('last_error')];
  return {
    failures: typeof failures === 'number' ? failures : 0,
    openedAtMs: time('opened_at'),
    lastError: typeof lastError === 'string' ? lastError : null,
    lastErrorAtMs: time('last_error_at'),
    lastSuccessAtMs: time('last_success_at'),
  };
}

function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
