import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DeltaTable } from '../../src/delta/index.ts';
import { openStorage, S3Connection, S3Storage } from '../../src/storage/index.ts';
import { dataFile, MONTHLY } from '../delta/sample.ts';
import { FaultProxy, type ProxiedRequest, type ProxyFault } from '../storage/fault-proxy.ts';
import { S3Server } from './s3-server.ts';

const FAULTS: readonly ProxyFault[] = [
  'reset-request',
  'lose-answer',
  'error-after',
  'slow-down',
  'cut-answer',
  'stall-answer',
  'slow-answer',
  'stale-list',
];

let server: S3Server;
let proxy: FaultProxy;
let uri = '';
let root = 0;

beforeAll(async () => {
  server = await S3Server.start();
  proxy = await FaultProxy.start(server.port);
});
afterAll(async () => {
  await proxy?.close();
  await server?.close();
});
beforeEach(async () => {
  proxy.choose = () => undefined;
  proxy.faults.length = 0;
  uri = `s3://${server.bucket}/faults/${root++}`;
  await DeltaTable.create(direct(), MONTHLY);
});

const direct = () => openStorage(uri, { s3: server.settings() });

/** A table behind the proxy; its requests wait for nothing between tries. */
async function behindProxy(): Promise<DeltaTable> {
  const world = {
    random: () => 0,
    sleepMs: async () => undefined,
    uuid: () => crypto.randomUUID(),
  };
  const settings = { ...server.settings(proxy.port), idleTimeoutSeconds: 0.5 };
  return DeltaTable.open(new S3Storage(uri, new S3Connection(settings, world)));
}

