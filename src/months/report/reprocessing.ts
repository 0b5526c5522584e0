import type { MonthFailure } from '../failures.ts';
import { shiftMonth } from '../month.ts';
import type { RecordedMonth } from './lake-reading.ts';

export const PRIORITIES = ['high', 'medium', 'low'] as const;
export type Priority = (typeof PRIORITIES)[number];

export interface MonthToDo {
  readonly month: string;
  readonly score: number | null;
  readonly reasons: readonly string[];
  /** What to run once the reasons are seen to. */
  readonly command: string;
}

export interface PriorityGroup {
  readonly priority: Priority;
  readonly months: readonly MonthToDo[];
  /** Takes all months of the group. */
  readonly command: string;
}

/** Writes the commands to run next, with the places given: ` --source data --lake lake`. */
export interface CommandWriter {
  readonly places: string;
}

export function runCommand(months: readonly string[], { places }: CommandWriter): string {
  return `barline months run${monthFlags(months)} --force${places}`;
}

/** Tries failed months again; all that there are unless named. */
export function retryCommand(months: readonly string[], { places }: CommandWriter): string {
  return `barline months retry${months.map((month) => ` --month ${month}`).join('')}${places}`;
}

/** `--month` of each; of a long row of months without a gap, its ends. */
function monthFlags(months: readonly string[]): string {
  const [first = '', last = ''] = [months[0], months.at(-1)];
  const isRow = months.length > 2 && shiftMonth(first, months.length - 1) === last;
  return isRow ? ` --from ${first} --to ${last}` : months.map((month) => ` --month ${month}`).join('');
}

/** Months that were made and should be made again, by priority, the worst score first; empty groups are left out. */
export function reprocessingGroups(
  months: readonly RecordedMonth[],
  commands: CommandWriter,
): PriorityGroup[] {
  const due = months.flatMap(({ month, statistics, isCutShort }) => {
    if (isCutShort) {
      const reasons = ['a run died between its statistics and its rows'];
      return [{ month, score: statistics.quality_score, reasons, priority: 'high' as const }];
    }
    if (statistics.requires_reprocessing !== true) return [];
    const score = statistics.quality_score;
    const reasons = statistics.reprocessing_reasons ?? [];
    return [{ month, score, reasons, priority: statistics.reprocessing_priority ?? priorityOf(score) }];
  });
  return PRIORITIES.flatMap((priority) => {
    const chosen = due.filter((each) => each.priority === priority);
    if (chosen.length === 0) return [];
    const command = runCommand(
      chosen.map(({ month }) => month),
      commands,
    );
    const worstFirst = [...chosen].sort((a, b) => (a.score ?? 0) - (b.score ?? 0));
    return {
      priority,
      command,
      months: worstFirst.map(({ month, score, reasons }) => ({
        month,
        score,
        reasons,
        command: runCommand([month], commands),
      })),
    };
  });
}

/** High below 0.5, medium up to 0.7, low above. */
function priorityOf(score: number | null): Priority {
  if (score === null || score < 0.5) return 'high';
  return score <= 0.7 ? 'medium' : 'low';
}

export interface FailureCause {
  readonly code: string;
  readonly kind: 'transient' | 'permanent';
  readonly months: readonly {
    readonly month: string;
    readonly message: string;
    readonly attempts: number;
  }[];
  readonly hint: string | null;
  /** Tries them again, once the cause is gone. */
  readonly command: string;
}

/** Failed months by their error's code, the most frequent first. */
export function failureCauses(failures: readonly MonthFailure[], commands: CommandWriter): FailureCause[] {
  const byCode = Map.groupBy(failures, ({ code }) => code);
  return [...byCode]
    .map(([code, found]) => ({
      code,
      // one that cannot heal decides: a retry alone does not help
      kind: found.some(({ kind }) => kind === 'permanent') ? ('permanent' as const) : ('transient' as const),
      months: found.map(({ month, message, attempts }) => ({ month, message, attempts })),
      hint: found.find(({ hint }) => hint !== null)?.hint ?? null,
      command: retryCommand(byCode.size === 1 ? [] : found.map(({ month }) => month), commands),
    }))
    .sort((a, b) => b.months.length - a.months.length || (a.code < b.code ? -1 : 1));
}
