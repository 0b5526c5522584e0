/** One pass against pieces: the same bytes for any number of threads, and month by month in the other order. */
import { join } from 'node:path';
import {
  type CheckContext,
  monthDigests,
  runInto,
  SMALL_MONTHS,
  sameDigests,
  smallSource,
} from './bench-lake.ts';
import { type Proof, proof } from './report.ts';

export async function proveEquality(context: CheckContext): Promise<Proof[]> {
  const expected = await context.smallDigests();
  const source = smallSource(context);
  const lake = (name: string) => join(context.folder, `equal-${name}`);
  context.onShare(0.2);
  await runInto(context, source, lake('single'), { workers: 1 });
  context.onShare(0.5);
  const months = Object.keys(SMALL_MONTHS);
  for (const month of [...months].reverse()) {
    await runInto(context, source, lake('months'), { workers: 1, plan: { take: 'force', months: [month] } });
  }
  const compare = async (name: string, other: string) => {
    const differing = sameDigests(expected, await monthDigests(lake(other)));
    const isSame = differing.length === 0 && Object.keys(expected).length === months.length;
    const found = isSame ? `${months.length} months, byte for byte` : `${differing.join(', ')} differ`;
    return proof(name, isSame, found);
  };
  return [
    await compare('several workers at once and one alone', 'single'),
    await compare('one run and a run for each month, newest first', 'months'),
  ];
}
