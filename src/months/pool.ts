import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { BarlineError } from '../base/index.ts';
import type {
  BuildTask,
  BuiltRowGroup,
  FrontTask,
  LastFront,
  LastFrontMessage,
  PreparedMonth,
  PrepareTask,
  Task,
} from './tasks.ts';
import type { TaskFailure, TaskResult } from './worker.ts';

/** A thread without work for so long ends; the months of a run keep them all busy until then. */
const IDLE_MS = 10_000;

/** The worker threads of a run. Those for the cores start at once, so that their modules load while the run is planned. */
export class WorkerPool {
  readonly #pool: Piscina<Task, TaskResult | TaskFailure>;
  readonly workerCount: number;

  constructor(workerCount: number, onLastFront: (message: LastFrontMessage) => void) {
    this.workerCount = workerCount;
    const file = import.meta.url.endsWith('.ts') ? './worker-entry.ts' : './worker-entry.js';
    this.#pool = new Piscina({
      filename: new URL(file, import.meta.url).href,
      // threads beyond the cores start when there is work for them: each loads its modules again
      minThreads: Math.min(workerCount, availableParallelism()),
      maxThreads: workerCount,
      idleTimeout: IDLE_MS,
      concurrentTasksPerWorker: 1,
      // a worker's own reads and decompression need its event loop between tasks
      atomics: 'disabled',
    });
    this.#pool.on('message', (message: LastFrontMessage) => onLastFront(message));
  }

  async prepare(task: PrepareTask): Promise<PreparedMonth> {
    const result = await this.#run(task);
    if ('grid' in result) return result;
    throw new Error('a prepare task gave something else');
  }

  async build(task: BuildTask): Promise<BuiltRowGroup> {
    const result = await this.#run(task);
    if ('rowGroup' in result) return result;
    throw new Error('a build task gave something else');
  }

  async front(task: FrontTask): Promise<LastFront> {
    const result = await this.#run(task);
    if ('contract' in result && 'sha256' in result) return result;
    throw new Error('a front task gave something else');
  }

  async #run(task: Task): Promise<TaskResult> {
    const result = await this.#pool.run(task);
    if (!('failed' in result)) return result;
    throw new BarlineError(result.failed);
  }

  /** Stops the threads where they are. */
  async destroy(): Promise<void> {
    await this.#pool.destroy();
  }
}
