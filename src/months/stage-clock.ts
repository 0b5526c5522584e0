import type { Stage } from './events.ts';

export type StageSeconds = Partial<Record<Stage, number>>;

/** Adds up the wall time of stages as they follow each other. */
export class StageClock {
  readonly seconds: StageSeconds = {};
  #mark = performance.now();

  /** The time since the last lap belongs to this stage. */
  lap(stage: Stage): void {
    const now = performance.now();
    this.seconds[stage] = (this.seconds[stage] ?? 0) + (now - this.#mark) / 1000;
    this.#mark = now;
  }
}

export function addSeconds(sum: StageSeconds, more: Readonly<StageSeconds>): StageSeconds {
  const result = { ...sum };
  for (const stage of Object.keys(more)) {
    if (isStage(stage)) result[stage] = (result[stage] ?? 0) + (more[stage] ?? 0);
  }
  return result;
}

const STAGES: readonly Stage[] = [
  'fetch',
  'decode',
  'contract',
  'session',
  'clean',
  'grid',
  'label',
  'feature',
  'encode',
  'validate',
  'write',
  'statistics',
  'commit',
];

function isStage(text: string): text is Stage {
  return STAGES.some((stage) => stage === text);
}
