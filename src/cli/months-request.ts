/** What the commands of `months` have in common: where the months lie, which are asked for, and how they are made. */
import { usageError } from '../base/index.ts';
import { type Invocation, option, repeatable } from './command.ts';
import { loadSettings, locate, processingOf } from './configuration.ts';
import { processingFlags } from './processing-options.ts';

export const sourceOption = () => option('--source <dir>', 'folder with the raw months, at any depth');
export const rangeOptions = () => [
  option('--from <month>', 'first month, YYYY-MM (default: all there are)'),
  option('--to <month>', 'last month, YYYY-MM'),
  repeatable('--month <month>', 'this month; may be given several times'),
];

/** How the months are worked at; none of it changes a result. */
export const workOptions = () => [
  option('--workers <n>', 'worker threads (default: one per core)'),
  option('--memory <size>', 'what may be resident at most, e.g. 2GB or 700MB (default: 2GB)'),
  option('--retries <n>', 'how often a month is tried again after what may heal (default: 2)'),
  option('--retry-delay <duration>', 'about how long after the first try, then doubled (default: 30s)'),
];

/** Settings, places and the months asked for, of any `months` command. */
export async function openMonthsRequest(invocation: Invocation, options: Readonly<Record<string, unknown>>) {
  const { parseMonth } = await import('../months/index.ts');
  const configuration = await loadSettings(invocation, {
    source: options.source,
    ...processingFlags(options),
    'run.workers': wholeNumber(options.workers, '--workers'),
    'run.memory': options.memory,
    'run.retry.tries': triesOf(options.retries),
    'run.retry.first_delay': options.retryDelay,
  });
  const { value } = configuration;
  const month = (text: unknown, name: string) =>
    typeof text === 'string' ? parseMonth(text, name) : undefined;
  const from = month(options.from, '--from');
  const to = month(options.to, '--to');
  if (from !== undefined && to !== undefined && from > to) {
    throw usageError(`--from ${from} is after --to ${to}`, 'exchange the two');
  }
  const given = Array.isArray(options.month) ? options.month : [];
  return {
    settings: value,
    processing: processingOf(value),
    sourceUri: locate(value.source, configuration, 'source', invocation.directory),
    lakeUri: locate(value.lake, configuration, 'lake', invocation.directory),
    range: {
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
      ...(given.length > 0 && { months: given.map((text) => parseMonth(String(text), '--month')) }),
    },
  };
}

/** The setting counts the first try as well. */
function triesOf(retries: unknown): number | undefined {
  if (retries === undefined) return undefined;
  return (wholeNumber(retries, '--retries', 0) ?? 0) + 1;
}

export function wholeNumber(value: unknown, name: string, least = 1): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (String(value).trim() !== '' && Number.isInteger(number) && number >= least) return number;
  const wanted = least > 0 ? 'a whole number above 0' : 'a whole number, 0 or more';
  throw usageError(`${name} ${JSON.stringify(value)}: expected ${wanted}`, `e.g. ${name} 2`);
}
