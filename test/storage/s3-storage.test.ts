import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  openStorage,
  retriedRequests,
  S3Connection,
  type S3Settings,
  S3Storage,
} from '../../src/storage/index.ts';
import { FaultProxy, type ProxiedRequest, type ProxyFault } from './fault-proxy.ts';
import { type Refusal, SmallS3, type SmallS3Options } from './small-s3.ts';
import { storageSpec } from './storage-spec.ts';

const CREDENTIALS = {
  accessKeyId: 'AKIAEXAMPLEKEY',
  secretAccessKey: 'verysecretkey/abcdef',
  sessionToken: 'secretsessiontoken',
};
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);

const closing: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(closing.map((close) => close())));

async function server(options: SmallS3Options = {}): Promise<SmallS3> {
  const s3 = await SmallS3.start(options);
  closing.push(() => s3.close());
  return s3;
}

/** A connection that waits for nothing between tries. */
function connect(endpoint: string, settings: S3Settings = {}, waits: number[] = []): S3Connection {
  let next = 0;
  return new S3Connection(
    { endpoint, credentials: CREDENTIALS, ...settings },
    {
      random: () => 0.5,
      sleepMs: async (durationMs) => {
        waits.push(durationMs);
      },
      uuid: () => `uuid-${next++}-${process.pid}`,
    },
  );
}

let s3: SmallS3;
let root = 0;
beforeAll(async () => {
  s3 = await server({ pageSize: 3 });
});
const freshUri = () => `s3://bucket/root ${root++}/t`;

storageSpec('S3, in this process', async () => new S3Storage(freshUri(), connect(s3.endpoint)));

