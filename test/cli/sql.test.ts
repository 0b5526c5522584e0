import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { writeLake } from '../query/lake-fixture.ts';
import { jsonLines, runCli, startCli, temporaryFolder } from './run-cli.ts';

let lake = '';
beforeAll(async () => {
  lake = mkdtempSync(join(tmpdir(), 'barline-test-'));
  await writeLake(lake);
  mkdirSync(join(lake, 'close/_delta_log'), { recursive: true });
  writeFileSync(join(lake, 'close/_delta_log/00000000000000000000.json'), '{]');
});
afterAll(() => rmSync(lake, { recursive: true, force: true }));

const sql = (query: string, ...flags: string[]) => runCli(['sql', query, '--lake', lake, ...flags]);
const rowsOf = async (query: string) => jsonLines((await sql(query, '--json')).stdout);

describe('sql', () => {
  test('sees every table of the lake, at any version', async () => {
    expect(
      await rowsOf(
        `SELECT (SELECT count(*) FROM bars) AS now, (SELECT count(*) FROM bars@v1) AS v1, (SELECT count(*) FROM "bars"@V0 AS b) AS v0, (SELECT count(*) FROM Bars@v2) AS v2, (SELECT count(*) FROM empty) AS none`,
      ),
    ).toEqual([{ now: 150, v1: 100, v0: 0, v2: 150, none: 0 }]);
  });

  test('a table that cannot be read is in nobody’s way', async () => {
    expect(await rowsOf('SELECT max(close) AS top FROM bars')).toEqual([{ top: 5024.75 }]);
    const asked = await sql('SELECT * FROM close');
    expect(asked.code).toBe(1);
    expect(asked.stderr).toMatch(/^error\[DELTA_/);
  });

  test('names in text, quotes and comments are left alone', async () => {
    expect(await rowsOf(`SELECT 'bars@v1' AS "a@v1" -- FROM bars@v99\n;`)).toEqual([{ 'a@v1': 'bars@v1' }]);
  });

  test('every reading statement', async () => {
    expect(await rowsOf('FROM bars ORDER BY close DESC, month LIMIT 1')).toMatchObject([{ close: 5024.75 }]);
    expect(await rowsOf('WITH b AS (FROM bars) SELECT count(*) AS n FROM b')).toEqual([{ n: 150 }]);
    expect(await rowsOf('DESCRIBE bars')).toMatchObject([{ column_name: 'timestamp' }, {}, {}, {}]);
    expect(await rowsOf('SHOW TABLES')).toEqual([{ name: 'bars' }, { name: 'empty' }]);
    expect(await rowsOf('SUMMARIZE bars')).toHaveLength(4);
    expect(await rowsOf('VALUES (1, 2)')).toEqual([{ col0: 1, col1: 2 }]);
    expect(await rowsOf('PIVOT bars ON month USING count(*)')).not.toEqual([]);
    expect((await sql('EXPLAIN SELECT * FROM bars')).stdout).toContain('PARQUET');
  });

  test('two columns of one name, and no rows', async () => {
    expect((await sql('SELECT 1 AS x, 2 AS x')).stdout).toMatch(/^ *1 +2$/m);
    expect(await sql('SELECT 1 AS x WHERE false', '--json')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });

  test('values that JSON cannot hold', async () => {
    expect(
      await rowsOf(
        `SELECT 'nan'::DOUBLE AS nan, 'inf'::FLOAT AS inf, 9007199254740993 AS wide, -9007199254740991 AS safe, 'a"\n' AS text, NULL AS none, [1, 2] AS list, 1.50::DECIMAL(9,2) AS price, TIMESTAMP '2024-01-01 00:00:00.5' AS local, '\\xAB'::BLOB AS bytes`,
      ),
    ).toEqual([
      {
        nan: null,
        inf: null,
        wide: '9007199254740993',
        safe: -9007199254740991,
        text: 'a"\n',
        none: null,
        list: [1, 2],
        price: 1.5,
        local: '2024-01-01T00:00:00.500000',
        bytes: 'qw==',
      },
    ]);
  });

  test('- reads the query from stdin', async () => {
    const { stdout } = await runCli(['sql', '-', '--lake', lake, '--json'], { stdin: 'SELECT 42 AS x;\n' });
    expect(jsonLines(stdout)).toEqual([{ x: 42 }]);
  });

  test('--output writes a file, and works without a lake', async () => {
    const folder = temporaryFolder();
    const args = ['sql', 'SELECT 1 AS x', '--output', 'x.parquet', '--json'];
    const { code, stdout } = await runCli(args, { cwd: folder });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ output: 'x.parquet', format: 'parquet', rows: 1, tables: [] });
    const { stdout: back } = await runCli(['sql', "FROM 'x.parquet'", '--json'], { cwd: folder });
    expect(jsonLines(back)).toEqual([{ x: 1 }]);
    expect(readdirSync(folder)).toEqual(['x.parquet']);
  });

  const refused: [string, RegExp, number][] = [
    ['', /^error\[USAGE\]: the query is empty/, 2],
    ['/* nothing */ ;', /^error\[USAGE\]: the query is empty/, 2],
    ['DROP TABLE bars', /^error\[USAGE\]: DROP is no query/, 2],
    ["COPY bars TO 'x.csv'", /^error\[USAGE\]: COPY/, 2],
    ['EXPLAIN ANALYZE CREATE TABLE x (i INT)', /^error\[USAGE\]: EXPLAIN CREATE/, 2],
    ['EXPLAIN (ANALYZE) CREATE TABLE x (i INT)', /^error\[USAGE\]: EXPLAIN CREATE/, 2],
    ['SELECT 1; DROP TABLE bars', /^error\[USAGE\]: .*2 statements/, 2],
    ['WITH x AS (SELECT 1) INSERT INTO bars SELECT * FROM x', /^error\[/, 2],
    ['SELEKT 1', /^error\[USAGE\]: SELEKT is no query/, 2],
    ['SELECT * FROM bras', /^error\[TABLE_NOT_FOUND\]: .*\nhint: did you mean bars\?/, 1],
    ['SELECT * FROM bars@v77', /^error\[DELTA_VERSION_TOO_NEW\]/, 1],
    ['SELECT clsoe FROM bars', /^error\[SQL_INVALID\]: .*\nhint: did you mean .*close/, 2],
    ["SELECT * FROM 'no.parquet'", /^error\[QUERY_FILE_MISSING\]/, 1],
    ["SELECT 'x'::INTEGER", /^error\[SQL_INVALID\]/, 2],
  ];
  test.each(refused)('%j', async (query, message, exitCode) => {
    const { code, stdout, stderr } = await sql(query);
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: exitCode, stdout: '' });
    expect(stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(2);
  });

  test('Ctrl-C ends a long query with 130 and leaves no partial file', async () => {
    const folder = temporaryFolder();
    const query = 'SELECT i, sin(i) AS s FROM range(2000000000) r(i)';
    const child = startCli(['sql', query, '--output', 'long.csv'], { cwd: folder });
    onTestFinished(() => void child.kill('SIGKILL'));
    const closed = new Promise((resolve) => child.on('close', resolve));
    while (readdirSync(folder).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill('SIGINT');
    expect(await closed).toBe(130);
    expect(readdirSync(folder)).toEqual([]);
  });
});
