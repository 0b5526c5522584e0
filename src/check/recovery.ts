/** Months whose file is corrupt or cut off: refused by name, nothing written of them, the others untouched, healed later. */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MonthOutcome } from '../months/index.ts';
import {
  type CheckContext,
  monthDigests,
  runInto,
  SMALL_MONTHS,
  sameDigests,
  smallFileName,
  smallSource,
} from './bench-lake.ts';
import { type Proof, proof } from './report.ts';

/** Damages by the month whose file is given them. */
const DAMAGES: Readonly<Record<string, readonly [name: string, damage: (bytes: Buffer) => Buffer]>> = {
  '2024-03': ['cut off in the middle', (bytes) => bytes.subarray(0, bytes.length >> 1)],
  '2024-04': ['a flipped bit', withFlippedBit],
  '2024-05': ['other bytes altogether', (bytes) => Buffer.alloc(bytes.length, 'not DBN ')],
  '2024-06': ['nothing in it', () => Buffer.alloc(0)],
};
const WHOLE = '2024-02';

function withFlippedBit(bytes: Buffer): Buffer {
  const damaged = Buffer.from(bytes);
  const middle = bytes.length >> 1;
  damaged[middle] = (damaged[middle] ?? 0) ^ 0x10;
  return damaged;
}

export async function proveRecovery(context: CheckContext): Promise<Proof[]> {
  const expected = await context.smallDigests();
  context.onShare(0.4);
  const source = join(context.folder, 'damaged');
  const lake = `${source}-lake`;
  mkdirSync(source);
  const fileOf = (month: string) => join(source, smallFileName(month));
  const wholeOf = (month: string) => join(smallSource(context), smallFileName(month));
  copyFileSync(wholeOf(WHOLE), fileOf(WHOLE));
  const bytes = readFileSync(wholeOf('2024-03'));
  for (const [month, [, damage]] of Object.entries(DAMAGES)) writeFileSync(fileOf(month), damage(bytes));
  const { outcomes } = await runInto(context, source, lake);
  const written = Object.keys(await monthDigests(lake));
  const proofs = Object.entries(DAMAGES).map(([month, [name]]) =>
    proveRefusal(
      name,
      outcomes.find((each) => each.month === month),
      written,
    ),
  );
  proofs.push(
    proof('the whole month comes through', written.join() === WHOLE, `written: ${written.join(', ')}`),
  );
  context.onShare(0.7);
  // the right files in the places of the damaged ones, and the next run does what is missing
  for (const month of Object.keys(DAMAGES)) rmSync(fileOf(month));
  for (const month of Object.keys(SMALL_MONTHS)) copyFileSync(wholeOf(month), fileOf(month));
  const { summary } = await runInto(context, source, lake);
  const differing = sameDigests(expected, await monthDigests(lake));
  const isHealed = differing.length === 0 && summary.failed === 0;
  const found = isHealed
    ? `${summary.succeeded} months made, as if nothing had been`
    : `${differing.join(', ')} differ`;
  return [...proofs, proof('the right files heal it', isHealed, found)];
}

function proveRefusal(name: string, outcome: MonthOutcome | undefined, written: readonly string[]): Proof {
  if (outcome?.status !== 'failed' || outcome.error === null) return proof(name, false, 'the file was taken');
  const isNamed = outcome.error.message.includes(smallFileName(outcome.month));
  const isWritten = written.includes(outcome.month);
  const found = isWritten
    ? 'rows were written of it'
    : isNamed
      ? 'refused by name'
      : 'the error does not name the file';
  return proof(name, isNamed && !isWritten, `${outcome.error.code}: ${found}`);
}
