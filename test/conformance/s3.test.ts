import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStorage, S3Storage } from '../../src/storage/index.ts';
import { storageSpec } from '../storage/storage-spec.ts';
import { S3Server } from './s3-server.ts';

let server: S3Server;
let root = 0;
beforeAll(async () => {
  server = await S3Server.start();
});
afterAll(() => server?.close());

function fresh(settings: object = {}): S3Storage {
  const storage = openStorage(`s3://${server.bucket}/root ${root++}/t`, {
    s3: { ...server.settings(), ...settings },
  });
  if (storage instanceof S3Storage) return storage;
  throw new Error('s3:// opens another storage');
}

storageSpec('S3, versitygw', async () => fresh());

describe('versitygw', () => {
  it('keeps the condition of a PUT, and shows nothing of the probe', async () => {
    const storage = fresh();
    expect(await storage.capabilities()).toEqual({ atomicPutIfAbsent: true, consistentList: true });
    for await (const { path } of storage.list('')) expect.fail(path);
  });

  it.each([true, false])('takes and gives files of many parts, with checksums: %s', async (checksums) => {
    const storage = fresh({ checksums, partByteLength: 5 << 20 });
    const piece = Buffer.alloc(1_234_567);
    for (let i = 0; i < piece.length; i++) piece[i] = (i * 31) % 253;
    const pieces = Array.from({ length: 17 }, () => piece);
    const entry = await storage.write('big', pieces);
    expect(entry.byteLength).toBe(17 * piece.length);
    expect(Buffer.compare(await storage.read('big'), Buffer.concat(pieces))).toBe(0);
    const range = await storage.readRange('big', 5 << 20, (5 << 20) + 100_000);
    expect(Buffer.compare(range, Buffer.concat(pieces).subarray(5 << 20, (5 << 20) + 100_000))).toBe(0);
    expect(storage.traffic.bytesReceived).toBe(entry.byteLength + 100_000);
  });

  it('names the bucket that is not there, and the key that is not known', async () => {
    const elsewhere = openStorage('s3://no-such-bucket/t', { s3: server.settings() });
    await expect(elsewhere.put('x', new Uint8Array(1))).rejects.toMatchObject({ code: 'STORAGE_NO_BUCKET' });
    const stranger = { credentials: { accessKeyId: 'stranger', secretAccessKey: 'unknown' } };
    await expect(fresh(stranger).read('x')).rejects.toMatchObject({ code: 'STORAGE_BAD_CREDENTIALS' });
    const wrong = { credentials: { accessKeyId: 'conformance', secretAccessKey: 'wrong' } };
    await expect(fresh(wrong).read('x')).rejects.toMatchObject({ code: 'STORAGE_BAD_CREDENTIALS' });
  });

  it('lists more than a page', async () => {
    const storage = fresh();
    const names = Array.from({ length: 1_100 }, (_, i) => `log/${String(i).padStart(20, '0')}.json`);
    for (let at = 0; at < names.length; at += 50) {
      await Promise.all(names.slice(at, at + 50).map((name) => storage.put(name, Buffer.from(name))));
    }
    const found: string[] = [];
    for await (const { path } of storage.list('log/')) found.push(path);
    expect(found).toEqual(names);
    const later: string[] = [];
    for await (const { path } of storage.list('log/', { startAfter: names[1_049] ?? '' })) later.push(path);
    expect(later).toEqual(names.slice(1_050));
  });
});
