// Where a worker thread begins: it keeps compiled code between runs, as the main thread does, then loads the tasks.
import { enableCompileCache } from 'node:module';
import type { Task } from './tasks.ts';

enableCompileCache();
const { runTask } = await import('./worker.ts');

export default (task: Task) => runTask(task);
