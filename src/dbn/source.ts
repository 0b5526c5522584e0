import { type FileHandle, open } from 'node:fs/promises';
import { BarlineError, systemCode } from '../base/index.ts';

/** Where DBN bytes come from: a path, the bytes themselves, or chunks of any size as they arrive. */
export type DbnSource = string | Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Bytes read from a file at a time: one round trip through the thread pool for about 1 MiB of records. */
const READ_BYTES = 256 * 1024;

const FILE_ERRORS: Readonly<Record<string, { code: string; problem: string; hint: string }>> = {
  ENOENT: { code: 'DBN_FILE_NOT_FOUND', problem: 'there is no such file', hint: 'Check the path.' },
  ENOTDIR: { code: 'DBN_FILE_NOT_FOUND', problem: 'there is no such file', hint: 'Check the path.' },
  EISDIR: {
    code: 'DBN_IS_DIRECTORY',
    problem: 'a DBN file is expected, but this is a directory',
    hint: 'Name a .dbn or .dbn.zst file in it.',
  },
  EACCES: {
    code: 'DBN_PERMISSION_DENIED',
    problem: 'the file may not be opened',
    hint: 'Check who owns the file and its permissions.',
  },
  EPERM: {
    code: 'DBN_PERMISSION_DENIED',
    problem: 'the file may not be opened',
    hint: 'Check who owns the file and its permissions.',
  },
};

/** A file system error in words; anything else comes back as it is. */
export function fileError(file: string, error: unknown): unknown {
  const systemError = systemCode(error);
  if (systemError === undefined || error instanceof BarlineError) return error;
  const known = FILE_ERRORS[systemError];
  return new BarlineError({
    code: known?.code ?? 'DBN_FILE_FAILED',
    message: `${file}: ${known?.problem ?? 'the file system reports an error'} (${systemError}).`,
    hint: known?.hint,
    facts: { file, systemCode: systemError },
    cause: error,
  });
}

/** Opens the source; chunks stay valid after the next one is read. Throws `BarlineError` for a file it cannot open. */
export async function openChunks(
  source: DbnSource,
  name: string,
): Promise<AsyncIterable<Uint8Array> | Iterable<Uint8Array>> {
  if (source instanceof Uint8Array) return [source];
  if (typeof source !== 'string') return source;
  let handle: FileHandle;
  try {
    handle = await open(source, 'r');
  } catch (error) {
    throw fileError(name, error);
  }
  return fileChunks(handle, name);
}

async function* fileChunks(handle: FileHandle, name: string): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for (;;) {
      const bytes = Buffer.allocUnsafeSlow(READ_BYTES);
      const { bytesRead } = await handle.read(bytes, 0, READ_BYTES);
      if (bytesRead === 0) return;
      yield bytes.subarray(0, bytesRead);
    }
  } catch (error) {
    throw fileError(name, error);
  } finally {
    await handle.close();
  }
}
