/** One pass against pieces: the same bytes for any number of threads, and month by month in the other order. */
import { join } from 'node:path';
import {
  type CheckContext,
  monthDigests,
  runInto,
  SMALL_MONTHS,
  sameDigests,
  smallSource,
  writeSmallMonths,
} from './bench-lake.ts';
import { type Proof, proof } from './report.ts';

export async function proveEquality(context: CheckContext): Promise<Proof[]> {
  const source = smallSource(context);
  await writeSmallMonths(source);
  const lake = (name: string) => join(context.folder, `equal-${name}`);
  await runInto(context, source, lake('single'), { workers: 1 });
  context.onShare(0.3);
  const expected = await monthDigests(lake('single'));
  await runInto(context, source, lake('threads'), { workers: 3 });
  context.onShare(0.6);
  for (const month of Object.keys(SMALL_MONTHS).reverse()) {
    await runInto(context, source, lake('months'), { plan: { take: 'force', months: [month] } });
  }
  const compare = async (name: string, other: string) => {
    const differing = sameDigests(expected, await monthDigests(lake(other)));
    const count = Object.keys(expected).length;
    const isSame = differing.length === 0 && count === Object.keys(SMALL_MONTHS).length;
    return proof(name, isSame, isSame ? `${count} months, byte for byte` : `${differing.join(', ')} differ`);
  };
  return [
    await compare('1 worker and 3 workers', 'threads'),
    await compare('one run and a run for each month, newest first', 'months'),
  ];
}
