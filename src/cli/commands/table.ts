import type { NounSpec } from '../command.ts';
import { changes } from './table-changes.ts';
import { history } from './table-history.ts';
import { list } from './table-list.ts';
import { read } from './table-read.ts';
import { show } from './table-show.ts';
import { verify } from './table-verify.ts';

export const table: NounSpec = {
  name: 'table',
  summary: 'tables of the lake and any other Delta table',
  verbs: [list, show, history, read, changes, verify],
};