describe('a store with faults', () => {
  let proxy: FaultProxy;
  beforeAll(async () => {
    proxy = await FaultProxy.start(s3.port);
    closing.push(() => proxy.close());
  });

  /** Spoils the first `times` requests that match. */
  function spoil(fault: ProxyFault, matching: (request: ProxiedRequest) => boolean, times = 1): void {
    let left = times;
    proxy.choose = (request) => (left > 0 && matching(request) && left-- > 0 ? fault : undefined);
    proxy.faults.length = 0;
  }

  async function storage(settings: S3Settings = {}, waits?: number[]): Promise<S3Storage> {
    proxy.choose = () => undefined;
    const made = new S3Storage(freshUri(), connect(proxy.endpoint, settings, waits));
    await made.capabilities();
    return made;
  }

  const isPut = ({ method }: ProxiedRequest) => method === 'PUT';
  const isGet = ({ method, path }: ProxiedRequest) => method === 'GET' && !path.includes('list-type');

  it.each<ProxyFault>(['reset-request', 'lose-answer', 'error-after', 'slow-down'])(
    'creates a file once through %s, and knows its own',
    async (fault) => {
      const store = await storage();
      spoil(fault, isPut, 2);
      expect(await store.putIfAbsent('log/1.json', bytes('mine'))).toBe(true);
      expect(proxy.faults.map((seen) => seen.fault)).toEqual([fault, fault]);
      expect(text(await store.read('log/1.json'))).toBe('mine');
      expect(store.traffic.retryCount).toBe(2);
    },
  );

  it.each<ProxyFault>(['reset-request', 'lose-answer', 'error-after', 'slow-down'])(
    'loses to another writer through %s, even with the same bytes',
    async (fault) => {
      const store = await storage();
      expect(await store.putIfAbsent('log/1.json', bytes('same'))).toBe(true);
      spoil(fault, isPut);
      expect(await store.putIfAbsent('log/1.json', bytes('same'))).toBe(false);
      expect(proxy.faults).toHaveLength(1);
    },
  );

  it.each<ProxyFault>([
    'cut-answer',
    'stall-answer',
    'slow-answer',
    'lose-answer',
    'error-after',
    'slow-down',
  ])('reads whole files and ranges through %s', async (fault) => {
    const store = await storage({ idleTimeoutSeconds: 0.2 });
    const whole = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251);
    await store.put('data', whole);
    spoil(fault, isGet);
    expect(Buffer.compare(await store.read('data'), whole)).toBe(0);
    spoil(fault, isGet);
    expect(Buffer.compare(await store.readRange('data', 10, 60_000), whole.subarray(10, 60_000))).toBe(0);
    expect(proxy.faults).toHaveLength(1);
  });

  it('goes on with a file where its download broke off, however often that comes to something', async () => {
    const store = await storage();
    const whole = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251);
    await store.put('data', whole);
    const before = store.traffic;
    spoil('cut-answer', isGet, 12);
    expect(Buffer.compare(await store.read('data'), whole)).toBe(0);
    expect(proxy.faults.length).toBe(12);
    expect(store.traffic.bytesReceived - before.bytesReceived).toBe(100_000);
    expect(retriedRequests([store, store])).toBe(store.traffic.retryCount);
    expect(store.traffic.retryCount).toBe(12);
  });

  it('gives up a download that comes to nothing more', async () => {
    const store = await storage();
    await store.put('data', new Uint8Array(1000));
    let gets = 0;
    proxy.choose = (request) => (isGet(request) ? (gets++ === 0 ? 'cut-answer' : 'slow-down') : undefined);
    await expect(store.read('data')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(gets).toBe(8);
  });

  it('begins anew with a file that was replaced while its download was broken off', async () => {
    const store = await storage();
    for (const [first, second] of [
      [50_000, 60_000],
      [50_000, 10_000],
      [50_000, 50_000],
    ] as const) {
      await store.put('data', new Uint8Array(first).fill(1));
      let seen = 0;
      proxy.choose = (request) => {
        if (!isGet(request)) return undefined;
        if (seen++ === 0) return 'cut-answer';
        const [key, found] =
          [...s3.objects].find(([name]) => store.uri.endsWith(name.slice(0, -'/data'.length))) ?? [];
        if (seen === 2 && key !== undefined && found !== undefined) {
          s3.objects.set(key, { ...found, bytes: Buffer.alloc(second, 2) });
        }
        return undefined;
      };
      const read = await store.read('data');
      expect(read.length === second && read.every((byte) => byte === 2)).toBe(true);
    }
  });

  it('fetches bytes again that are not those of the checksum', async () => {
    const store = await storage();
    const whole = Uint8Array.from({ length: 10_000 }, (_, i) => i % 251);
    await store.put('data', whole);
    spoil('corrupt-answer', isGet);
    expect(Buffer.compare(await store.read('data'), whole)).toBe(0);
    expect(store.traffic.retryCount).toBe(1);
  });

  it('takes an ETag for no checksum when the same other bytes come twice', async () => {
    const store = await storage();
    await store.put('data', new Uint8Array(1000));
    spoil('corrupt-answer', isGet, 3);
    expect((await store.read('data')).indexOf(1)).toBe(500);
    expect(proxy.faults).toHaveLength(2);
    expect((await store.read('data')).indexOf(1)).toBe(500);
    expect(proxy.faults).toHaveLength(3);
  });

  it.each<ProxyFault>(['cut-answer', 'lose-answer', 'slow-down'])('lists through %s', async (fault) => {
    const store = await storage();
    for (const name of ['a', 'b', 'c', 'd']) await store.put(name, bytes(name));
    spoil(fault, ({ path }) => path.includes('continuation-token'), 1);
    const found: string[] = [];
    for await (const { path } of store.list('')) found.push(path);
    expect(found).toEqual(['a', 'b', 'c', 'd']);
    expect(proxy.faults).toHaveLength(1);
  });

  it.each<ProxyFault>(['reset-request', 'lose-answer', 'error-after', 'slow-down'])(
    'uploads a file of many parts through %s at every step',
    async (fault) => {
      const store = await storage({ partByteLength: 1000 });
      const whole = Uint8Array.from({ length: 12_345 }, (_, i) => (i * 7) % 256);
      const seen = new Set<string>();
      proxy.choose = ({ method, path }) => {
        const step = `${method} ${path.replace(/uploadId=[^&]*/, '').replace(/^[^?]*/, '')}`;
        if (method === 'GET' || method === 'HEAD' || seen.has(step)) return undefined;
        seen.add(step);
        return fault;
      };
      const entry = await store.write('big.parquet', [whole.subarray(0, 7), whole.subarray(7)]);
      expect(entry.byteLength).toBe(12_345);
      expect(seen.size).toBe(15); // begin, thirteen parts, end
      proxy.choose = () => undefined;
      expect(Buffer.compare(await store.read('big.parquet'), whole)).toBe(0);
    },
  );

  it('shows nothing of an upload that fails, and gives up its parts', async () => {
    const store = await storage({ partByteLength: 1000 });
    const before = s3.uploads.size;
    proxy.choose = ({ path }) => (path.includes('partNumber=3') ? 'slow-down' : undefined);
    await expect(store.write('big', [new Uint8Array(5_000)])).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: expect.stringContaining('SlowDown (HTTP 503)'),
    });
    proxy.choose = () => undefined;
    async function* failing() {
      yield new Uint8Array(3_500);
      throw new Error('encoder broke');
    }
    await expect(store.write('big', failing())).rejects.toThrow('encoder broke');
    expect(await store.stat('big')).toBeUndefined();
    expect(s3.uploads.size).toBe(before);
  });

  it('finds the parts a crashed writer left, and gives them up', async () => {
    const store = await storage({ partByteLength: 1000, maxAttempts: 1 });
    proxy.choose = ({ method, path }) =>
      path.includes('partNumber=2') || (method === 'DELETE' && path.includes('uploadId'))
        ? 'slow-down'
        : undefined;
    await expect(store.write('d/left over', [new Uint8Array(5_000)])).rejects.toThrow();
    proxy.choose = () => undefined;
    const found = [];
    for await (const upload of store.unfinishedUploads()) found.push(upload);
    expect(found).toMatchObject([{ path: 'd/left over', startedMs: expect.any(Number) }]);
    for (const upload of found) await store.abortUpload(upload);
    for await (const upload of store.unfinishedUploads()) expect.fail(upload.path);
  });

  it('waits longer each time, and gives up in the end', async () => {
    const waits: number[] = [];
    const store = await storage({}, waits);
    proxy.choose = () => 'slow-down';
    await expect(store.read('x')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(waits).toEqual([50, 100, 200, 400, 800, 1600, 2500]);
  });

  it('counts what it received, what came twice included', async () => {
    const store = await storage();
    await store.put('x', new Uint8Array(1000));
    const before = store.traffic;
    spoil('cut-answer', isGet);
    await store.readRange('x', 0, 100);
    expect(store.traffic.bytesReceived - before.bytesReceived).toBe(100 + 49);
    expect(store.traffic.requestCount - before.requestCount).toBe(1 + 1);
  });
});

