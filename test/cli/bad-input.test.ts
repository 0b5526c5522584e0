import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { badFiles, writeGoodMonth } from './bad-files.ts';
import { runCli } from './run-cli.ts';

const root = mkdtempSync(join(tmpdir(), 'barline-bad-input-'));
const MONTH = 'glbx-mdp3-20240401-20240430.ohlcv-1s';
const good = join(root, 'good');
const lake = join(root, 'lake');
const files = await badFiles(root);

/** Every file below a folder with its bytes. */
function bytesOf(folder: string): Record<string, string> {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Object.fromEntries(
    found.map(({ parentPath, name }) => [
      join(parentPath, name),
      readFileSync(join(parentPath, name), 'latin1'),
    ]),
  );
}

let lakeBytes: Record<string, string> = {};

/** Where a lake notes that a month failed. */
const NOTE = '_barline/failures/2024-04.json';
const withoutNote = (bytes: Record<string, string>) =>
  Object.fromEntries(Object.entries(bytes).filter(([path]) => !path.endsWith(NOTE)));

beforeAll(async () => {
  // what alerts say of failed months is theirs to test
  writeFileSync(join(root, 'barline.yaml'), 'alerts: { sinks: [] }\n');
  mkdirSync(good);
  await writeGoodMonth(join(good, `${MONTH}.dbn.zst`));
  const { code, stderr } = await barline('months', 'run', '--source', good, '--lake', lake);
  expect(code, stderr).toBe(0);
  lakeBytes = bytesOf(lake);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A command in the test's folder, which its output calls DIR. */
async function barline(...args: string[]) {
  const { code, stdout, stderr } = await runCli(args, { cwd: root });
  return { code, stdout, stderr: stderr.replaceAll(root, 'DIR') };
}

/** A folder with one bad file, under the name of a month. */
function folderWith(name: string, as: string): { folder: string; file: string } {
  const [ending, bytes] = files[name] ?? ['', Buffer.alloc(0)];
  const folder = join(root, as);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${MONTH}${ending}`);
  writeFileSync(file, bytes);
  return { folder, file };
}

/**
 * What `barline process` says of each bad file, and of DBN `months run`, `dbn info` and `dbn convert` as well. FILE is
 * its path.
 */
const SAID: Readonly<Record<string, readonly [error: string, hint: string]>> = {
  'truncated DBN': [
    'error[DBN_TRUNCATED_RECORD]: FILE, byte 201904 of the decoded stream: the stream ends inside the record that starts here; expected 56 bytes, found 36.',
    'hint: Download the file again.',
  ],
  'DBN cut in its metadata': [
    'error[DBN_TRUNCATED_METADATA]: FILE, byte 8 of the decoded stream: the stream ends before its metadata does; expected 360 bytes, found 60.',
    'hint: Download the file again.',
  ],
  'corrupt DBN': [
    'error[DBN_BAD_RECORD]: FILE, byte 5960 of the decoded stream: the length byte of the record that starts here cannot be right; expected 14 or more words of 4 bytes, found 0.',
    'hint: The file is damaged, or something else was appended to it.',
  ],
  'no DBN at all': [
    'error[DBN_BAD_MAGIC]: FILE, byte 0 of the decoded stream: this is no DBN; expected "DBN", found the bytes 3c68746d6c3e3c62.',
    'hint: Check that this is a Databento .dbn or .dbn.zst file.',
  ],
  'unknown version': [
    'error[DBN_UNSUPPORTED_VERSION]: FILE, byte 3 of the decoded stream: unknown version of DBN; expected 1, 2 or 3, found 9.',
    'hint: A newer file needs a newer Barline; any other number means the file is damaged.',
  ],
  'wrong schema': [
    'error[DBN_WRONG_SCHEMA]: FILE, byte 24 of the decoded stream: the file holds other data than asked for; expected ohlcv-1s, ohlcv-1m, ohlcv-1h, ohlcv-1d, ohlcv-eod, found trades.',
    'hint: Ask the vendor for schema ohlcv-1s, ohlcv-1m, ohlcv-1h, ohlcv-1d, ohlcv-eod.',
  ],
  'truncated zstd': [
    'error[DBN_TRUNCATED_ZSTD]: FILE, byte HALF: the compressed file is cut off; expected the rest of a zstd frame, found the end of the file.',
    "hint: Download the file again; its size or checksum will differ from the vendor's.",
  ],
  'corrupt zstd': [
    "error[DBN_CORRUPT_ZSTD]: FILE, byte 0: the zstd frame that starts here cannot be decompressed; expected zstd data that match their checksum, found Restored data doesn't match checksum.",
    'hint: Download the file again; it was damaged on its way or on disk.',
  ],
  'DBN without bars': [
    'error[EMPTY_INPUT]: FILE: expected bars, found none.',
    'hint: Export the file again; it holds no bars.',
  ],
  'empty DBN': [
    'error[DBN_TRUNCATED_METADATA]: FILE, byte 0 of the decoded stream: the stream ends before its metadata does; expected 8 bytes, found 0.',
    'hint: Download the file again.',
  ],
  'empty zstd': [
    'error[DBN_TRUNCATED_METADATA]: FILE, byte 0 of the decoded stream: the stream ends before its metadata does; expected 8 bytes, found 0.',
    'hint: Download the file again.',
  ],
  'CSV without a column': [
    'error[COLUMN_MISSING]: FILE: column close is missing; found timestamp, open, high, low, volume.',
    'hint: Bars have the columns timestamp, open, high, low, close, volume.',
  ],
  'CSV with a misspelt column': [
    'error[COLUMN_MISSING]: FILE: column close is missing; found timestamp, open, high, low, clsoe, volume.',
    'hint: Did you mean "clsoe"? Rename it to close.',
  ],
  'CSV with text for a number': [
    'error[BAD_FIELD]: FILE: line 3, column close: expected a number, found "n.v.".',
    'hint: Correct the line; a value that is not known may be left empty.',
  ],
  'CSV with a row too short': [
    'error[BAD_ROW]: FILE: line 3: expected 6 fields as in the header, found 2.',
    'hint: Correct the line; a field that holds the delimiter needs quotes.',
  ],
  'CSV of bytes that are no text': [
    'error[NOT_TEXT]: FILE: expected lines of UTF-8 text, found other bytes after line 1.',
    'hint: Check that the file is what its name says.',
  ],
  'empty CSV': [
    'error[EMPTY_INPUT]: FILE: expected a header line and rows, found nothing.',
    'hint: Export the file again; it holds no bars.',
  ],
  'CSV with its header alone': [
    'error[EMPTY_INPUT]: FILE: expected rows after the header, found none.',
    'hint: Export the file again; it holds no bars.',
  ],
};

function said(name: string, file: string): readonly [error: string, hint: string] {
  const [error, hint] = SAID[name] ?? ['', ''];
  return [
    error.replace('FILE', file.replace(root, 'DIR')).replace('HALF', String(files[name]?.[1].length)),
    hint,
  ];
}

/** The same for a run, which asks for bars of a second. */
function saidByRun(name: string, file: string): string {
  const [error, hint] = said(name, file).map((line) =>
    line.replace('ohlcv-1s, ohlcv-1m, ohlcv-1h, ohlcv-1d, ohlcv-eod', 'ohlcv-1s'),
  );
  const [code, sentence] = [/\[(.*?)\]/.exec(error)?.[1], error.slice(error.indexOf(':') + 2)];
  return `2024-04  failed     ${code}: ${sentence}  (1/1)\nerror[${code}]: 2024-04: ${sentence}\n${hint}\n`;
}

test('every bad file has its case', () => {
  expect(Object.keys(SAID)).toEqual(Object.keys(files));
});

describe.concurrent('barline process', () => {
  test.each(Object.keys(SAID))('refuses a %s', async (name) => {
    const { folder, file } = folderWith(name, `process ${name}`);
    const output = join(folder, 'out.parquet');
    const result = await barline('process', file, '--output', output);
    expect(result).toEqual({ code: 1, stdout: '', stderr: `${said(name, file).join('\n')}\n` });
    expect(readdirSync(folder)).toHaveLength(1);
  });
});

const dbnCases = Object.keys(SAID).filter((each) => !each.includes('CSV'));

describe.concurrent('barline months run', () => {
  test.each(dbnCases)('refuses a %s and makes nothing but a note of it', async (name) => {
    const { folder, file } = folderWith(name, `run ${name}`);
    const newLake = join(folder, 'lake');
    const result = await barline('months', 'run', '--source', folder, '--lake', newLake, '--workers', '1');
    expect(result).toMatchObject({ code: 1, stderr: saidByRun(name, file) });
    expect(result.stdout).toContain('0 succeeded, 1 failed');
    expect(Object.keys(bytesOf(newLake))).toEqual([join(newLake, NOTE)]);
    expect(readdirSync(folder)).toHaveLength(2);
  });

  test('leaves a lake that is there as it was, byte for byte, also when forced and told to be quiet', async () => {
    const { folder, file } = folderWith('truncated zstd', 'forced');
    const args = ['--source', folder, '--lake', lake, '--force', '--quiet'];
    const { code, stderr } = await barline('months', 'run', ...args);
    const [error, hint] = said('truncated zstd', file);
    expect({ code, stderr }).toEqual({ code: 1, stderr: `${error.replace(']:', ']: 2024-04:')}\n${hint}\n` });
    expect(withoutNote(bytesOf(lake))).toEqual(lakeBytes);
  });
});

describe.concurrent('barline dbn', () => {
  test.each([
    ['info', 'corrupt DBN'],
    ['info', 'truncated zstd'],
    ['convert', 'corrupt zstd'],
    ['convert', 'wrong schema'],
  ])('%s refuses a %s', async (verb, name) => {
    const { folder, file } = folderWith(name, `dbn ${verb} ${name}`);
    const more = verb === 'convert' ? ['--output', join(folder, 'out.csv')] : [];
    const result = await barline('dbn', verb, file, ...more);
    expect(result).toEqual({ code: 1, stdout: '', stderr: `${said(name, file).join('\n')}\n` });
    expect(readdirSync(folder)).toHaveLength(1);
  });
});

const MONTH_FILE = `${MONTH}.dbn.zst`;
const MONTHS_HELP = 'hint: see `barline months run --help`';
const MAKE_SAMPLES =
  'hint: name the folder with --source, or make sample months with `barline sample months`';
const run = (...args: string[]) => ['months', 'run', ...args];
const runGood = (...args: string[]) => run('--source', 'good', ...args);

/** Places and flags: the command line, the exit code, and what stderr has. */
const REQUESTS: Readonly<
  Record<string, readonly [args: readonly string[], code: number, ...stderr: string[]]>
> = {
  'a folder for a file of bars': [
    ['process', 'good', '--output', 'out.parquet'],
    1,
    'error[NOT_A_FILE]: DIR/good: expected a file, found a directory.',
    'hint: Name one file in it.',
  ],
  'a folder for a DBN file': [
    ['dbn', 'info', 'good'],
    1,
    'error[DBN_IS_DIRECTORY]: good: a DBN file is expected, but this is a directory (EISDIR).',
    'hint: Name a .dbn or .dbn.zst file in it.',
  ],
  'no such file': [
    ['process', 'none.csv', '--output', 'out.parquet'],
    1,
    'error[NOT_FOUND]: DIR/none.csv: there is no such file.',
    'hint: Check the path.',
  ],
  'no such file to check': [
    ['check', 'none.dbn'],
    1,
    'error[NOT_FOUND]: DIR/none.dbn: there is no such file.',
    'hint: Check the path.',
  ],
  "a folder under a month's name": [
    run('--source', 'folder-as-month'),
    1,
    `error[MONTH_NOT_A_FILE]: DIR/folder-as-month/${MONTH_FILE}: expected a monthly file, found a folder`,
    'hint: put the file itself there, or give this another name',
  ],
  'a link that leads nowhere': [
    run('--source', 'dangling'),
    1,
    `error[MONTH_NOT_A_FILE]: DIR/dangling/${MONTH_FILE}: expected a monthly file, found a link that leads nowhere`,
    'hint: put the file itself there, or give this another name',
  ],
  'a lake that is a file': [
    runGood('--lake', 'wrong.yaml'),
    2,
    'error[USAGE]: the lake DIR/wrong.yaml is a file, not a folder',
    'hint: name another place with --lake',
  ],
  'two files for one month': [
    run('--source', 'two'),
    1,
    `error[MONTH_TWO_FILES]: two files for 2024-04 in DIR/two: copy/${MONTH_FILE} and ${MONTH_FILE}`,
    'hint: keep the one that is right, or point --source at a folder that holds just one',
  ],
  'a source that is a file': [
    run('--source', `good/${MONTH_FILE}`),
    2,
    `error[USAGE]: the source DIR/good/${MONTH_FILE} is a file, not a folder`,
    'hint: name the folder it lies in; --month takes just one month of it, `barline process` just one file',
  ],
  'a source that is not there': [
    run('--source', 'none'),
    2,
    'error[USAGE]: the source DIR/none does not exist',
    MAKE_SAMPLES,
  ],
  'an empty source': [
    run('--source', 'empty'),
    2,
    'error[USAGE]: no monthly file in DIR/empty: expected names like glbx-mdp3-20241001-20241031.ohlcv-1s.dbn.zst',
    MAKE_SAMPLES,
  ],
  'an unknown flag': [
    runGood('--wokers', '2'),
    2,
    "error[USAGE]: unknown option '--wokers'",
    'hint: did you mean --workers?',
  ],
  'a flag without its value': [
    runGood('--workers'),
    2,
    "error[USAGE]: option '--workers <n>' argument missing",
    MONTHS_HELP,
  ],
  'a flag with no number': [
    runGood('--workers', 'two'),
    2,
    'error[USAGE]: --workers "two": expected a whole number above 0',
    'hint: e.g. --workers 2',
  ],
  'no workers': [
    runGood('--workers', '0'),
    2,
    'error[USAGE]: --workers "0": expected a whole number above 0',
    'hint: e.g. --workers 2',
  ],
  'too many workers': [
    runGood('--workers', '1000'),
    2,
    'error[CONFIG]: the flag: run.workers = 1000: expected at most 256',
    'hint: see `barline config show` for the keys in force and `barline init` for a commented example',
  ],
  'an unknown command': [
    ['moths', 'run'],
    2,
    "error[USAGE]: unknown command 'moths'",
    'hint: did you mean months?',
  ],
  'an unknown verb': [['months', 'rnu'], 2, "error[USAGE]: unknown command 'rnu'", 'hint: did you mean run?'],
  'a month that is none': [
    runGood('--from', '2024-13'),
    2,
    'error[USAGE]: --from "2024-13": expected a month as YYYY-MM',
    'hint: e.g. 2024-10',
  ],
  '--from after --to': [
    runGood('--from', '2024-05', '--to', '2024-04'),
    2,
    'error[USAGE]: --from 2024-05 is after --to 2024-04',
    'hint: exchange the two',
  ],
  'a month that is not there': [
    runGood('--month', '2024-05'),
    2,
    'error[USAGE]: no file for 2024-05 in DIR/good; it has 2024-04 to 2024-04',
    'hint: run `barline months list` to see what is there',
  ],
  'a range without months': [
    runGood('--from', '2025-01'),
    2,
    'error[USAGE]: no month in the range asked for in DIR/good; it has 2024-04 to 2024-04',
    'hint: run `barline months list` to see what is there',
  ],
  'flags that exclude each other': [
    runGood('--force', '--stale'),
    2,
    'error[USAGE]: --skip-existing, --stale and --force exclude each other',
    'hint: give one of them',
  ],
  'an unknown instrument': [
    runGood('--instrument', 'EZ'),
    2,
    'error[CONFIG]: the flag: instrument = "EZ": not defined; known are ES, MES, NQ, MNQ, RTY, YM, others can be defined under instruments',
    'hint: did you mean ES?',
  ],
  'a word too many': [
    runGood('extra'),
    2,
    "error[USAGE]: too many arguments for 'run'. Expected 0 arguments but got 1: extra.",
    MONTHS_HELP,
  ],
  'a configuration that is not there': [
    runGood('--config', 'none.yaml'),
    2,
    'error[CONFIG]: DIR/none.yaml does not exist',
    'hint: run `barline init` for a commented example, `barline config show` for what is in force',
  ],
  'a configuration with a wrong value': [
    runGood('--config', 'wrong.yaml'),
    2,
    'error[CONFIG]: DIR/wrong.yaml: run.workers = 0: expected more than 0',
    'hint: see `barline config show` for the keys in force and `barline init` for a commented example',
  ],
  'an output that is the input': [
    ['process', 'bars.parquet', '--output', 'bars.parquet'],
    2,
    'error[USAGE]: --output bars.parquet is the input itself',
    'hint: name another file',
  ],
  'an output that is no Parquet': [
    ['process', `good/${MONTH_FILE}`, '--output', 'out.csv'],
    2,
    'error[USAGE]: --output out.csv: expected a name that ends in .parquet',
    'hint: rows are written as Parquet; - is stdout',
  ],
  'no output': [
    ['process', `good/${MONTH_FILE}`],
    2,
    "error[USAGE]: required option '--output <file>' not specified",
    'hint: see `barline process --help`',
  ],
  'an unknown stage': [
    ['process', `good/${MONTH_FILE}`, '--output', 'out.parquet', '--stages', 'clean,lables'],
    2,
    'error[USAGE]: --stages: unknown stage "lables"',
    'hint: the stages are contract, session, clean, grid, labels, features',
  ],
  'a word that is no choice': [
    ['process', `good/${MONTH_FILE}`, '--output', 'out.parquet', '--sessions', 'some'],
    2,
    "error[USAGE]: option '--sessions <how>' argument 'some' is invalid. Allowed choices are respect, ignore.",
    'hint: see `barline process --help`',
  ],
};

describe.concurrent('a request that cannot be met', () => {
  beforeAll(() => {
    mkdirSync(join(root, 'empty'));
    mkdirSync(join(root, 'folder-as-month', MONTH_FILE), { recursive: true });
    mkdirSync(join(root, 'dangling'));
    symlinkSync(join(root, 'nowhere'), join(root, 'dangling', MONTH_FILE));
    mkdirSync(join(root, 'two', 'copy'), { recursive: true });
    for (const folder of ['two', 'two/copy'])
      copyFileSync(join(good, MONTH_FILE), join(root, folder, MONTH_FILE));
    writeFileSync(join(root, 'wrong.yaml'), 'run:\n  workers: 0\n');
  });

  test.each(Object.entries(REQUESTS))('%s', async (_name, [args, code, ...stderr]) => {
    const lakeArgs = args[0] === 'months' && !args.includes('--lake') ? ['--lake', lake] : [];
    const result = await barline(...args, ...lakeArgs);
    expect(result).toEqual({ code, stdout: '', stderr: `${stderr.join('\n')}\n` });
    expect(existsSync(join(root, 'out.parquet'))).toBe(false);
  });
});

test('none of them wrote into the lake that was there, or anything where it ran', () => {
  expect(withoutNote(bytesOf(lake))).toEqual(lakeBytes);
  expect(readdirSync(root).filter((name) => /^out|^lake$/.test(name))).toEqual(['lake']);
});
