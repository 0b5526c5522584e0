/** The rules by which a date's front contract is chosen. */
import { usageError } from '../base/index.ts';

/**
 * - `day_volume`: the date's own volume. Knows the whole day, which is look-ahead within it.
 * - `previous_day_volume`: the volume of the date before it in the data, known before the session opens.
 */
export type ContractRule = 'day_volume' | 'previous_day_volume';

export const CONTRACT_RULES: readonly ContractRule[] = ['day_volume', 'previous_day_volume'];

/** A rule by name; a usage error for another one, and for `days_before_expiry:N`, which is not supported yet. */
export function contractRule(text: string): ContractRule {
  const rule = CONTRACT_RULES.find((known) => known === text);
  if (rule) return rule;
  if (/^days_before_expiry(:|$)/.test(text)) {
    throw usageError(
      `Contract rule ${JSON.stringify(text)} is not yet supported.`,
      `Use ${CONTRACT_RULES.join(' or ')}.`,
    );
  }
  throw usageError(
    `Contract rule ${JSON.stringify(text)} is unknown; expected ${CONTRACT_RULES.join(' or ')}.`,
  );
}
