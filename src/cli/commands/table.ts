import type { NounSpec } from '../command.ts';
import { append, overwrite } from './table-append.ts';
import { changes } from './table-changes.ts';
import { checkpoint } from './table-checkpoint.ts';
import { columns } from './table-columns.ts';
import { constraints } from './table-constraints.ts';
import { create } from './table-create.ts';
import { deleteRows, updateRows } from './table-delete.ts';
import { diff } from './table-diff.ts';
import { history } from './table-history.ts';
import { list } from './table-list.ts';
import { merge } from './table-merge.ts';
import { optimize } from './table-optimize.ts';
import { pin, pins, unpin } from './table-pins.ts';
import { properties } from './table-properties.ts';
import { read } from './table-read.ts';
import { restore } from './table-restore.ts';
import { show } from './table-show.ts';
import { vacuum } from './table-vacuum.ts';
import { verify } from './table-verify.ts';

export const table: NounSpec = {
  name: 'table',
  summary: 'tables of the lake and any other Delta table',
  verbs: [
    list,
    show,
    history,
    read,
    changes,
    diff,
    verify,
    create,
    append,
    overwrite,
    merge,
    deleteRows,
    updateRows,
    optimize,
    checkpoint,
    restore,
    vacuum,
    pin,
    unpin,
    pins,
    properties,
    constraints,
    columns,
  ],
};
