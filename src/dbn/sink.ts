import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { fileError } from './source.ts';

/** Where DBN bytes go. `write` takes over the bytes; the next call waits for its promise. */
export interface DbnSink {
  write(bytes: Uint8Array): Promise<void> | void;
}

/** A sink that ends: by `commit`, when everything was written, or by `abort`. */
export interface EndingSink extends DbnSink {
  commit(): Promise<void>;
  abort(): Promise<void>;
}

/** Wraps a sink of the caller's, who ends it himself. */
export function foreignSink(sink: DbnSink): EndingSink {
  const nothing = async (): Promise<void> => {};
  return { write: (bytes) => sink.write(bytes), commit: nothing, abort: nothing };
}

/**
 * Writes `<path>.partial` and renames it in `commit`: the name `path` always stands for a whole file. A crash before
 * leaves the partial file, which the next writer of the same path overwrites.
 */
export async function fileSink(path: string): Promise<EndingSink> {
  const partial = `${path}.partial`;
  const handle: FileHandle = await open(partial, 'w').catch((error: unknown) => {
    throw fileError(partial, error);
  });
  const discard = async (): Promise<void> => {
    await handle.close();
    await rm(partial, { force: true });
  };
  return {
    async write(bytes) {
      try {
        for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at)).bytesWritten;
      } catch (error) {
        throw fileError(partial, error);
      }
    },
    async commit() {
      try {
        await handle.sync();
        await handle.close();
        await rename(partial, path);
      } catch (error) {
        await discard();
        throw fileError(path, error);
      }
    },
    abort: discard,
  };
}
