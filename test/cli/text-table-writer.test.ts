import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { Output } from '../../src/cli/output.ts';
import { TextTableWriter } from '../../src/cli/text-table-writer.ts';

function capture(): { output: Output; text: () => string } {
  const pieces: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      pieces.push(String(chunk));
      done();
    },
  });
  const options = { json: false, quiet: false, verbose: false, color: false, interactive: false };
  return { output: new Output(options, sink, sink), text: () => pieces.join('') };
}

const columns = [{ title: 'n', align: 'right' as const }, { title: 'name' }, { title: 'last' }];

test('columns that do not fit the line are left out and named', async () => {
  const { output, text } = capture();
  const table = new TextTableWriter(output, columns, 9);
  await table.write([['1', 'abc', 'x']]);
  await table.end();
  expect(text()).toBe('n  name\n─  ────\n1  abc\n');
  expect(table.hiddenTitles).toEqual(['last']);
});

test('the first column is always there; without a width all are', async () => {
  const narrow = capture();
  const table = new TextTableWriter(narrow.output, columns, 0);
  await table.end();
  expect(narrow.text()).toBe('n\n─\n');
  const piped = capture();
  await new TextTableWriter(piped.output, columns, Number.POSITIVE_INFINITY).end();
  expect(piped.text()).toBe('n  name  last\n─  ────  ────\n');
});

test('rows after the first thousand keep its columns; a cell stays on one line', async () => {
  const { output, text } = capture();
  const table = new TextTableWriter(output, columns.slice(0, 2), undefined);
  await table.write(Array.from({ length: 1000 }, (_, i) => [String(i), 'a\nb']));
  await table.write([['7', null]]);
  await table.write([['8', 'x'.repeat(200)]]);
  await table.end();
  const lines = text().trimEnd().split('\n');
  expect(lines).toHaveLength(1004);
  expect(lines[2]).toBe('  0  a b');
  expect(lines[1002]).toBe('  7  NULL');
  expect(lines[1003]).toBe(`  8  ${'x'.repeat(119)}…`);
});
