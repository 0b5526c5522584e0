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
  SourceFile,
  Task,
} from './tasks.ts';
import type { TaskFailure, TaskResult } from './worker.ts';

/** A thread without work for so long ends; the months of a run keep them all busy until then. */
const IDLE_MS = 10_000;

const YOUNG_GENERATION_MIB = 8;

/** The worker threads of a run. Those for the cores start at once, so that their modules load while the run is planned. */
export class WorkerPool {
  readonly #pool: Piscina<Task, TaskResult | TaskFailure>;
  readonly #waiting: (() => void)[] = [];
  #workers: number;
  #busy = 0;

  /** `mostWorkers` at any time, `workers` of them at first. */
  constructor(mostWorkers: number, workers: number, onLastFront: (message: LastFrontMessage) => void) {
    this.#workers = workers;
    const file = import.meta.url.endsWith('.ts') ? './worker-entry.ts' : './worker-entry.js';
    this.#pool = new Piscina({
      filename: new URL(file, import.meta.url).href,
      minThreads: 1,
      maxThreads: mostWorkers,
      idleTimeout: IDLE_MS,
      concurrentTasksPerWorker: 1,
      // a worker's own reads and decompression need its event loop between tasks
      atomics: 'disabled',
      // what lives shortly is small; more room for it would only stay resident
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB },
    });
    this.#pool.on('message', (message: LastFrontMessage) => onLastFront(message));
    // threads beyond the cores start when there is work for them: each loads its modules again
    for (let n = Math.min(workers, availableParallelism()); n > 0; n--) this.#start();
  }

  #start(): void {
    // one that cannot start shows with its first task; one stopped early has nothing to say
    this.#pool.run({ kind: 'start' }).catch(() => undefined);
  }

  /** How many work at a time from now on; threads that are then without work end after a while. */
  limit(workers: number): void {
    this.#workers = workers;
    this.#wake();
  }

  async prepare(task: PrepareTask): Promise<PreparedMonth> {
    const result = await this.#run(task, handedOver(task.file));
    if ('grid' in result) return result;
    throw new Error('a prepare task gave something else');
  }

  async build(task: BuildTask): Promise<BuiltRowGroup> {
    const result = await this.#run(task);
    if ('rowGroup' in result) return result;
    throw new Error('a build task gave something else');
  }

  async front(task: FrontTask): Promise<LastFront> {
    const result = await this.#run(task, handedOver(task.file));
    if ('contract' in result && 'sha256' in result) return result;
    throw new Error('a front task gave something else');
  }

  async #run(task: Task, transferList: ArrayBuffer[] = []): Promise<TaskResult> {
    await this.#turn();
    try {
      const result = await this.#pool.run(task, { transferList });
      if (!('failed' in result)) return result;
      throw new BarlineError(result.failed);
    } finally {
      this.#busy--;
      this.#wake();
    }
  }

  /** First come, first served. */
  #turn(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    this.#wake();
    return promise;
  }

  #wake(): void {
    while (this.#busy < this.#workers) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#busy++;
      next();
    }
  }

  /** Stops the threads where they are. */
  async destroy(): Promise<void> {
    await this.#pool.destroy();
  }
}

function handedOver({ bytes }: SourceFile): ArrayBuffer[] {
  return bytes === undefined ? [] : [bytes.buffer];
}
