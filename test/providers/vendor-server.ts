/** A server on loopback that behaves as told, and keeps what it was asked. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly form: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON unless it is text or bytes. */
  readonly body: unknown;
}

/** What may go wrong instead of an answer. */
export type Fault = 'reset' | 'hang' | 'cut' | 'html' | Answer;

export class VendorServer implements AsyncDisposable {
  readonly asked: Asked[] = [];
  /** Taken one by one by the next requests; undefined lets one through. */
  faults: (Fault | undefined)[] = [];
  readonly #server;
  readonly #answer: (asked: Asked) => Answer;
  readonly #dateMs: (() => number) | undefined;

  private constructor(answer: (asked: Asked) => Answer, dateMs: (() => number) | undefined) {
    this.#answer = answer;
    this.#dateMs = dateMs;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(answer: (asked: Asked) => Answer, dateMs?: () => number): Promise<VendorServer> {
    const server = new VendorServer(answer, dateMs);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    const { port }: AddressInfo = address;
    return `http://127.0.0.1:${port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    let text = '';
    for await (const chunk of request) text += chunk;
    const { headers, method = 'GET' } = request;
    const asked = {
      method,
      path: url.pathname,
      query: url.searchParams,
      form: new URLSearchParams(text),
      headers,
    };
    this.asked.push(asked);
    const fault = this.faults.shift();
    if (fault === 'hang') return;
    if (fault === 'reset') {
      request.socket.resetAndDestroy();
      return;
    }
    if (this.#dateMs !== undefined) response.setHeader('date', new Date(this.#dateMs()).toUTCString());
    if (fault === 'html') {
      const page =
        '<html><head><title>Just a moment...</title></head><body>checking your browser</body></html>';
      response.writeHead(200, { 'content-type': 'text/html' }).end(page);
      return;
    }
    const answer = typeof fault === 'object' ? fault : this.#answer(asked);
    const { body } = answer;
    const bytes = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
    if (fault === 'cut') {
      response.writeHead(answer.status ?? 200, { 'content-length': String(bytes.length + 10) });
      response.write(bytes.slice(0, bytes.length / 2));
      setTimeout(() => request.socket.destroy(), 50);
      return;
    }
    response
      .writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers })
      .end(bytes);
  }
}
