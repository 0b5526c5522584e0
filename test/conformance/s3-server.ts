import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect as connectTo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { S3Settings } from '../../src/storage/index.ts';

const CREDENTIALS = { accessKeyId: 'conformance', secretAccessKey: 'conformance-secret' };
const READY_WITHIN_MS = 20_000;

/** versitygw on a folder of its own, with one bucket. `install-s3-server.sh` puts it in its place. */
export class S3Server {
  readonly bucket = 'lake';
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, port: number, folder: string) {
    this.#child = child;
    this.port = port;
    this.#folder = folder;
  }

  /** Fails when the server is not installed, or does not start. */
  static async start(): Promise<S3Server> {
    const peers = process.env.BARLINE_PEERS ?? join(import.meta.dirname, '../../.peers');
    const program = join(peers, 'bin', 'versitygw');
    if (!existsSync(program)) {
      throw new Error(`there is no ${program}; run test/conformance/install-s3-server.sh`);
    }
    const folder = mkdtempSync(join(tmpdir(), 'barline-versitygw-'));
    const data = join(folder, 'data');
    mkdirSync(join(data, 'lake'), { recursive: true });
    const port = await freePort();
    const child = spawn(program, ['--port', `127.0.0.1:${port}`, 'posix', data], {
      env: {
        PATH: process.env.PATH ?? '',
        ROOT_ACCESS_KEY: CREDENTIALS.accessKeyId,
        ROOT_SECRET_KEY: CREDENTIALS.secretAccessKey,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    const listen = (text: Buffer) => {
      said = (said + text.toString()).slice(-2_000);
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    const deadline = Date.now() + READY_WITHIN_MS;
    while (!(await isOpen(port))) {
      if (child.exitCode !== null || Date.now() > deadline) {
        child.kill('SIGKILL');
        rmSync(folder, { recursive: true, force: true });
        throw new Error(`versitygw did not start: ${said}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return new S3Server(child, port, folder);
  }

  settings(port = this.port): S3Settings & { readonly endpoint: string } {
    return { endpoint: `http://127.0.0.1:${port}`, credentials: CREDENTIALS };
  }

  /** For processes that open `s3://…` by themselves. */
  environment(port = this.port): Record<string, string> {
    return {
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      AWS_EC2_METADATA_DISABLED: 'true',
    };
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#child.on('close', resolve));
    this.#child.kill('SIGKILL');
    await closed;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A port of this machine that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTo(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
