import type { NounSpec } from '../command.ts';
import { convert } from './dbn-convert.ts';
import { head } from './dbn-head.ts';
import { info } from './dbn-info.ts';

export const dbn: NounSpec = {
  name: 'dbn',
  summary: 'look into Databento files and convert them',
  verbs: [info, head, convert],
};
