import type { Condition } from './condition.ts';

/**
 * How often a condition has changed, by its id: odd while it stands, even when it has gone, absent when it never was.
 */
export type ConditionStates = ReadonlyMap<string, number>;

export type Transition =
  | { readonly to: 'raised'; readonly number: number; readonly condition: Condition }
  | { readonly to: 'resolved'; readonly number: number; readonly conditionId: string };

export const isRaised = (number: number) => number % 2 === 1;

/**
 * What changes when somebody has looked: each standing condition that is not raised yet comes up, each raised one
 * that does not stand any more goes away, if the look would have seen it (`isSeen`). `number` is the change's own.
 */
export function transitionsOf(
  states: ConditionStates,
  standing: readonly Condition[],
  isSeen: (conditionId: string) => boolean,
): Transition[] {
  const ids = new Set(standing.map(({ id }) => id));
  const raised = standing.flatMap((condition): Transition[] => {
    const number = states.get(condition.id) ?? 0;
    return isRaised(number) ? [] : [{ to: 'raised', number: number + 1, condition }];
  });
  const resolved = [...states].flatMap(([conditionId, number]): Transition[] =>
    isRaised(number) && !ids.has(conditionId) && isSeen(conditionId)
      ? [{ to: 'resolved', number: number + 1, conditionId }]
      : [],
  );
  return [...raised, ...resolved];
}
