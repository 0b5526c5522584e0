import { usageError } from '../base/index.ts';

/** A UTC calendar month as `YYYY-MM`; text order is time order. */
export type Month = string;

const PATTERN = /^(\d{4})-(0[1-9]|1[0-2])$/;

export function isMonth(text: string): boolean {
  return PATTERN.test(text);
}

/** Checks a month given by a person; `option` names where it came from. */
export function parseMonth(text: string, option: string): Month {
  if (isMonth(text)) return text;
  throw usageError(`${option} ${JSON.stringify(text)}: expected a month as YYYY-MM`, 'e.g. 2024-10', {
    option,
    found: text,
  });
}

/** The month `count` months later (earlier when negative). */
export function shiftMonth(month: Month, count: number): Month {
  const index = Number(month.slice(0, 4)) * 12 + Number(month.slice(5)) - 1 + count;
  return `${String(Math.floor(index / 12)).padStart(4, '0')}-${String((index % 12) + 1).padStart(2, '0')}`;
}