describe('a store without conditional PUT', () => {
  it.each(['ignored', 'refused'] as const)(
    'is found out when the condition is %s, once, and left clean',
    async (conditions) => {
      const weak = await server({ conditions });
      const connection = connect(weak.endpoint);
      const storage = new S3Storage('s3://bucket/t', connection);
      expect(await storage.capabilities()).toEqual({ atomicPutIfAbsent: false, consistentList: true });
      expect([...weak.objects.keys()]).toEqual([]);
      const asked = weak.requests.length;
      await new S3Storage('s3://bucket/other', connection).capabilities();
      expect(weak.requests.length).toBe(asked);
      // for one writer alone
      expect(await storage.putIfAbsent('x', bytes('1'))).toBe(true);
      expect(await storage.putIfAbsent('x', bytes('2'))).toBe(false);
      expect(text(await storage.read('x'))).toBe('1');
    },
  );

  it('is asked again after a probe that failed', async () => {
    let isDown = true;
    const shaky = await server({
      refuse: () => (isDown ? { status: 403, code: 'AccessDenied' } : undefined),
    });
    const storage = new S3Storage('s3://bucket/t', connect(shaky.endpoint));
    await expect(storage.capabilities()).rejects.toMatchObject({ code: 'STORAGE_ACCESS_DENIED' });
    isDown = false;
    expect(await storage.capabilities()).toMatchObject({ atomicPutIfAbsent: true });
  });
});

