/** Rolls between contracts, found again among overnight gaps that are none. */
import {
  type Bars,
  chooseContract,
  cleanBars,
  dbnBarBuilder,
  fillGrid,
  findRolls,
  inSession,
} from '../bars/index.ts';
import { symbolResolver } from '../dbn/index.ts';
import { hoursOf } from '../months/index.ts';
import { generateMonth, type MonthTruth } from '../sample/index.ts';
import type { CheckContext } from './bench-lake.ts';
import { type Proof, proof } from './report.ts';

/** Each has one; other months have none, and must get none. */
const MONTHS = ['2023-03', '2023-05', '2023-06', '2023-09', '2023-12', '2024-01', '2024-06', '2024-12'];

export async function proveRolls(context: CheckContext): Promise<Proof[]> {
  let [planted, found, hits] = [0, 0, 0];
  const wrong: string[] = [];
  for (const [at, month] of MONTHS.entries()) {
    context.signal.throwIfAborted();
    const { metadata, batches, truth } = generateMonth({
      instrument: 'ES',
      month,
      seed: 3,
      scale: 0.02,
      defects: false,
    });
    const builder = dbnBarBuilder(symbolResolver(metadata));
    for (const batch of batches) builder.add(batch);
    const expected = rollLines(truth());
    const lines = foundLines(context, builder.finish().bars);
    planted += expected.length;
    found += lines.length;
    hits += lines.filter((line) => expected.includes(line)).length;
    wrong.push(...expected.filter((line) => !lines.includes(line)).map((line) => `missed ${line}`));
    wrong.push(...lines.filter((line) => !expected.includes(line)).map((line) => `invented ${line}`));
    context.onShare((at + 1) / MONTHS.length);
  }
  const [precision, recall] = [found === 0 ? 0 : hits / found, planted === 0 ? 0 : hits / planted];
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  const rest = wrong.length === 0 ? '' : `; ${wrong.slice(0, 2).join(', ')}`;
  return [
    proof(
      'precision',
      precision === 1,
      `${percent(precision)}: ${hits} of ${found} rolls found were planted${rest}`,
    ),
    proof(
      'recall',
      recall === 1,
      `${percent(recall)}: ${hits} of ${planted} planted rolls were found${rest}`,
    ),
  ];
}

function rollLines({ rolls }: MonthTruth): string[] {
  return rolls.map((roll) => `${roll.date} ${roll.from_contract} ${roll.to_contract}`);
}

function foundLines({ processing }: CheckContext, bars: Bars): string[] {
  const { instrument, labels } = processing;
  const hours = hoursOf(processing);
  const contract = chooseContract(bars, { instrument, hours, ...processing.contract });
  const { clean } = cleanBars(bars, inSession(bars, contract.rows, { hours }).inside, { instrument });
  const { events } = findRolls(fillGrid(clean, { clock: hours.clock }).grid, {
    mode: 'contracts',
    instrument,
    sessions: labels.sessions,
    affectedBefore: labels.affectedBefore,
    affectedAfter: labels.affectedAfter,
    candidates: contract.report.rolls,
    previousFront: null,
  });
  return events.map((event) => `${event.date} ${event.fromContract} ${event.toContract}`);
}
