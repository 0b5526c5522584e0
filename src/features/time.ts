import type { Frame } from './frame.ts';
import type { BinaryFeatureName, FeatureArrays } from './table.ts';

/** A part of the day session: seconds of the day [startSecond, endSecond) on the exchange clock. */
interface DayPart {
  readonly name: BinaryFeatureName;
  readonly startSecond: number;
  readonly endSecond: number;
}

const clock = (hours: number, minutes: number) => (hours * 60 + minutes) * 60;

export const dayParts: readonly DayPart[] = [
  { name: 'is_pre_open', startSecond: clock(7, 30), endSecond: clock(8, 30) },
  { name: 'is_rth_open', startSecond: clock(8, 30), endSecond: clock(9, 15) },
  { name: 'is_morning', startSecond: clock(9, 15), endSecond: clock(11, 0) },
  { name: 'is_lunch', startSecond: clock(11, 0), endSecond: clock(13, 0) },
  { name: 'is_afternoon', startSecond: clock(13, 0), endSecond: clock(14, 30) },
  { name: 'is_rth_close', startSecond: clock(14, 30), endSecond: clock(15, 0) },
];

/** The seven time features. Cost per row: two comparisons; the rows of a part are filled at once. */
export function timeFeatures(frame: Frame, out: FeatureArrays): void {
  const { secondOfDay, first, rowCount } = frame;
  for (let start = first; start < rowCount; ) {
    const part = dayParts.find(
      ({ startSecond, endSecond }) => secondOfDay[start] >= startSecond && secondOfDay[start] < endSecond,
    );
    const end = part ? partEnd(secondOfDay, start, part.startSecond, part.endSecond) : start + 1;
    out.is_eth.fill(part ? 0 : 1, start, end);
    for (const { name } of dayParts) out[name].fill(name === part?.name ? 1 : 0, start, end);
    start = end;
  }
}

function partEnd(secondOfDay: Int32Array, start: number, startSecond: number, endSecond: number): number {
  let i = start + 1;
  while (i < secondOfDay.length && secondOfDay[i] >= startSecond && secondOfDay[i] < endSecond) i++;
  return i;
}
