import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ListOptions, Storage } from '../../src/storage/index.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);

async function paths(storage: Storage, prefix: string, options?: ListOptions): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of storage.list(prefix, options)) found.push(entry.path);
  return found;
}

/** What every storage must do; run it on each kind. */
export function storageSpec(name: string, fresh: () => Promise<Storage>): void {
  describe(`storage: ${name}`, () => {
    let storage: Storage;
    beforeEach(async () => {
      storage = await fresh();
    });

    it('reads back what was put, and replaces it whole', async () => {
      await storage.put('a/b.json', bytes('first, longer'));
      await storage.put('a/b.json', bytes('second'));
      expect(text(await storage.read('a/b.json'))).toBe('second');
    });

    it('reads ranges, cut at the end of the file', async () => {
      await storage.put('f', bytes('0123456789'));
      expect(text(await storage.readRange('f', 2, 5))).toBe('234');
      expect(text(await storage.readRange('f', 8, 20))).toBe('89');
      expect(text(await storage.readRange('f', 20, 30))).toBe('');
    });

    it('says STORAGE_NOT_FOUND for a missing file, and undefined for its stat', async () => {
      await expect(storage.read('none')).rejects.toMatchObject({ code: 'STORAGE_NOT_FOUND' });
      await expect(storage.readRange('none', 0, 1)).rejects.toMatchObject({ code: 'STORAGE_NOT_FOUND' });
      expect(await storage.stat('none')).toBeUndefined();
      expect(await storage.delete('none')).toBe(false);
    });

    it('creates a file once', async () => {
      expect(await storage.putIfAbsent('log/0.json', bytes('one'))).toBe(true);
      expect(await storage.putIfAbsent('log/0.json', bytes('two'))).toBe(false);
      expect(text(await storage.read('log/0.json'))).toBe('one');
    });

    it('has one winner of many that create at once', async () => {
      for (let round = 0; round < 10; round++) {
        const won = await Promise.all(
          Array.from({ length: 8 }, (_, i) => storage.putIfAbsent(`log/${round}.json`, bytes(`writer ${i}`))),
        );
        expect(won.filter(Boolean)).toHaveLength(1);
        expect(text(await storage.read(`log/${round}.json`))).toBe(`writer ${won.indexOf(true)}`);
      }
    });

    it('writes pieces as one file and tells its size', async () => {
      const pieces = [bytes('PAR1'), new Uint8Array(100_000).fill(7), bytes(''), bytes('PAR1')];
      const entry = await storage.write('month=2024-10/part-1.parquet', pieces);
      expect(entry.byteLength).toBe(100_008);
      const read = await storage.read('month=2024-10/part-1.parquet');
      expect(Buffer.compare(read, Buffer.concat(pieces))).toBe(0);
      expect(await storage.stat('month=2024-10/part-1.parquet')).toEqual(entry);
    });

    it('leaves nothing behind when the pieces fail halfway', async () => {
      async function* failing() {
        yield bytes('half');
        throw new Error('encoder broke');
      }
      await expect(storage.write('d/x.parquet', failing())).rejects.toThrow('encoder broke');
      expect(await paths(storage, '')).toEqual([]);
    });

    it('lists by prefix, after a path, in byte order, with sizes', async () => {
      for (const path of [
        'log/10.json',
        'log/2.json',
        'log/_x',
        'log/sub/1',
        'logs/1',
        'log/\u{1f600}',
        'log/\uffee',
      ]) {
        await storage.put(path, bytes(path));
      }
      const all = ['log/10.json', 'log/2.json', 'log/_x', 'log/sub/1', 'log/\uffee', 'log/\u{1f600}'];
      expect(await paths(storage, 'log/')).toEqual(all);
      expect(await paths(storage, 'log/', { recursive: false })).toEqual(
        all.filter((p) => p !== 'log/sub/1'),
      );
      expect(await paths(storage, 'log/', { startAfter: 'log/2' })).toEqual(all.slice(1));
      expect(await paths(storage, 'log/', { startAfter: 'log/2.json' })).toEqual(all.slice(2));
      expect(await paths(storage, 'lo')).toHaveLength(7);
      expect(await paths(storage, 'nothing/')).toEqual([]);
      for await (const entry of storage.list('log/10')) expect(entry.byteLength).toBe(11);
    });

    it('names the folders of a folder', async () => {
      const placed = [
        'b/_delta_log/0.json',
        'b/x',
        'a b/c/d/e',
        'file',
        'a/x',
        'ab/x',
        '\uffee/x',
        '\u{1f600}/x',
      ];
      for (const path of placed) await storage.put(path, bytes('x'));
      expect(await storage.folders('')).toEqual(['a', 'a b', 'ab', 'b', '\uffee', '\u{1f600}']);
      expect(await storage.folders('a b/')).toEqual(['c']);
      expect(await storage.folders('a/')).toEqual([]);
      expect(await storage.folders('nowhere/')).toEqual([]);
    });

    it('keeps odd names as they are', async () => {
      const odd = fc
        .stringMatching(/^[A-Za-z0-9 %+#=&?:~äß€@!,;'()[\]{}^$-]{1,40}$/)
        .filter((s) => s !== '-');
      await fc.assert(
        fc.asyncProperty(fc.uniqueArray(odd, { minLength: 1, maxLength: 4 }), async (names) => {
          const empty = await fresh();
          for (const name of names) await empty.put(`d=${name}/${name}`, bytes(name));
          for (const name of names) expect(text(await empty.read(`d=${name}/${name}`))).toBe(name);
          expect(new Set(await paths(empty, ''))).toEqual(new Set(names.map((n) => `d=${n}/${n}`)));
        }),
        { numRuns: 25 },
      );
    });

    it('deletes', async () => {
      await storage.put('x', bytes('x'));
      expect(await storage.delete('x')).toBe(true);
      expect(await storage.stat('x')).toBeUndefined();
    });
  });
}
