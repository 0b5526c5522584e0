/** Options of the commands that make bars into rows, or judge how they were made; they go before the configuration. */
import { option } from './command.ts';

export const processingOptions = () => [
  option('--instrument <name>', 'the product, e.g. ES or NQ'),
  option('--no-flip-back', 'once rolled to a later contract, never back to an earlier one'),
];

/** What was given of them, by configuration key. */
export function processingFlags(options: Readonly<Record<string, unknown>>) {
  return {
    instrument: options.instrument,
    // commander's name of the option without its "no"
    'contract.no_flip_back': options.flipBack === false ? true : undefined,
  };
}
