/**
 * How a date’s front contract is chosen.
 * - `day_volume`: the date's own volume. Knows the whole day, which is look-ahead within it.
 * - `previous_day_volume`: the volume of the date before it in the data, known before the session opens.
 */
export type ContractRule = 'day_volume' | 'previous_day_volume';

export const CONTRACT_RULES: readonly ContractRule[] = ['day_volume', 'previous_day_volume'];
