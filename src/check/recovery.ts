/** Months whose file is corrupt or cut off: refused by name, nothing written of them, the others untouched, healed later. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CheckContext,
  monthDigests,
  runInto,
  SMALL_MONTHS,
  sameDigests,
  smallFileName,
  smallSource,
  writeSmallMonths,
} from './bench-lake.ts';
import { type Proof, proof } from './report.ts';

/** Damages by name, each done to the second month's file. */
const DAMAGES: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  'cut off in the middle': (bytes) => bytes.subarray(0, bytes.length >> 1),
  'a flipped bit': (bytes) => {
    const damaged = Buffer.from(bytes);
    const middle = bytes.length >> 1;
    damaged[middle] = (damaged[middle] ?? 0) ^ 0x10;
    return damaged;
  },
  'other bytes altogether': (bytes) => Buffer.alloc(bytes.length, 'not DBN '),
  'nothing in it': () => Buffer.alloc(0),
};

const VICTIM = '2024-03';

export async function proveRecovery(context: CheckContext): Promise<Proof[]> {
  await writeSmallMonths(smallSource(context));
  const whole = readFileSync(join(smallSource(context), smallFileName(VICTIM)));
  const proofs: Proof[] = [];
  for (const [name, damage] of Object.entries(DAMAGES)) {
    const at = proofs.length;
    proofs.push(await proveDamage(context, name, damage(whole), `damaged-${at}`));
    context.onShare((at + 1) / (Object.keys(DAMAGES).length + 1));
  }
  proofs.push(await proveHealing(context, 'damaged-0'));
  return proofs;
}

async function proveDamage(
  context: CheckContext,
  name: string,
  bytes: Buffer,
  folder: string,
): Promise<Proof> {
  const source = join(context.folder, folder);
  mkdirSync(source);
  // only the month before is at hand as well: it shows that others come through
  copyFileSync(join(smallSource(context), smallFileName('2024-02')), join(source, smallFileName('2024-02')));
  writeFileSync(join(source, smallFileName(VICTIM)), bytes);
  const { outcomes } = await runInto(context, source, `${source}-lake`);
  const victim = outcomes.find(({ month }) => month === VICTIM);
  const others = outcomes.filter(({ month, status }) => month !== VICTIM && status === 'succeeded');
  const isNamed = victim?.error?.message.includes(smallFileName(VICTIM)) === true;
  const written = Object.keys(await monthDigests(`${source}-lake`));
  const passed = victim?.status === 'failed' && isNamed && others.length === 1 && !written.includes(VICTIM);
  return proof(
    name,
    passed,
    victim?.error ? `${victim.error.code}, the other month came through` : 'the file was taken',
  );
}

/** The right file in the place of the damaged one, and the next run does what is missing. */
async function proveHealing(context: CheckContext, folder: string): Promise<Proof> {
  const source = join(context.folder, folder);
  for (const month of Object.keys(SMALL_MONTHS)) {
    copyFileSync(join(smallSource(context), smallFileName(month)), join(source, smallFileName(month)));
  }
  const { summary } = await runInto(context, source, `${source}-lake`);
  await runInto(context, smallSource(context), join(context.folder, 'small-lake'));
  const differing = sameDigests(
    await monthDigests(join(context.folder, 'small-lake')),
    await monthDigests(`${source}-lake`),
  );
  const found =
    differing.length === 0
      ? `${summary.succeeded} months made, as if nothing had been`
      : `${differing.join(', ')} differ`;
  return proof('the right file heals it', differing.length === 0 && summary.failed === 0, found);
}
