import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isRaised, transitionsOf } from '../../src/monitor/transitions.ts';
import { failedMonth } from './conditions.ts';

const MONTHS = ['2024-01', '2024-02', '2024-03'];

/** A look: which months stand as failed, and which the look can see at all. */
const looks = fc.array(fc.record({ standing: fc.subarray(MONTHS), seen: fc.subarray(MONTHS) }), {
  maxLength: 30,
});

test('whatever is looked at: a change a change of the truth, each numbered once and in turn', () => {
  fc.assert(
    fc.property(looks, (sequence) => {
      const states = new Map<string, number>();
      const raised = new Set<string>();
      for (const { standing, seen } of sequence) {
        // what stands is seen
        const visible = new Set([...standing, ...seen].map((month) => failedMonth(month).id));
        const changes = transitionsOf(states, standing.map(failedMonth), (id) => visible.has(id));
        for (const change of changes) {
          const id = change.to === 'raised' ? change.condition.id : change.conditionId;
          expect(change.number).toBe((states.get(id) ?? 0) + 1);
          expect(isRaised(change.number)).toBe(change.to === 'raised');
          states.set(id, change.number);
        }
        // the naive truth: what stands is raised, what is seen and does not stand is not, the rest stays
        for (const id of visible) raised.delete(id);
        for (const month of standing) raised.add(failedMonth(month).id);
        expect(new Set([...states].filter(([, number]) => isRaised(number)).map(([id]) => id))).toEqual(
          raised,
        );
        expect(transitionsOf(states, standing.map(failedMonth), (id) => visible.has(id))).toEqual([]);
      }
    }),
  );
});
