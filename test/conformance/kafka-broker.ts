import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './s3-server.ts';

const CLUSTER_ID = 'MkU3OEVBNTcwNTJENDM2Qg';
const READY_LINE = 'Kafka Server started';
const READY_WITHIN_MS = 90_000;
const STOPPED_WITHIN_MS = 30_000;

/** A Kafka broker that is its own controller, with a data folder of its own. `install-kafka.sh` puts it in its place. */
export class KafkaBroker {
  readonly port: number;
  readonly #libs: string;
  readonly #folder: string;
  #child: ChildProcess | undefined;

  private constructor(libs: string, folder: string, port: number) {
    this.#libs = libs;
    this.#folder = folder;
    this.port = port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Fails when Kafka is not installed, or does not start. */
  static async start(): Promise<KafkaBroker> {
    const libs = join(
      process.env.BARLINE_PEERS ?? join(import.meta.dirname, '../../.peers'),
      'kafka',
      'libs',
    );
    if (!existsSync(libs)) throw new Error(`there is no ${libs}; run test/conformance/install-kafka.sh`);
    const folder = mkdtempSync(join(tmpdir(), 'barline-kafka-'));
    const [port, controllerPort] = [await freePort(), await freePort()];
    writeFileSync(join(folder, 'server.properties'), properties(port, controllerPort, join(folder, 'data')));
    const broker = new KafkaBroker(libs, folder, port);
    execFileSync('java', broker.#java('kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c'), {
      stdio: 'pipe',
    });
    await broker.restart();
    return broker;
  }

  /** Starts the broker again on its data; the same port. */
  async restart(): Promise<void> {
    const memory = ['-Xms256m', '-Xmx512m', '-XX:+UseSerialGC'];
    const child = spawn('java', [...memory, ...this.#java('kafka.Kafka')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    let said = '';
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`Kafka did not start: ${said}`)), READY_WITHIN_MS);
      const listen = (text: Buffer) => {
        said = (said + text.toString()).slice(-4_000);
        if (said.includes(READY_LINE)) {
          clearTimeout(timer);
          resolve();
        }
      };
      child.stdout.on('data', listen);
      child.stderr.on('data', listen);
      child.on('exit', (code) => {
        clearTimeout(timer);
        reject(new Error(`Kafka ended with ${code}: ${said}`));
      });
    });
  }

  /** Stops the broker as an operator does, or as a power cut; its data stay. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const exited = new Promise((resolve) => child.on('exit', resolve));
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOPPED_WITHIN_MS);
    await exited;
    clearTimeout(timer);
  }

  async close(): Promise<void> {
    await this.stop('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #java(main: string, ...options: string[]): string[] {
    return ['-cp', join(this.#libs, '*'), main, ...options, join(this.#folder, 'server.properties')];
  }
}

function properties(port: number, controllerPort: number, data: string): string {
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
log.dirs=${data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
`;
}
