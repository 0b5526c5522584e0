import type { RawMonth } from './discovery.ts';

/** Decides when the next month may begin: a lane waits for it before it takes its month. */
export interface MonthAdmission {
  /** Resolves when there is room; what it gives is called when the month has ended, however it did. */
  enter(raw: RawMonth): Promise<() => void>;
}

/** Room for every month that a lane takes. */
export const openAdmission: MonthAdmission = { enter: async () => () => undefined };
