import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shiftMonth } from '../../src/months/index.ts';
import { nextMonth } from '../../src/months/work-order.ts';

const months = Array.from({ length: 24 }, (_, index) => shiftMonth('2023-01', index));

describe('the order of work', () => {
  it('is that of time for a run alone', () => {
    expect(nextMonth(months, undefined, new Set())).toBe(0);
    expect(nextMonth(months.slice(5), '2023-05', new Set())).toBe(0);
  });

  it('goes on after the last month, and else to the middle of the longest free stretch', () => {
    const held = new Set(['2023-01', '2023-02']);
    expect(months[nextMonth(months, '2023-01', held)]).toBe('2024-02');
    expect(months[nextMonth(months, '2024-02', held)]).toBe('2024-03');
    expect(months[nextMonth(months, '2024-12', held)]).toBe('2024-02');
    expect(nextMonth(['2023-01'], undefined, held)).toBe(0);
  });

  it('lets runs that work in turn take every month once, and rarely begin after a month they did not make', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 5 }),
        fc.array(fc.nat(), { minLength: 200, maxLength: 200 }),
        (count, turns) => {
          const open = new Set(months);
          const runs = Array.from({ length: count }, () => ({
            last: undefined as string | undefined,
            held: new Set<string>(),
            jumps: 0,
          }));
          const holder = new Map<string, number>();
          for (let turn = 0; open.size > 0; turn++) {
            const at = (turns[turn % turns.length] ?? 0) % count;
            const run = runs[at];
            if (run === undefined) continue;
            // the month at work is done by the run's next turn
            for (const [month, owner] of holder) if (owner === at) holder.delete(month);
            for (;;) {
              const ready = [...open, ...holder.keys()].sort();
              const month = ready[nextMonth(ready, run.last, run.held)];
              if (month === undefined || (run.held.has(month) && holder.has(month))) break;
              if (holder.has(month)) {
                run.held = new Set(holder.keys());
                continue;
              }
              open.delete(month);
              holder.set(month, at);
              if (run.last === undefined || month !== shiftMonth(run.last, 1)) run.jumps++;
              run.last = month;
              break;
            }
            if (turn > 5_000) throw new Error('some months are never taken');
          }
          const jumps = runs.reduce((sum, run) => sum + run.jumps, 0);
          expect(jumps).toBeLessThanOrEqual(count * 6);
        },
      ),
    );
  });
});
