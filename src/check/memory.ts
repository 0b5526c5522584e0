/** Memory under stress: more threads than cores on whole months, within the budget. */
import { join } from 'node:path';
import { formatByteLength } from '../base/index.ts';
import { type CheckContext, fullSource, monthDigests, runInto, sameDigests } from './bench-lake.ts';
import { type Proof, proof } from './report.ts';

const WORKERS = 4;

export async function proveMemory(context: CheckContext): Promise<Proof[]> {
  const { months } = await context.fullSample();
  const lake = join(context.folder, 'stress');
  const { summary } = await runInto(context, fullSource(context), lake, { workers: WORKERS });
  const peak = process.resourceUsage().maxRSS * 1024;
  const budget = context.memoryByteLength;
  const differing = sameDigests(await monthDigests(join(context.folder, 'lake')), await monthDigests(lake));
  return [
    proof(
      'every month comes through',
      summary.succeeded === months.length,
      `${summary.succeeded} of ${months.length} months, ${WORKERS} threads`,
    ),
    proof(
      'peak within the budget',
      peak <= budget,
      `${formatByteLength(peak)} resident at most, of all threads; the budget is ${formatByteLength(budget)}`,
    ),
    proof(
      'the same bytes as without stress',
      differing.length === 0,
      differing.length === 0 ? 'every month' : `${differing.join(', ')} differ`,
    ),
  ];
}
