import type { NounSpec } from '../command.ts';
import { list, show, stats } from './dlq-list.ts';
import { purge, replay } from './dlq-replay.ts';

export const dlq: NounSpec = {
  name: 'dlq',
  summary: 'dead letters: records that failed validation',
  verbs: [list, show, stats, replay, purge],
};
