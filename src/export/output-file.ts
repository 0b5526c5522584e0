/** A file a command is asked to write: whole under its name, or not there at all. */
import { randomUUID } from 'node:crypto';
import { open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BarlineError, systemCode } from '../base/index.ts';
import { openStorage, type Pieces, TEMPORARY_PREFIX } from '../storage/index.ts';

export interface OutputFile {
  /** As the user named it. */
  readonly name: string;
  /** Where it lies on this machine. */
  readonly path: string;
}

/**
 * The output a path or `file://` URI names. Throws `OUTPUT_NO_FOLDER`, `OUTPUT_IS_FOLDER`, `OUTPUT_DENIED`, and
 * `OUTPUT_EXISTS` unless it may be replaced, so that a command fails before its work and not after it.
 */
export async function outputFile(name: string, options: { readonly replace: boolean }): Promise<OutputFile> {
  const folder = dirname(name);
  const path = openStorage(folder).localPath(basename(name));
  if (path === undefined) {
    throw outputError('OUTPUT_NOT_LOCAL', name, 'the output must lie on this machine', 'name a local path');
  }
  const above = await statIfThere(name, dirname(path));
  if (above === undefined || !above.isDirectory()) {
    throw outputError(
      'OUTPUT_NO_FOLDER',
      name,
      `${above === undefined ? 'there is no folder' : 'this is no folder:'} ${dirname(path)}`,
      `make it first: mkdir -p ${dirname(path)}`,
    );
  }
  const there = await statIfThere(name, path);
  if (there?.isDirectory()) {
    throw outputError('OUTPUT_IS_FOLDER', name, 'it is a folder', 'name a file in it');
  }
  if (there !== undefined && !options.replace) {
    throw outputError('OUTPUT_EXISTS', name, 'it exists', 'give --force or --yes to replace it');
  }
  return { name, path };
}

/** Undefined where nothing lies there. Throws `OUTPUT_DENIED` where that cannot be told. */
async function statIfThere(name: string, path: string) {
  try {
    return await stat(path);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === undefined) throw error;
    throw outputError(
      'OUTPUT_DENIED',
      name,
      `${path} cannot be looked at (${code})`,
      'check the permissions of the folders above it',
      error,
    );
  }
}

/** Writes the pieces; the file gets its name at the end, and an error leaves nothing behind. Returns its bytes. */
export async function writeOutputFile(output: OutputFile, pieces: Pieces): Promise<number> {
  const storage = openStorage(dirname(output.path));
  return (await storage.write(basename(output.path), pieces)).byteLength;
}

/**
 * For programs that write a file by its path: `work` writes to a temporary one beside the output, which then gets
 * the output's name. An error leaves nothing behind. Returns the file's bytes.
 */
export async function fillOutputFile(
  output: OutputFile,
  work: (path: string) => Promise<void>,
): Promise<number> {
  const temporary = join(dirname(output.path), TEMPORARY_PREFIX + randomUUID());
  try {
    await probe(output, temporary);
    await work(temporary);
    const handle = await open(temporary, 'r+');
    const { size } = await handle.stat();
    await handle.sync();
    await handle.close();
    // Commit point: before it a crash leaves a temporary file, after it the whole output.
    await rename(temporary, output.path);
    return size;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Finds out before the work that the folder cannot be written to. */
async function probe(output: OutputFile, temporary: string): Promise<void> {
  try {
    await (await open(temporary, 'wx')).close();
  } catch (error) {
    throw outputError(
      'OUTPUT_DENIED',
      output.name,
      `no file can be made in ${dirname(output.path)} (${systemCode(error) ?? 'unknown error'})`,
      'check the permissions of the folder, and whether its file system is mounted read-only',
      error,
    );
  }
}

function outputError(code: string, output: string, why: string, hint: string, cause?: unknown): BarlineError {
  return new BarlineError({
    code,
    message: `cannot write ${output}: ${why}`,
    hint,
    cause,
    facts: { output },
  });
}
