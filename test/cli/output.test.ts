import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { Output } from '../../src/cli/output.ts';

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
