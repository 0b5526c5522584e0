import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { FileSource, fileIdentity } from '../../../src/ingest/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'barline-lines-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function sourceOf(open: () => AsyncIterable<Uint8Array> | undefined): FileSource {
  return new FileSource({ topic: 'lines', open, identity: null });
}

/** All lines from an offset on, with their offsets, and where it ends. */
async function readAll(source: FileSource, start = 0) {
  const lines: [number, string][] = [];
  for (let next = start; ; ) {
    const [read] = await source.read(new Map([[0, next]]), 1000);
    if (read === undefined) continue;
    for (const { offset, value } of read.messages) lines.push([offset, Buffer.from(value ?? []).toString()]);
    next = read.next;
    if (read.end === next) return { lines, end: next };
  }
}

describe('lines as messages', () => {
  it('have the number of their line, whatever the pieces they come in', async () => {
    const line = fc.string({ maxLength: 12 }).map((text) => text.replaceAll('\n', ' '));
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 20 }),
        fc.boolean(),
        fc.nat(20),
        async (lines, cuts, endsOpen, skip) => {
          const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
          const whole = endsOpen ? bytes.subarray(0, -1) : bytes;
          const count = endsOpen && lines.at(-1) === '' ? Math.max(0, lines.length - 1) : lines.length;
          const start = Math.min(skip, count);
          const open = () => {
            const pieces: Buffer[] = [];
            for (let at = 0, k = 0; at < whole.length; k++) {
              pieces.push(whole.subarray(at, at + (cuts[k] ?? 9)));
              at += cuts[k] ?? 9;
            }
            return Readable.from(pieces);
          };
          const expected = lines
            .slice(0, count)
            .map((text, i): [number, string] => [i, text])
            .filter(([offset, text]) => offset >= start && !/^[ \t\r]*$/.test(text));
          expect(await readAll(sourceOf(open), start)).toEqual({ lines: expected, end: count });
        },
      ),
      { numRuns: 300 },
    );
  });

  it('are waited for no longer than asked, and come when they come', async () => {
    const pipe = new PassThrough();
    const source = sourceOf(() => pipe);
    expect(await source.read(new Map([[0, 0]]), 20)).toEqual([]);
    pipe.write('{"a":1}\n{"b"');
    const [first] = await source.read(new Map([[0, 0]]), 1000);
    expect(first).toMatchObject({ next: 1, messages: [{ offset: 0 }] });
    pipe.end(':2}\n');
    expect(await readAll(source, 1)).toEqual({ lines: [[1, '{"b":2}']], end: 2 });
  });

  it('are read again from the beginning where that can be done, and an error where it cannot', async () => {
    const text = 'a\nb\n';
    const again = sourceOf(() => Readable.from([Buffer.from(text)]));
    await readAll(again);
    expect((await readAll(again)).lines).toEqual([
      [0, 'a'],
      [1, 'b'],
    ]);
    let isOpen = false;
    const once = sourceOf(() => {
      if (isOpen) return undefined;
      isOpen = true;
      return Readable.from([Buffer.from(text)]);
    });
    await readAll(once);
    await expect(once.read(new Map([[0, 0]]), 10)).rejects.toMatchObject({ code: 'STREAM_NO_REWIND' });
  });

  it('are fewer than were read before: another file of the name', async () => {
    const source = sourceOf(() => Readable.from([Buffer.from('a\n')]));
    await expect(readAll(source, 5)).rejects.toMatchObject({
      code: 'STREAM_OTHER_TOPIC',
      message: 'lines has 1 lines; 5 of that name were read before',
    });
  });

  it('of a file that grows are known by the first one', async () => {
    const path = join(folder, 'grows.jsonl');
    writeFileSync(path, '\n{"first":1}\n');
    const identity = await fileIdentity(path);
    appendFileSync(path, '{"second":2}\n');
    expect(await fileIdentity(path)).toBe(identity);
    writeFileSync(path, '{"other":1}\n');
    expect(await fileIdentity(path)).not.toBe(identity);
    await expect(fileIdentity(join(folder, 'none'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });
});
