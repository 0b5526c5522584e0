import { MIDNIGHT, SESSION_CLOSE, SESSION_OPEN } from './hours.ts';

/**
 * How busy each minute of the Chicago day is: for a second of that minute, the chance that the front contract
 * trades, the contracts it trades if it does, and how much of the day's price variance falls on it. The shape is
 * the usual U of the day session, with a rise at the 07:30 news and at the 08:30 open of stocks, and a night that
 * wakes with Europe at 02:00.
 */
export interface ActivityProfile {
  /** Expected trades a second, so that a second trades with the chance 1 - exp(-rate). A row per minute of day. */
  readonly rate: Float64Array;
  /** Contracts per trading second, about. */
  readonly volume: Float64Array;
  /** Share of the day's variance per second; the sum over all seconds is 1. */
  readonly variance: Float64Array;
}

/** Clock time as hours, chance to trade, contracts, relative variance; straight lines between. */
const KNOTS: readonly (readonly [number, number, number, number])[] = [
  [0, 0.16, 4, 0.12],
  [2, 0.3, 6, 0.3],
  [2.5, 0.34, 7, 0.35],
  [5, 0.28, 6, 0.25],
  [7, 0.45, 9, 0.35],
  [7.49, 0.6, 12, 0.45],
  [7.5, 0.93, 30, 1.5],
  [7.75, 0.72, 16, 0.6],
  [8.25, 0.74, 17, 0.55],
  [8.49, 0.8, 22, 0.6],
  [8.5, 0.998, 95, 3.2],
  [9, 0.985, 75, 2.4],
  [10, 0.94, 52, 1.6],
  [11.5, 0.86, 36, 1],
  [12.5, 0.83, 32, 0.9],
  [13.5, 0.89, 42, 1.2],
  [14.5, 0.965, 65, 1.6],
  [14.9, 0.996, 115, 2.2],
  [15, 0.94, 80, 1.2],
  [15.05, 0.72, 20, 0.5],
  [15.3, 0.42, 8, 0.25],
  [16, 0.26, 6, 0.2],
  [17, 0.42, 8, 0.35],
  [17.3, 0.22, 5, 0.2],
  [19, 0.24, 5, 0.2],
  [21, 0.19, 4, 0.15],
  [24, 0.16, 4, 0.12],
];

function between(hour: number, column: 1 | 2 | 3): number {
  let before = KNOTS[0] ?? [0, 0, 0, 0];
  for (const knot of KNOTS) {
    if (knot[0] > hour) {
      const part = (hour - before[0]) / (knot[0] - before[0]);
      return before[column] + part * (knot[column] - before[column]);
    }
    before = knot;
  }
  return before[column];
}

function makeProfile(): ActivityProfile {
  const minutes = MIDNIGHT / 60;
  const rate = new Float64Array(minutes);
  const volume = new Float64Array(minutes);
  const variance = new Float64Array(minutes);
  for (let minute = 0; minute < minutes; minute++) {
    const hour = (minute + 0.5) / 60;
    rate[minute] = -Math.log(1 - between(hour, 1));
    volume[minute] = between(hour, 2);
    variance[minute] = between(hour, 3);
  }
  const sum = variance.reduce((total, value) => total + value, 0) * 60;
  return { rate, volume, variance: variance.map((value) => value / sum) };
}

export const ACTIVITY: ActivityProfile = makeProfile();

export function isSessionMinute(minute: number): boolean {
  return minute * 60 >= SESSION_OPEN && minute * 60 < SESSION_CLOSE;
}
