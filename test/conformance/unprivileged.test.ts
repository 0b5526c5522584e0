import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DeltaTable } from '../../src/delta/index.ts';
import { writeGoodMonth } from '../cli/bad-files.ts';
import { monthHashes, strayFiles } from '../months/lake-contents.ts';

/** What root sees and others do not: permissions and quotas are tried as a user who has none of root's rights. */
const NOBODY = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
const REPOSITORY = join(import.meta.dirname, '../..');
const MONTH_FILE = 'glbx-mdp3-20240401-20240430.ohlcv-1s.dbn.zst';
const OTHER_FILE = 'glbx-mdp3-20240501-20240531.ohlcv-1s.dbn.zst';
const PAGE_BYTES = 4096;

const root = mkdtempSync(join(tmpdir(), 'barline-unprivileged-'));
/** The checkout may lie in somebody's home: bound here, anybody reaches it. */
const checkout = join(root, 'checkout');
const disk = join(root, 'disk');
const source = join(root, 'source');
const [oldConfig, newConfig] = [join(root, 'old.yaml'), join(root, 'new.yaml')];
/** What alerts say of such a lake is theirs to test. */
const QUIET = 'alerts: { sinks: [] }\n';
const mounts: string[] = [];

function system(command: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`);
}

function mount(at: string, ...args: string[]): void {
  mkdirSync(at, { recursive: true });
  system('mount', ...args, at);
  mounts.push(at);
}

/** `barline …` as nobody. */
function barline(...args: string[]) {
  const { BARLINE_LAKE: _lake, BARLINE_SOURCE: _source, ...environment } = process.env;
  const node = join(checkout, 'node_modules/node/bin/node');
  const command = [...NOBODY, node, join(checkout, 'src/cli/bin.ts'), ...args];
  const result = spawnSync('setpriv', command, {
    cwd: root,
    encoding: 'utf8',
    env: { ...environment, NO_COLOR: '1' },
  });
  if (result.error !== undefined) throw result.error;
  const stderr = result.stderr
    .replaceAll(root, 'DIR')
    .replaceAll(/\brun[0-9a-z]{14,}-[0-9a-f]{8}-\d+-[0-9a-f]{12}\b/g, 'RUN');
  return { code: result.status, stderr };
}

const run = (lake: string, config: string, ...more: string[]) =>
  barline('months', 'run', '--source', source, '--lake', lake, '--config', config, '--workers', '1', ...more);

/** Every file below a folder with its bytes. */
function bytesOf(folder: string): Record<string, string> {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  return Object.fromEntries(
    found.map(({ parentPath, name }) => [
      join(parentPath, name).slice(folder.length),
      readFileSync(join(parentPath, name), 'latin1'),
    ]),
  );
}

/** The same without what the lake notes of failed months: a disk that is full may have room for that. */
function withoutNotes(folder: string): Record<string, string> {
  const entries = Object.entries(bytesOf(folder));
  return Object.fromEntries(entries.filter(([path]) => !path.startsWith('/_barline/failures/')));
}

async function expectReadable(lake: string): Promise<void> {
  for (const name of ['quarantine', 'rolls', 'monthly_statistics', 'training_bars']) {
    if (!existsSync(join(lake, name))) continue;
    const table = await DeltaTable.open(join(lake, name));
    for (const file of (await table.scan()).files) {
      expect(statSync(table.localPath(file) ?? '').size).toBe(file.size);
    }
  }
}

const failed = (month: string, error: string, hint: string) => {
  const [code, sentence] = [/\[(.*?)\]/.exec(error)?.[1], error.slice(error.indexOf(':') + 2)];
  return `${month}  failed     ${code}: ${sentence}  (1/1)\nerror[${code}]: ${month}: ${sentence}\nhint: ${hint}\n`;
};

/** A lake that nobody may write to, with one month. */
const lake = join(root, 'lake');
let lakeBytes: Record<string, string> = {};

beforeAll(async () => {
  if (process.getuid?.() !== 0)
    throw new Error('this test mounts file systems and gives up rights: run it as root');
  chmodSync(root, 0o755);
  mount(checkout, '--bind', REPOSITORY);
  mkdirSync(source);
  await writeGoodMonth(join(source, MONTH_FILE));
  writeFileSync(oldConfig, QUIET);
  writeFileSync(newConfig, `${QUIET}labels: { timeout_seconds: 600 }\n`);
  mkdirSync(lake, { mode: 0o777 });
  chmodSync(lake, 0o777);
  expect(run(lake, oldConfig)).toMatchObject({ code: 0 });
  system('chown', '-R', '0:0', lake);
  chmodSync(lake, 0o755);
  lakeBytes = bytesOf(lake);
});
afterAll(() => {
  for (const at of mounts.reverse()) system('umount', at);
  rmSync(root, { recursive: true, force: true });
});

const PERMISSIONS = 'check the owner and the permissions of the path and of the folders above it';
const WRITABLE = 'check the permissions of the folder, and whether its file system is mounted read-only';

describe('a source that may not be read', () => {
  it('an unreadable folder', () => {
    const folder = join(root, 'locked');
    mkdirSync(folder, { mode: 0o700 });
    copyFileSync(join(source, MONTH_FILE), join(folder, MONTH_FILE));
    const result = barline('months', 'run', '--source', folder, '--lake', join(root, 'no-lake'));
    expect(result).toEqual({
      code: 1,
      stderr: `error[STORAGE_ACCESS_DENIED]: cannot list DIR/locked: access is denied\nhint: ${PERMISSIONS}\n`,
    });
    expect(existsSync(join(root, 'no-lake'))).toBe(false);
  });

  it('an unreadable folder in it', () => {
    const folder = join(root, 'half-locked');
    mkdirSync(join(folder, '2024'), { recursive: true });
    chmodSync(join(folder, '2024'), 0o700);
    const result = barline('months', 'run', '--source', folder, '--lake', join(root, 'no-lake'));
    expect(result).toEqual({
      code: 1,
      stderr: `error[STORAGE_ACCESS_DENIED]: cannot list DIR/half-locked/2024/: access is denied\nhint: ${PERMISSIONS}\n`,
    });
    expect(existsSync(join(root, 'no-lake'))).toBe(false);
  });

  it('an unreadable file', () => {
    const folder = join(root, 'locked-file');
    mkdirSync(folder);
    copyFileSync(join(source, MONTH_FILE), join(folder, MONTH_FILE));
    chmodSync(join(folder, MONTH_FILE), 0o600);
    const error = `error[STORAGE_ACCESS_DENIED]: cannot read DIR/locked-file/${MONTH_FILE}: access is denied`;
    const noted = join(root, 'noted');
    mkdirSync(noted);
    chmodSync(noted, 0o777);
    const args = ['--source', folder, '--lake', noted, '--config', oldConfig];
    const result = barline('months', 'run', ...args);
    expect(result).toEqual({ code: 1, stderr: failed('2024-04', error, PERMISSIONS) });
    // of the month there is only the note that it failed
    expect(Object.keys(bytesOf(noted))).toEqual(['/_barline/failures/2024-04.json']);
    const path = join(folder, MONTH_FILE);
    expect(barline('process', path, '--output', join(root, 'out.parquet'))).toEqual({
      code: 1,
      stderr: `error[NOT_READABLE]: DIR/locked-file/${MONTH_FILE}: cannot be read (EACCES).\nhint: Check the permissions of the file and of the folders above it.\n`,
    });
  });

  it('an unreadable file of a month the lake has: only that month fails, and keeps its rows', async () => {
    const [folder, ownLake] = [join(root, 'later-locked'), join(root, 'own-lake')];
    mkdirSync(folder);
    mkdirSync(ownLake);
    chmodSync(ownLake, 0o777);
    copyFileSync(join(source, MONTH_FILE), join(folder, MONTH_FILE));
    const args = ['months', 'run', '--source', folder, '--lake', ownLake, '--workers', '1'];
    expect(barline(...args)).toMatchObject({ code: 0 });
    const before = await monthHashes(ownLake);
    utimesSync(join(folder, MONTH_FILE), 1, 1);
    chmodSync(join(folder, MONTH_FILE), 0o600);
    await writeGoodMonth(join(folder, OTHER_FILE), { date: '2024-05-02' });
    const { code, stderr } = barline(...args);
    expect(code).toBe(1);
    const refused = `2024-04: cannot read DIR/later-locked/${MONTH_FILE}: access is denied`;
    expect(stderr).toContain(`error[STORAGE_ACCESS_DENIED]: ${refused}\nhint: ${PERMISSIONS}\n`);
    expect(stderr).toMatch(/2024-05 {2}succeeded/);
    expect(await monthHashes(ownLake)).toMatchObject(before);
    expect(await strayFiles(ownLake)).toEqual([]);
  });
});

describe('a lake that may not be written to', () => {
  const journal = (folder: string) =>
    `error[STORAGE_READ_ONLY]: cannot write DIR/${folder}/_barline/runs/RUN.json: writing is not permitted there`;

  it("somebody else's", async () => {
    expect(run(lake, newConfig)).toEqual({ code: 1, stderr: failed('2024-04', journal('lake'), WRITABLE) });
    expect(bytesOf(lake)).toEqual(lakeBytes);
    await expectReadable(lake);
    expect(barline('table', 'read', 'training_bars', '--lake', lake, '--limit', '1').code).toBe(0);
  });

  it('to be made in a folder of somebody else', () => {
    const result = run(join(lake, 'new'), newConfig);
    expect(result).toEqual({ code: 1, stderr: failed('2024-04', journal('lake/new'), WRITABLE) });
    expect(bytesOf(lake)).toEqual(lakeBytes);
  });

  it('on a file system that is mounted read-only', async () => {
    const folder = join(root, 'frozen');
    mount(folder, '-t', 'tmpfs', '-o', 'size=64m,uid=65534,gid=65534', 'tmpfs');
    cpSync(lake, folder, { recursive: true });
    system('chown', '-R', '65534:65534', folder);
    system('mount', '-o', 'remount,ro', folder);
    expect(run(folder, newConfig)).toEqual({
      code: 1,
      stderr: failed('2024-04', journal('frozen'), WRITABLE),
    });
    expect(bytesOf(folder)).toEqual(lakeBytes);
    await expectReadable(folder);
    // of a folder with others to be made above it the system is asked what really is the matter
    const pinned = barline('table', 'pin', 'training_bars', 'kept', '--lake', folder);
    expect(pinned).toMatchObject({ code: 1, stderr: expect.stringContaining('error[STORAGE_READ_ONLY]: ') });
  });
});

describe('a disk that fills up', () => {
  const lakeOnDisk = join(disk, 'lake');
  const filler = join(disk, 'filler');
  const SPACE =
    'free some space (df shows which file system is full) and run the command again; nothing was lost';
  let neededPages = 0;

  const freePages = () => statfsSync(disk).bavail;

  /** Leaves so many pages free. */
  function fill(pages: number): void {
    writeFileSync(filler, new Uint8Array(Math.max(0, freePages() - pages) * PAGE_BYTES));
    expect(freePages()).toBe(pages);
  }

  beforeAll(() => {
    mount(disk, '-t', 'tmpfs', '-o', 'size=96m,uid=65534,gid=65534', 'tmpfs');
    for (const config of [newConfig, oldConfig, newConfig]) {
      const before = freePages();
      expect(run(lakeOnDisk, config)).toMatchObject({ code: 0 });
      if (config === oldConfig) neededPages = before - freePages();
    }
  });

  afterEach(() => rmSync(filler, { force: true }));

  it('no byte left: the run cannot even begin', async () => {
    const before = withoutNotes(lakeOnDisk);
    fill(0);
    const error =
      'error[STORAGE_NO_SPACE]: cannot write DIR/disk/lake/_barline/runs/RUN.json: no space is left';
    expect(run(lakeOnDisk, oldConfig)).toEqual({ code: 1, stderr: failed('2024-04', error, SPACE) });
    expect(withoutNotes(lakeOnDisk)).toEqual(before);
    await expectReadable(lakeOnDisk);
  });

  it('in the middle of the data', async () => {
    const before = withoutNotes(lakeOnDisk);
    // the journal takes one of them, the claim another
    fill(4);
    const result = run(lakeOnDisk, oldConfig);
    const error =
      'error[STORAGE_NO_SPACE]: cannot write DIR/disk/lake/TABLE/month=2024-04/FILE: no space is left';
    // the tables' files are written side by side
    const stderr = result.stderr.replaceAll(
      /\w+\/month=2024-04\/[^:]+\.parquet/g,
      'TABLE/month=2024-04/FILE',
    );
    expect({ ...result, stderr }).toEqual({ code: 1, stderr: failed('2024-04', error, SPACE) });
    expect(withoutNotes(lakeOnDisk)).toEqual(before);
    await expectReadable(lakeOnDisk);
  });

  it('a page more each time, up to the last log entry: until all fits, the month is the old one', async () => {
    const before = await monthHashes(lakeOnDisk);
    const version = (await DeltaTable.open(join(lakeOnDisk, 'training_bars'))).version;
    const fullAt: string[] = [];
    for (let pages = neededPages - 12; ; pages++) {
      fill(pages);
      const { code, stderr } = run(lakeOnDisk, oldConfig, '--force');
      rmSync(filler);
      expect(await strayFiles(lakeOnDisk)).toEqual([]);
      expect(readdirSync(join(lakeOnDisk, '_barline', 'runs'))).toEqual([]);
      await expectReadable(lakeOnDisk);
      if (code === 0) break;
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /^2024-04 {2}failed {5}STORAGE_NO_SPACE: cannot (write|create) DIR\/disk\/lake\/[^\n]*: no space is left {2}\(1\/1\)\nerror\[STORAGE_NO_SPACE\]: 2024-04: [^\n]*\nhint: [^\n]*\n$/,
      );
      fullAt.push(/DIR\/disk\/lake\/([\w-]+\/\w+)/.exec(stderr)?.[1] ?? '');
      expect(await monthHashes(lakeOnDisk)).toEqual(before);
      expect((await DeltaTable.open(join(lakeOnDisk, 'training_bars'))).version).toBe(version);
    }
    // on both sides of the first commit, and just before the last, which needs less than what goes before it
    expect(fullAt).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^(training_bars|monthly_statistics)\/month$/),
        'monthly_statistics/_delta_log',
        'processed-data/monthly',
      ]),
    );
    expect(await monthHashes(lakeOnDisk)).toEqual(await monthHashes(lake));
  }, 180_000);

  it('with room again the next run finishes the job and leaves nothing else', async () => {
    expect(run(lakeOnDisk, newConfig)).toMatchObject({ code: 0 });
    fill(3);
    expect(run(lakeOnDisk, oldConfig)).toMatchObject({ code: 1 });
    rmSync(filler);
    expect(run(lakeOnDisk, oldConfig)).toMatchObject({ code: 0 });
    expect(await monthHashes(lakeOnDisk)).toEqual(await monthHashes(lake));
    expect(await strayFiles(lakeOnDisk)).toEqual([]);
    expect(readdirSync(join(lakeOnDisk, '_barline', 'runs'))).toEqual([]);
    await expectReadable(lakeOnDisk);
  });
});
