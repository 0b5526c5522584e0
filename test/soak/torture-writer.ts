// Changes a table at random until it is told to stop (SIGTERM) or killed, and keeps a ledger of its own rows.
// Arguments: table, writer's name, seed, ledger file.
import { closeSync, openSync, writeSync } from 'node:fs';
import { BarlineError } from '../../src/base/index.ts';
import { DeltaTable } from '../../src/delta/index.ts';
import { RandomStream } from '../../src/sample/random.ts';
import type { Effects, LedgerLine } from './torture-ledger.ts';
import { chooseOperation, LIMITS, type TortureOperation, type WriterState } from './torture-operations.ts';

/** After these the table says that nothing was written. */
const REFUSALS = new Set(['DELTA_CONCURRENT_MODIFICATION', 'DELTA_COMMIT_CONTENDED']);
/** How often a writer looks whether its rows are as its ledger has them. */
const LOOK_SHARE = 0.05;

const [location = '', name = '', seed = '1', ledgerPath = ''] = process.argv.slice(2);
const ledger = openSync(ledgerPath, 'wx');
const note = (line: LedgerLine) => writeSync(ledger, `${JSON.stringify(line)}\n`);
let isStopped = false;
process.on('SIGTERM', () => {
  isStopped = true;
});

// whoever started it is gone
process.stdin.resume().on('end', () => process.exit(1));

const table = await DeltaTable.open(location);
const state: WriterState = { name, random: RandomStream.of(Number(seed)), rows: new Map(), nextId: 1 };

async function change(operation: TortureOperation, serial: number): Promise<void> {
  const effects = operation.effects(state);
  note({ kind: 'begin', serial, operation: operation.name, effects });
  try {
    const version = await operation.run(table, state, effects, { appId: name, version: serial });
    note({ kind: 'done', serial, version });
    keep(effects);
  } catch (error) {
    if (!(error instanceof BarlineError) || !REFUSALS.has(error.code)) throw error;
    note({ kind: 'refused', serial, code: error.code });
  }
}

function keep(effects: Effects): void {
  for (const [id, amount] of effects) {
    if (amount === null) state.rows.delete(id);
    else state.rows.set(id, amount);
  }
}

/** Nobody else touches this writer's rows, so at any moment they must be as it left them. */
async function look(): Promise<void> {
  await table.refresh();
  const scan = await table.scan({ where: { writer: name }, columns: ['id', 'amount'], limits: LIMITS });
  const found = new Map<number, number>();
  for await (const { id, amount } of scan.rows()) {
    if (found.has(Number(id)))
      throw new Error(`${name}: row ${id} is there twice in version ${scan.version}`);
    found.set(Number(id), Number(amount));
  }
  for (const [id, amount] of state.rows) {
    if (found.get(id) === amount) continue;
    throw new Error(`${name}: row ${id} is ${found.get(id)} in version ${scan.version}, expected ${amount}`);
  }
  if (found.size !== state.rows.size) {
    throw new Error(`${name}: ${found.size} rows in version ${scan.version}, expected ${state.rows.size}`);
  }
}

for (let serial = 1; !isStopped; serial++) {
  if (state.random.uniform() < LOOK_SHARE) await look();
  await change(chooseOperation(state), serial);
}
closeSync(ledger);
process.stdin.destroy();
