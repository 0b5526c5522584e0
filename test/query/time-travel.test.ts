import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseTableReference } from '../../src/query/table-reference.ts';
import { rewriteTimeTravel } from '../../src/query/time-travel.ts';
import { nameOf, tokenize } from '../../src/query/tokens.ts';

describe('names with a version', () => {
  test.each([
    ['SELECT * FROM bars@v12', 'SELECT * FROM "bars@v12"'],
    ['SELECT * FROM bars@V0 b', 'SELECT * FROM "bars@V0" b'],
    ['FROM bars@2025-12-13', 'FROM "bars@2025-12-13"'],
    ['FROM bars@2025-12-13T12:00:00Z WHERE x', 'FROM "bars@2025-12-13T12:00:00Z" WHERE x'],
    ['FROM bars@2025-12-13T12:00:00.123456+01:00;', 'FROM "bars@2025-12-13T12:00:00.123456+01:00";'],
    ['FROM "my bars"@v1, b@v2', 'FROM "my bars@v1", "b@v2"'],
    ['FROM "a""b"@v1', 'FROM "a""b@v1"'],
    ['FROM main.bars@v1', 'FROM main."bars@v1"'],
    ['(FROM bars@v1)', '(FROM "bars@v1")'],
  ])('%s', (sql, expected) => {
    expect(rewriteTimeTravel(sql).sql).toBe(expected);
  });

  test.each([
    "SELECT 'bars@v12'",
    "SELECT 'it''s bars@v12'",
    "SELECT E'\\'bars@v12'",
    'SELECT $$bars@v12$$, $q$ bars@v1 $$ $q$',
    'SELECT "bars@v12"',
    '-- bars@v12\nSELECT 1',
    '/* bars@v12 /* nested */ bars@v1 */ SELECT 1',
    'SELECT bars @v12',
    'SELECT bars@v',
    'SELECT bars@v12x',
    'SELECT a@>b, @ -1',
    "SELECT 'unclosed bars@v1",
  ])('left alone: %s', (sql) => {
    expect(rewriteTimeTravel(sql)).toEqual({ sql, references: new Map() });
  });

  test('says what it found', () => {
    const { references } = rewriteTimeTravel('FROM a@v3 JOIN b@2025-12-13');
    expect([...references]).toEqual([
      ['a@v3', { table: 'a', at: { version: 3 }, suffix: 'v3' }],
      [
        'b@2025-12-13',
        { table: 'b', at: { timestamp: new Date('2025-12-13T00:00:00Z') }, suffix: '2025-12-13' },
      ],
    ]);
  });

  test('tokens joined are the SQL, whatever it is', () => {
    const piece = fc.constantFrom(
      "'",
      '"',
      '$$',
      '$t$',
      '--',
      '/*',
      '*/',
      '\n',
      'E',
      'bars',
      '@v1',
      ' ',
      '\\',
      ';',
      '1.5',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 3 }))), (pieces) => {
        const sql = pieces.join('');
        expect(
          tokenize(sql)
            .map((token) => token.text)
            .join(''),
        ).toBe(sql);
      }),
    );
  });

  test('any text between quotes is one token and stays as it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const sql = `SELECT '${text.replaceAll("'", "''")}' AS "${text.replaceAll('"', '""')}"`;
        const tokens = tokenize(sql).filter((token) => token.kind === 'text' || token.kind === 'quoted-name');
        expect(tokens).toHaveLength(2);
        expect(nameOf(tokens[1])).toBe(text);
        expect(rewriteTimeTravel(sql).sql).toBe(sql);
      }),
    );
  });
});

describe('a table on the command line', () => {
  test.each([
    ['bars', { table: 'bars', at: {}, suffix: undefined }],
    ['bars@v7', { table: 'bars', at: { version: 7 }, suffix: 'v7' }],
    ['/data/me@home/bars', { table: '/data/me@home/bars', at: {}, suffix: undefined }],
    ['a@v1@v2', { table: 'a@v1', at: { version: 2 }, suffix: 'v2' }],
    ['@v1', { table: '@v1', at: {}, suffix: undefined }],
    [
      'bars@2025-12-13T12:00',
      { table: 'bars', at: { timestamp: new Date('2025-12-13T12:00:00Z') }, suffix: '2025-12-13T12:00' },
    ],
    [
      'bars@2025-12-13T12:00:00+0130',
      {
        table: 'bars',
        at: { timestamp: new Date('2025-12-13T10:30:00Z') },
        suffix: '2025-12-13T12:00:00+0130',
      },
    ],
  ])('%s', (text, expected) => {
    expect(parseTableReference(text)).toEqual(expected);
  });

  test.each(['bars@2025-02-30', 'bars@2025-13-01', 'bars@2025-01-01T25:00', 'bars@v99999999999999999999'])(
    'refuses %s',
    (text) => {
      expect(() => parseTableReference(text)).toThrow(
        expect.objectContaining({ code: 'USAGE', exitCode: 2 }),
      );
    },
  );
});