/** Random numbers in [0, 1) that a seed decides. */
function seeded(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

/** How often the log adds each file, read without the proxy; every version must be there. */
async function addsByPath(): Promise<{ version: number; adds: Map<string, number> }> {
  const storage = direct();
  const table = await DeltaTable.open(storage);
  const adds = new Map<string, number>();
  for (let version = 1; version <= table.version; version++) {
    const text = Buffer.from(
      await storage.read(`_delta_log/${String(version).padStart(20, '0')}.json`),
    ).toString();
    const actions = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const added = actions.filter((action) => 'add' in action).map((action) => String(action.add.path));
    expect(added, `version ${version}`).toHaveLength(1);
    for (const path of added) adds.set(path, (adds.get(path) ?? 0) + 1);
  }
  for (const path of adds.keys()) expect(await storage.stat(decodeURIComponent(path)), path).toBeDefined();
  return { version: table.version, adds };
}

const isCommit = ({ method, path }: ProxiedRequest) =>
  method === 'PUT' && /_delta_log\/\d{20}\.json/.test(path);

describe('an append through a store with faults', () => {
  it.each(FAULTS)('is committed once: %s at each request in turn', async (fault) => {
    const table = await behindProxy();
    await table.append([await dataFile(table, '2024-01')]);
    const first = proxy.requestCount;
    await table.append([await dataFile(table, '2024-01')]);
    const perAppend = proxy.requestCount - first;
    expect(perAppend).toBeGreaterThan(3);
    proxy.faults.length = 0;
    for (let nth = 0; nth < perAppend; nth++) {
      const at = proxy.requestCount + nth;
      proxy.choose = ({ index }) => (index === at ? fault : undefined);
      await table.append([await dataFile(table, '2024-02')]);
    }
    expect(proxy.faults).toHaveLength(perAppend);
    const { version, adds } = await addsByPath();
    expect(version).toBe(2 + perAppend);
    expect([...adds.values()]).toEqual(Array.from({ length: version }, () => 1));
  });

  it.each(['lose-answer', 'error-after', 'reset-request'] as const)(
    'fails or is committed once when every try of a commit ends in %s',
    async (fault) => {
      const table = await behindProxy();
      const file = await dataFile(table, '2024-01');
      await table.append([await dataFile(table, '2024-01')]);
      proxy.choose = (request) => (isCommit(request) ? fault : undefined);
      const result = await table.append([file]).catch((error: unknown) => error);
      proxy.choose = () => undefined;
      expect(proxy.faults).toHaveLength(8);
      const { version, adds } = await addsByPath();
      if (fault === 'reset-request') {
        expect(result).toMatchObject({ code: 'STORAGE_UNREACHABLE' });
        expect([version, adds.get(file.path)]).toEqual([1, undefined]);
      } else {
        expect(result).toEqual({ version: 2, alreadyCommitted: false });
        expect([version, adds.get(file.path)]).toEqual([2, 1]);
      }
    },
  );

  it('gives up, having written nothing twice, where listings stay behind for ever', async () => {
    const table = await behindProxy();
    const other = await DeltaTable.open(direct());
    await table.append([await dataFile(table, '2024-01')]);
    await other.append([await dataFile(other, '2024-01')]);
    proxy.choose = ({ path }) => (path.includes('list-type') ? 'stale-list' : undefined);
    const file = await dataFile(table, '2024-02');
    const result = await table.append([file]).catch((error: unknown) => error);
    proxy.choose = () => undefined;
    expect(result).toMatchObject({ code: 'DELTA_COMMIT_CONTENDED' });
    const { version, adds } = await addsByPath();
    expect([version, adds.get(file.path)]).toEqual([2, undefined]);
  });

  it.each([1, 2, 3])(
    'loses and doubles nothing with four writers and a fault in five requests, seed %i',
    async (seed) => {
      const random = seeded(seed * 7919);
      const tables = await Promise.all(Array.from({ length: 4 }, () => behindProxy()));
      proxy.choose = () => (random() < 0.2 ? FAULTS[Math.floor(random() * FAULTS.length)] : undefined);
      const acknowledged: string[] = [];
      let failed = 0;
      await Promise.all(
        tables.map(async (table) => {
          for (let i = 0; i < 10; i++) {
            try {
              const file = await dataFile(table, `2024-${String(i + 1).padStart(2, '0')}`);
              await table.append([file]);
              acknowledged.push(file.path);
            } catch (error) {
              expect(error).toMatchObject({
                code: expect.stringMatching(/^(STORAGE_UN|DELTA_COMMIT_CONTENDED)/),
              });
              failed += 1;
            }
          }
        }),
      );
      expect(proxy.faults.length).toBeGreaterThan(40);
      expect(new Set(proxy.faults.map(({ fault }) => fault)).size).toBe(FAULTS.length);
      const { version, adds } = await addsByPath();
      for (const path of acknowledged) expect(adds.get(path), path).toBe(1);
      expect(version).toBeGreaterThanOrEqual(acknowledged.length);
      expect(version).toBeLessThanOrEqual(acknowledged.length + failed);
      expect(acknowledged.length).toBeGreaterThan(30);
    },
  );
});

describe('a large file through a store with faults', () => {
  it.each(['reset-request', 'lose-answer', 'error-after', 'slow-down'] as const)(
    'is uploaded in parts, whole, with %s once at every step',
    async (fault) => {
      const settings = { ...server.settings(proxy.port), partByteLength: 5 << 20 };
      const storage = new S3Storage(uri, new S3Connection(settings));
      const whole = Buffer.alloc(12 << 20);
      for (let i = 0; i < whole.length; i++) whole[i] = (i * 131) % 251;
      const seen = new Set<string>();
      proxy.choose = ({ method, path }) => {
        const step = `${method} ${path.replace(/uploadId=[^&]*/, '')}`;
        if (method === 'GET' || method === 'HEAD' || seen.has(step)) return undefined;
        seen.add(step);
        return fault;
      };
      await storage.write('large.parquet', [whole]);
      proxy.choose = () => undefined;
      expect(proxy.faults).toHaveLength(5); // begin, three parts, end
      expect(Buffer.compare(await storage.read('large.parquet'), whole)).toBe(0);
      // a second upload was begun where the answer to the first beginning was lost; it can be found
      const left = [];
      for await (const upload of storage.unfinishedUploads()) left.push(upload);
      expect(left).toHaveLength(fault === 'lose-answer' || fault === 'error-after' ? 1 : 0);
      for (const upload of left) await storage.abortUpload(upload);
    },
  );
});

interface Process {
  readonly name: string;
  readonly child: ChildProcess;
  readonly lines: string[];
  readonly closed: Promise<number | null>;
}

/** `append-worker.ts` on the bucket, behind the proxy. */
function appendingProcess(name: string, commits: number): Process {
  const script = join(import.meta.dirname, '../delta/append-worker.ts');
  const child = spawn(process.execPath, [script, uri, name, String(commits)], {
    env: { PATH: process.env.PATH ?? '', ...server.environment(proxy.port) },
  });
  const lines: string[] = [];
  let rest = '';
  child.stdout.on('data', (data: Buffer) => {
    const all = (rest + data.toString()).split('\n');
    rest = all.pop() ?? '';
    lines.push(...all);
  });
  child.stderr.pipe(process.stderr);
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { name, child, lines, closed };
}

describe('processes that append to a bucket with faults', () => {
  it('lose and double nothing, though some are killed', async () => {
    const random = seeded(20_260_101);
    proxy.choose = () => (random() < 0.05 ? FAULTS[Math.floor(random() * 5)] : undefined);
    const steady = ['a', 'b', 'c'].map((name) => appendingProcess(name, 12));
    const killed: Process[] = [];
    for (const name of ['x', 'y', 'z']) {
      const victim = appendingProcess(name, 0);
      killed.push(victim);
      while (victim.lines.length < 3 && victim.child.exitCode === null) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      victim.child.kill('SIGKILL');
    }
    expect(await Promise.all(steady.map(({ closed }) => closed))).toEqual([0, 0, 0]);
    await Promise.all(killed.map(({ closed }) => closed));
    proxy.choose = () => undefined;
    const { version, adds } = await addsByPath();
    const said = [...steady, ...killed].flatMap(({ lines }) => lines);
    for (const line of said) expect(adds.get(line.split(' ').slice(2).join(' ')), line).toBe(1);
    // a process killed between commit and line may have one commit that it never told of
    expect(version - said.length).toBeGreaterThanOrEqual(0);
    expect(version - said.length).toBeLessThanOrEqual(killed.length);
    expect([...adds.values()].every((count) => count === 1)).toBe(true);
  });
});
