/** Futures symbols: product, month code, year digits. */
import { type InstrumentDefinition, MONTH_CODES } from './instruments.ts';

export interface ContractSymbol {
  readonly product: string;
  /** From 1, January. */
  readonly month: number;
  /** The last one, two or four digits of the year, as the symbol has them. */
  readonly yearDigits: string;
}

const OUTRIGHT = new RegExp(`^([A-Z0-9]+?)([${MONTH_CODES}])(\\d|\\d{2}|\\d{4})$`);

/** `ESH4` or `ESH24` in parts; undefined for a spread (`-` or `:` in it) and for what is no contract. */
export function parseContract(symbol: string): ContractSymbol | undefined {
  const parts = OUTRIGHT.exec(symbol);
  if (!parts) return undefined;
  const [, product = '', code = '', yearDigits = ''] = parts;
  return { product, month: MONTH_CODES.indexOf(code) + 1, yearDigits };
}

/** Whether a symbol is a combination of contracts. */
export function isSpread(symbol: string): boolean {
  return symbol.includes('-') || symbol.includes(':');
}

/**
 * Expiry month as year × 12 + month, of a contract traded in `year`: the first year from then on that ends in the
 * symbol's digits, since a year digit repeats every ten years and an expired contract does not trade.
 */
export function expiryMonth(contract: ContractSymbol, year: number): number {
  const cycle = 10 ** contract.yearDigits.length;
  const digits = Number(contract.yearDigits);
  const ahead = (((digits - year) % cycle) + cycle) % cycle;
  return (year + ahead) * 12 + contract.month;
}

/**
 * Whether a symbol can be the front contract of an instrument: an outright of the product in one of its contract
 * months, or the product's own name alone or before a dot (a continuous symbol such as `ES` or `ES.v.0`).
 */
export function qualifies(symbol: string, instrument: InstrumentDefinition): boolean {
  if (symbol === instrument.name || symbol.startsWith(`${instrument.name}.`)) return true;
  if (isSpread(symbol)) return false;
  const contract = parseContract(symbol);
  if (!contract || contract.product !== instrument.name) return false;
  return instrument.contractMonths.includes(MONTH_CODES.charAt(contract.month - 1));
}