describe('errors of a store', () => {
  const cases: readonly (readonly [Refusal, string, RegExp])[] = [
    [{ status: 403, code: 'AccessDenied' }, 'STORAGE_ACCESS_DENIED', /s3:GetObject/],
    [{ status: 403, code: 'InvalidAccessKeyId' }, 'STORAGE_BAD_CREDENTIALS', /AWS_ACCESS_KEY_ID/],
    [
      {
        status: 403,
        code: 'SignatureDoesNotMatch',
        more: `<AWSAccessKeyId>${CREDENTIALS.accessKeyId}</AWSAccessKeyId><CanonicalRequest>x-amz-security-token:${CREDENTIALS.sessionToken}</CanonicalRequest>`,
      },
      'STORAGE_BAD_CREDENTIALS',
      /AWS_SECRET_ACCESS_KEY/,
    ],
    [{ status: 400, code: 'ExpiredToken' }, 'STORAGE_BAD_CREDENTIALS', /AWS_SESSION_TOKEN/],
    [{ status: 404, code: 'XAdminUserNotFound' }, 'STORAGE_BAD_CREDENTIALS', /AWS_ACCESS_KEY_ID/],
    [{ status: 404, code: 'NoSuchBucket' }, 'STORAGE_NO_BUCKET', /makes no buckets/],
    [
      { status: 400, code: 'AuthorizationHeaderMalformed', more: '<Region>eu-central-1</Region>' },
      'STORAGE_WRONG_REGION',
      /AWS_REGION to eu-central-1/,
    ],
    [{ status: 403, code: 'RequestTimeTooSkewed' }, 'STORAGE_CLOCK_SKEW', /clock/],
    [{ status: 507, code: 'InsufficientStorage' }, 'STORAGE_NO_SPACE', /space/],
    [{ status: 400, code: 'MalformedThing' }, 'STORAGE_FAILED', /^/],
  ];

  it.each(cases)('names bucket and key, and says what to do: $0.code', async (refusal, code, hint) => {
    const refusing = await server({ refuse: () => refusal });
    const storage = new S3Storage('s3://bucket/t', connect(refusing.endpoint));
    const error = await storage.read('dir/x').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code,
      message: expect.stringMatching(/^cannot read s3:\/\/bucket\/t\/dir\/x: /),
    });
    expect(String(Reflect.get(Object(error), 'hint') ?? '')).toMatch(hint);
    expectNoSecrets(error);
  });

  it('says that a server is not there', async () => {
    const gone = new S3Storage('s3://bucket/t', connect('http://127.0.0.1:9', { maxAttempts: 2 }));
    const error = await gone.read('x').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'STORAGE_UNREACHABLE',
      message: expect.stringContaining('127.0.0.1:9 gave no answer (ECONNREFUSED)'),
    });
    expectNoSecrets(error);
  });

  it('says that credentials are not there, when the environment has none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'barline-s3-'));
    const script = `const error = await openStorage('s3://bucket/t').read('x').catch((thrown) => thrown);
      console.log(JSON.stringify({ code: error.code, hint: error.hint }));`;
    const environment = { HOME: folder, AWS_EC2_METADATA_DISABLED: 'true', AWS_ENDPOINT_URL_S3: s3.endpoint };
    const said: unknown = JSON.parse(await runScript(script, environment));
    rmSync(folder, { recursive: true });
    expect(said).toMatchObject({
      code: 'STORAGE_NO_CREDENTIALS',
      hint: expect.stringContaining('AWS_ACCESS_KEY_ID'),
    });
  });

  it('secrets stay out even where the server repeats them', async () => {
    const leaking = await server({
      refuse: () => ({
        status: 400,
        code: `Leak-${CREDENTIALS.secretAccessKey}-${CREDENTIALS.sessionToken}`,
      }),
    });
    const storage = new S3Storage('s3://bucket/t', connect(leaking.endpoint));
    const error = await storage.read('x').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ message: expect.stringContaining('Leak-***-***') });
    expectNoSecrets(error);
  });

  /** In no enumerable or hidden property of the error or its causes. */
  function expectNoSecrets(error: unknown): void {
    const seen = new Set<unknown>();
    const texts: string[] = [];
    const look = (value: unknown) => {
      if (typeof value === 'string') texts.push(value);
      if (typeof value !== 'object' || value === null || seen.has(value)) return;
      seen.add(value);
      for (const key of Reflect.ownKeys(value)) look(Reflect.get(value, key));
    };
    look(error);
    expect(texts.length).toBeGreaterThan(3);
    for (const secret of Object.values(CREDENTIALS)) expect(texts.join('\n')).not.toContain(secret);
  }
});

