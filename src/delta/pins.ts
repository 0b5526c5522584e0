import { isStorageError, type Storage } from '../storage/index.ts';
import { deltaError } from './delta-error.ts';
import { isRecord } from './schema.ts';

/**
 * Versions that must stay readable whatever their age, each under a name, in `_barline/pins/` beside the log. Other
 * engines pass over folders that begin with `_`, so they are not disturbed; nor do they know of pins.
 */
export interface Pin {
  readonly name: string;
  readonly version: number;
  /** Milliseconds since the epoch. */
  readonly pinnedMs: number;
  readonly engineInfo: string;
}

const PIN_FOLDER = '_barline/pins/';
const PIN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;

function pinPath(name: string, table: string): string {
  if (PIN_NAME.test(name)) return `${PIN_FOLDER}${name}.json`;
  throw deltaError({
    code: 'DELTA_BAD_PIN',
    message: `${table}: ${JSON.stringify(name)} cannot name a pin`,
    hint: 'take letters, digits, ".", "_" and "-", at most 200, the first a letter or digit',
    exitCode: 2,
    facts: { table, pin: name },
  });
}

/** True when the pin is new, false when it was there. `DELTA_PIN_EXISTS` when the name stands for another version. */
export async function writePin(storage: Storage, pin: Pin): Promise<boolean> {
  const path = pinPath(pin.name, storage.uri);
  if (await storage.putIfAbsent(path, new TextEncoder().encode(`${JSON.stringify(pin)}\n`))) return true;
  const other = await readPin(storage, path);
  if (other.version === pin.version) return false;
  throw deltaError({
    code: 'DELTA_PIN_EXISTS',
    message: `${storage.uri}: the pin ${pin.name} stands for version ${other.version} already`,
    hint: 'unpin it first, or choose another name',
    facts: { table: storage.uri, pin: pin.name, version: other.version },
  });
}

/** `DELTA_NO_PIN` names those there are. */
export async function removePin(storage: Storage, name: string): Promise<void> {
  if (await storage.delete(pinPath(name, storage.uri))) return;
  const names = (await readPins(storage)).map((pin) => pin.name);
  throw deltaError({
    code: 'DELTA_NO_PIN',
    message: `${storage.uri} has no pin ${name}`,
    hint: names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`,
    facts: { table: storage.uri, pin: name },
  });
}

/** All pins, by name. `DELTA_BAD_PIN` names one that cannot be read: what it protects is unknown. */
export async function readPins(storage: Storage): Promise<Pin[]> {
  const pins: Pin[] = [];
  for await (const { path } of storage.list(PIN_FOLDER, { recursive: false, details: false })) {
    if (!path.endsWith('.json') || path.slice(PIN_FOLDER.length).startsWith('.')) continue;
    try {
      pins.push(await readPin(storage, path));
    } catch (error) {
      if (!isStorageError(error, 'STORAGE_NOT_FOUND')) throw error; // unpinned since it was listed
    }
  }
  return pins;
}

async function readPin(storage: Storage, path: string): Promise<Pin> {
  const text = new TextDecoder().decode(await storage.read(path));
  const parsed = parseJson(text);
  const name = path.slice(PIN_FOLDER.length, -'.json'.length);
  if (!isRecord(parsed) || typeof parsed.version !== 'number' || !Number.isSafeInteger(parsed.version)) {
    throw deltaError({
      code: 'DELTA_BAD_PIN',
      message: `${storage.uri}: the pin ${path} names no version`,
      hint: `write it anew: remove the file, then pin ${name}`,
      facts: { table: storage.uri, file: path },
    });
  }
  return {
    name,
    version: parsed.version,
    pinnedMs: typeof parsed.pinnedMs === 'number' ? parsed.pinnedMs : 0,
    engineInfo: typeof parsed.engineInfo === 'string' ? parsed.engineInfo : '',
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
