/** What the parts of a check found, and what that comes to. */

export const PARTS = [
  'pipeline',
  'file',
  'rolls',
  'memory',
  'recovery',
  'storage',
  'rules',
  'equality',
] as const;

export type PartName = (typeof PARTS)[number];

/** One thing that must hold. */
export interface Proof {
  readonly name: string;
  readonly passed: boolean;
  /** What was found, with figures. */
  readonly detail: string;
}

export interface PartReport {
  readonly part: PartName;
  readonly title: string;
  readonly passed: boolean;
  /** Share of its proofs that passed. */
  readonly score: number;
  readonly seconds: number;
  readonly proofs: readonly Proof[];
}

export interface CheckReport {
  readonly verdict: 'pass' | 'fail';
  /** Mean over the parts, 0 to 1. A single proof that failed makes the verdict `fail`, whatever the score. */
  readonly score: number;
  readonly seconds: number;
  readonly peakRssBytes: number;
  readonly parts: readonly PartReport[];
}

export function proof(name: string, passed: boolean, detail: string): Proof {
  return { name, passed, detail };
}

export function partReport(
  part: PartName,
  title: string,
  proofs: readonly Proof[],
  seconds: number,
): PartReport {
  const passed = proofs.filter((each) => each.passed).length;
  const score = proofs.length === 0 ? 0 : passed / proofs.length;
  return { part, title, passed: proofs.length > 0 && passed === proofs.length, score, seconds, proofs };
}

export function checkReport(
  parts: readonly PartReport[],
  seconds: number,
  peakRssBytes: number,
): CheckReport {
  const score = parts.reduce((sum, part) => sum + part.score, 0) / Math.max(1, parts.length);
  const verdict = parts.length > 0 && parts.every(({ passed }) => passed) ? 'pass' : 'fail';
  return { verdict, score, seconds, peakRssBytes, parts };
}
