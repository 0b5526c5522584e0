import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { BarlineError } from '../../src/base/index.ts';
import { Output } from '../../src/cli/output.ts';
import { formatSeconds, textTable } from '../../src/cli/text-table.ts';

function outputTo(quiet: boolean) {
  const stderr = new PassThrough();
  const output = new Output(
    { json: false, quiet, verbose: false, color: false, interactive: true },
    new PassThrough(),
    stderr,
  );
  return { output, written: () => String(stderr.read() ?? '') };
}

test('a note or an alert takes the place of the lines that progress has drawn', () => {
  const { output, written } = outputTo(false);
  output.redraw(['2024-01  10%', 'all       5%']);
  expect(written()).toBe('2024-01  10%\nall       5%\n');
  output.alert('alert: 2024-02 failed');
  expect(written()).toBe('\u001b[2A\u001b[Jalert: 2024-02 failed\n');
  output.redraw(['all       6%']);
  expect(written()).toBe('all       6%\n');
  output.redraw(['all       7%']);
  expect(written()).toBe('\u001b[1A\u001b[Jall       7%\n');
  output.undraw();
  expect(written()).toBe('\u001b[1A\u001b[J');
});

test('--quiet keeps notes back, not alerts', () => {
  const { output, written } = outputTo(true);
  output.note('a note');
  output.alert('an alert');
  expect(written()).toBe('an alert\n');
});

test('what others chose moves no cursor and begins no line', () => {
  const { output, written } = outputTo(false);
  output.note('2024-02  \u001b[2Jbad.dbn\r');
  expect(written()).toBe('2024-02   [2Jbad.dbn \n');
  output.error(new BarlineError({ code: 'X', message: 'a\nalert: b\u009b1m', hint: 'see \u0007c\nd' }));
  expect(written()).toBe('error[X]: a alert: b 1m\nhint: see  c d\n');
  expect(textTable([{ title: 'file' }, { title: 'rows' }], [['a\n\u001b[31mb', '7']])).toBe(
    'file     rows\n───────  ────\na [31mb  7',
  );
});

test('a time is never 60 seconds beside its minutes', () => {
  expect([99.96, 119.4, 119.7, 3599.6].map(formatSeconds)).toEqual([
    '1 min 40 s',
    '1 min 59 s',
    '2 min 00 s',
    '60 min 00 s',
  ]);
});
