import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { isTemporaryPath, LocalStorage, openStorage } from '../../src/storage/index.ts';
import { storageError } from '../../src/storage/storage-error.ts';
import { MemoryStorage } from './memory-storage.ts';
import { storageSpec } from './storage-spec.ts';

const root = mkdtempSync(join(tmpdir(), 'barline-storage-'));
let counter = 0;
const folder = () => join(root, String(counter++));
afterAll(() => rmSync(root, { recursive: true, force: true }));

storageSpec('local disk', async () => new LocalStorage(folder()));
storageSpec('memory', async () => new MemoryStorage());

const bytes = (text: string) => new TextEncoder().encode(text);

describe('local storage', () => {
  it('leaves no temporary file, won or lost', async () => {
    const storage = new LocalStorage(folder());
    await storage.putIfAbsent('a', bytes('1'));
    await storage.putIfAbsent('a', bytes('2'));
    await storage.put('b', bytes('3'));
    expect(readdirSync(storage.uri).sort()).toEqual(['a', 'b']);
  });

  it('names temporary files so that readers skip them and a cleaner finds them', () => {
    expect(isTemporaryPath('x/.barline-tmp-123')).toBe(true);
    expect(isTemporaryPath('x/part-0.parquet')).toBe(false);
  });

  it('refuses to leave its root', () => {
    const storage = new LocalStorage(folder());
    expect(() => storage.localPath('../x')).toThrow(/leaves its root/);
    expect(() => storage.localPath('a/../../x')).toThrow(/leaves its root/);
    expect(() => storage.localPath('a\0b')).toThrow(/NUL/);
    expect(storage.localPath('a..b/..c')).toBe(join(storage.uri, 'a..b/..c'));
  });

  it('names the path where a folder is in the way, or a file', async () => {
    const storage = new LocalStorage(folder());
    await storage.put('dir/file', bytes('x'));
    await expect(storage.read('dir')).rejects.toMatchObject({
      code: 'STORAGE_NOT_A_FILE',
      message: `cannot read ${storage.uri}/dir: it is a folder, not a file`,
    });
    await expect(storage.put('dir', bytes('x'))).rejects.toMatchObject({ code: 'STORAGE_NOT_A_FILE' });
    await expect(storage.put('dir/file/below', bytes('x'))).rejects.toMatchObject({
      code: 'STORAGE_NOT_A_FOLDER',
    });
  });

  it('says which name is too long, and leaves nothing', async () => {
    const storage = new LocalStorage(folder());
    await expect(storage.put('n'.repeat(300), bytes('x'))).rejects.toMatchObject({
      code: 'STORAGE_NAME_TOO_LONG',
    });
    expect(readdirSync(storage.uri)).toEqual([]);
  });

  it('does not follow links to folders, nor trip over broken ones and circles', async () => {
    const storage = new LocalStorage(folder());
    await storage.put('real/file', bytes('x'));
    symlinkSync(storage.uri, join(storage.uri, 'circle'));
    symlinkSync('self', join(storage.uri, 'self'));
    symlinkSync('nowhere', join(storage.uri, 'broken'));
    symlinkSync('real/file', join(storage.uri, 'link-to-file'));
    const found: string[] = [];
    for await (const entry of storage.list('')) found.push(entry.path);
    expect(found).toEqual(['link-to-file', 'real/file']);
    await expect(storage.read('self')).rejects.toMatchObject({ code: 'STORAGE_LINK_LOOP' });
  });

  it('refuses to write where the user may not, and says so', () => {
    const denied = folder();
    mkdirSync(denied);
    chmodSync(root, 0o755);
    chmodSync(denied, 0o555);
    // root ignores permissions, so the child becomes nobody once it has loaded the code
    const code = pathToFileURL(join(import.meta.dirname, '../../src/storage/index.ts')).href;
    const script = `
      const { LocalStorage } = await import(${JSON.stringify(code)});
      if (process.getuid() === 0) { process.setgroups([]); process.setgid(65534); process.setuid(65534); }
      const error = await new LocalStorage(${JSON.stringify(denied)}).put('x', new Uint8Array(1)).catch((e) => e);
      console.log(JSON.stringify({ code: error.code, message: error.message }));`;
    const args = ['--input-type=module', '-e', script];
    const said: unknown = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
    expect(said).toEqual({
      code: 'STORAGE_READ_ONLY',
      message: `cannot write ${denied}/x: writing is not permitted there`,
    });
  });

  it('gives every system code a sentence, and leaves other errors alone', () => {
    const failure = (code: string) => Object.assign(new Error(code), { code });
    const codes = (code: string) => storageError(failure(code), 'write', '/t/x');
    expect(codes('ENOSPC')).toMatchObject({
      code: 'STORAGE_NO_SPACE',
      hint: expect.stringContaining('free some space'),
    });
    expect(codes('EDQUOT')).toMatchObject({ code: 'STORAGE_NO_SPACE' });
    expect(codes('EROFS')).toMatchObject({ code: 'STORAGE_READ_ONLY' });
    expect(codes('EMFILE')).toMatchObject({ code: 'STORAGE_TOO_MANY_OPEN_FILES' });
    expect(codes('EIO')).toMatchObject({
      code: 'STORAGE_FAILED',
      message: 'cannot write /t/x: the system says EIO',
    });
    expect(storageError(failure('EACCES'), 'read', '/t/x')).toMatchObject({ code: 'STORAGE_ACCESS_DENIED' });
    expect(storageError(failure('ERR_INVALID_ARG_TYPE'), 'read', '/t/x')).toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
    });
  });

  it('opens paths and file URIs, and refuses other schemes', () => {
    expect(openStorage('/a/b/').uri).toBe('/a/b');
    expect(openStorage('file:///a/b%20c').uri).toBe('/a/b c');
    expect(() => openStorage('gs://bucket/x')).toThrow(/expected a path, file:\/\/ or s3:\/\/, found gs/);
  });

  it('reads what another program wrote in place', async () => {
    const storage = new LocalStorage(folder());
    mkdirSync(storage.uri);
    writeFileSync(join(storage.uri, 'x'), 'abc');
    expect(await storage.stat('x')).toMatchObject({ path: 'x', byteLength: 3 });
  });
});
