import type { NounSpec } from '../command.ts';
import { list } from './months-list.ts';
import { report } from './months-report.ts';
import { retry } from './months-retry.ts';
import { rollback } from './months-rollback.ts';
import { run } from './months-run.ts';
import { show } from './months-show.ts';

export const months: NounSpec = {
  name: 'months',
  summary: 'the monthly run: raw months to training bars',
  verbs: [run, list, show, report, retry, rollback],
};
