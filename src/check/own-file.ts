/** A file of the user's own through every stage. */
import { readBarFile } from '../bars/index.ts';
import { PROCESS_STAGES, processBars } from '../months/index.ts';
import type { CheckContext } from './bench-lake.ts';
import { type Proof, proof } from './report.ts';

export async function proveFile(context: CheckContext, path: string): Promise<Proof[]> {
  const { bars } = await readBarFile(path);
  context.onShare(0.3);
  const { processing } = context;
  const { fields, columns, report } = processBars(bars, PROCESS_STAGES, processing, path);
  context.onShare(0.9);
  const valuesOf = (name: string) => columns[fields.findIndex((field) => field.name === name)]?.values ?? [];
  const wrong = (name: string, isWrong: (value: number) => boolean) => {
    const values = valuesOf(name);
    if (!(values instanceof Int8Array) && !(values instanceof Float32Array)) return report.rowsOut;
    return values.filter((value) => isWrong(value)).length;
  };
  const labels = fields.map(({ name }) => name).filter((name) => name.startsWith('label_'));
  const bad = labels.flatMap((label) => {
    const weight = `weight_${label.slice('label_'.length)}`;
    const count =
      wrong(label, (value) => value !== 0 && value !== 1) + wrong(weight, (value) => !(value > 0));
    return count > 0 ? [`${label}: ${count}`] : [];
  });
  const { cleaning, grid } = report;
  const kept = cleaning === null || cleaning.rowsIn === 0 ? 0 : cleaning.rowsOut / cleaning.rowsIn;
  return [
    proof('bars come out', report.rowsOut > 0, `${report.rowsIn} bars in, ${report.rowsOut} rows out`),
    proof(
      'cleaning keeps most bars',
      kept >= 0.7,
      `${(kept * 100).toFixed(1)} % of those inside the session`,
    ),
    proof(
      'the grid has no holes',
      grid !== null && grid.rowCount === report.rowsOut,
      `${grid?.sessions.length ?? 0} sessions, ${((grid?.fillShare ?? 0) * 100).toFixed(1)} % filled`,
    ),
    proof('labels are 0 or 1 and weights above 0', bad.length === 0, bad[0] ?? `${labels.length} modes`),
    proof(
      'every feature is computed',
      report.featureFailures.length === 0,
      report.featureFailures[0]?.message ?? 'all',
    ),
  ];
}