/** Runs a module's text with `openStorage` at hand, in a process of its own; what it printed. */
async function runScript(script: string, env: Record<string, string>): Promise<string> {
  const module = JSON.stringify(join(import.meta.dirname, '../../src/storage/index.ts'));
  const text = `import { openStorage } from ${module};\n${script}`;
  const args = ['--input-type=module', '-e', text];
  return (await promisify(execFile)(process.execPath, args, { env })).stdout;
}

describe('the environment', () => {
  const loaded = `import { createRequire } from 'node:module';
    const isLoaded = () => Object.keys(createRequire('/x').cache).some((path) => path.includes('client-s3'));`;

  it('names endpoint and credentials', async () => {
    const script = `const storage = openStorage('s3://bucket/environment');
      await storage.put('x', Buffer.from('by the environment'));
      console.log(Buffer.from(await storage.read('x')).toString());`;
    const said = await runScript(script, {
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'key',
    });
    expect(said).toBe('by the environment\n');
    expect(s3.objects.has('environment/x')).toBe(true);
  });

  it('is not asked, nor the SDK loaded, before there is a request', async () => {
    const script = `${loaded}
      const storage = openStorage('s3://bucket/t');
      const before = isLoaded();
      await storage.read('x').catch(() => undefined);
      console.log(before, isLoaded());`;
    const said = await runScript(script, {
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'key',
    });
    expect(said).toBe('false true\n');
  });
});

describe('an S3 location', () => {
  it('is a bucket and a prefix', () => {
    expect(openStorage('s3://bucket').uri).toBe('s3://bucket');
    expect(openStorage('s3a://bucket/a b/c%20/').uri).toBe('s3://bucket/a b/c%20');
    expect(() => openStorage('s3://')).toThrow(/names no bucket/);
    expect(() => openStorage('s3://b/../c')).toThrow(/names no bucket|leaves its root/);
  });

  it('refuses paths that servers would resolve, and endpoints that are none', async () => {
    const storage = new S3Storage('s3://bucket/t', connect(s3.endpoint));
    expect(() => storage.read('../x')).toThrow(/leaves its root/);
    expect(() => storage.read('a/./x')).toThrow(/servers drop/);
    expect(() => storage.read('x'.repeat(1025))).toThrow(/longer than the 1024 bytes/);
    expect(() => new S3Connection({ endpoint: 'localhost:9000' })).toThrow(/expected https:\/\/host/);
    expect(() => new S3Connection({ endpoint: 'http://s3.amazonaws.com' })).toThrow(/by https/);
    expect(() => new S3Connection({ endpoint: 'https://me:hidden@host' })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hidden') }),
    );
  });
});
