/** Holds a tortured table against the ledgers of its writers. Throws an AssertionError that says what is wrong. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DeltaTable, type Storage, verifyTable } from '../../src/delta/index.ts';
import { DuckDbSession } from '../../src/duckdb/index.ts';
import { type Attempt, readLedgers } from './torture-ledger.ts';
import { LIMITS, OPERATIONS } from './torture-operations.ts';

export interface TortureReport {
  readonly versions: number;
  /** Commits in the log by operation, as the log calls it. */
  readonly commits: Readonly<Record<string, number>>;
  readonly acknowledged: number;
  /** Committed, and killed before the writer knew. */
  readonly unacknowledged: number;
  readonly refused: number;
  readonly rows: number;
  readonly files: number;
}

interface Commit {
  readonly version: number;
  readonly operation: string;
  readonly txn: { readonly appId: string; readonly version: number } | undefined;
}

/** For each writer: rows, sum of amounts, sum of id times amount. */
type Sums = Readonly<Record<string, readonly number[]>>;

export async function checkTorture(
  storage: Storage,
  ledgerFolder: string,
  environment: NodeJS.ProcessEnv,
): Promise<TortureReport> {
  const table = await DeltaTable.open(storage);
  const commits = await readCommits(storage, table.version);
  const ledgers = new Map(readLedgers(ledgerFolder));
  const attempts = [...ledgers.values()].flat();
  const unacknowledged = checkCommits(commits, ledgers);
  const { damages } = await verifyTable(storage);
  assert.deepEqual(damages, [], 'what `table verify` finds');
  const files = [...(await table.snapshot()).files()];
  for (const { path, size } of files) {
    assert.equal((await storage.stat(decodeURIComponent(path)))?.byteLength, size, path);
  }
  const wanted = expectedSums(ledgers, commits);
  assert.deepEqual(await barlineSums(table), wanted, 'sums that Barline reads');
  const read = await deltaRsSums(storage.uri, environment);
  assert.equal(read.version, table.version, 'the version that delta-rs reads');
  assert.deepEqual(read.sums, wanted, 'sums that delta-rs reads');
  return {
    versions: table.version,
    commits: countBy(commits.map(({ operation }) => operation)),
    acknowledged: attempts.filter(({ outcome }) => outcome === 'done').length,
    unacknowledged,
    refused: attempts.filter(({ outcome }) => outcome === 'refused').length,
    rows: Object.values(wanted).reduce((sum, [rows = 0]) => sum + rows, 0),
    files: files.length,
  };
}

/** Every version, whole: a commit that is torn or missing fails here. */
async function readCommits(storage: Storage, last: number): Promise<Commit[]> {
  const commits: Commit[] = [];
  for (let version = 0; version <= last; version++) {
    const path = `_delta_log/${String(version).padStart(20, '0')}.json`;
    const text = Buffer.from(await storage.read(path)).toString();
    assert.ok(text.endsWith('\n'), `${path} ends with its last line`);
    const actions = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const infos = actions.filter((action) => 'commitInfo' in action);
    assert.equal(infos.length, 1, `${path} says who wrote it`);
    const txn = actions.find((action) => 'txn' in action)?.txn;
    commits.push({ version, operation: String(infos[0].commitInfo.operation), txn });
  }
  return commits;
}

/** Acknowledged commits are there once, as the version told; refused ones are not. How many were never told. */
function checkCommits(commits: readonly Commit[], ledgers: ReadonlyMap<string, readonly Attempt[]>): number {
  const versions = committedVersions(commits);
  const unnumbered = new Set(OPERATIONS.filter((each) => each.isUnnumbered === true).map(({ name }) => name));
  let unacknowledged = 0;
  for (const [writer, attempts] of ledgers) {
    for (const { serial, operation, outcome, version } of attempts) {
      const what = `${writer} ${serial} (${operation})`;
      const found = versions.get(`${writer} ${serial}`);
      versions.delete(`${writer} ${serial}`);
      if (unnumbered.has(operation)) continue;
      if (outcome === 'done') assert.equal(found, version, `${what} is committed as acknowledged`);
      else if (outcome === 'refused') assert.equal(found, undefined, `${what} was refused`);
      else {
        assert.equal(serial, attempts.at(-1)?.serial, `${what} is the writer's last`);
        if (found !== undefined) unacknowledged += 1;
      }
    }
  }
  assert.deepEqual([...versions], [], 'commits that no writer began');
  return unacknowledged;
}

function committedVersions(commits: readonly Commit[]): Map<string, number> {
  const versions = new Map<string, number>();
  for (const { version, txn } of commits) {
    if (txn === undefined) continue;
    const key = `${txn.appId} ${txn.version}`;
    assert.equal(versions.get(key), undefined, `${key} is committed once`);
    versions.set(key, version);
  }
  return versions;
}

function expectedSums(ledgers: ReadonlyMap<string, readonly Attempt[]>, commits: readonly Commit[]): Sums {
  const versions = committedVersions(commits);
  const sums: Record<string, readonly number[]> = {};
  for (const [writer, attempts] of ledgers) {
    const rows = new Map<number, number>();
    for (const { serial, effects } of attempts) {
      if (!versions.has(`${writer} ${serial}`)) continue;
      for (const [id, amount] of effects) {
        if (amount === null) rows.delete(id);
        else rows.set(id, amount);
      }
    }
    if (rows.size === 0) continue;
    let [total, weighted] = [0, 0];
    for (const [id, amount] of rows) {
      total += amount;
      weighted += id * amount;
    }
    sums[writer] = [rows.size, total, weighted];
  }
  return sums;
}

async function barlineSums(table: DeltaTable): Promise<Sums> {
  using session = await DuckDbSession.open(LIMITS);
  const rows = await (await table.scan()).relation(session);
  const query = `SELECT writer, count(*), sum(amount), sum(id * amount) FROM (${rows}) GROUP BY writer`;
  const sums: Record<string, readonly number[]> = {};
  for await (const some of session.textRows(query)) {
    for (const [writer, ...numbers] of some) sums[String(writer)] = numbers.map(Number);
  }
  return sums;
}

async function deltaRsSums(
  uri: string,
  environment: NodeJS.ProcessEnv,
): Promise<{ version: number; sums: Sums }> {
  const script = join(import.meta.dirname, 'delta_torture.py');
  const { stdout } = await promisify(execFile)('python3', [script, uri], {
    env: { ...process.env, ...environment },
    maxBuffer: 1e8,
  });
  return JSON.parse(stdout);
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of [...names].sort()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
