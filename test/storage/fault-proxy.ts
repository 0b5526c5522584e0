import {
  createServer,
  type IncomingMessage,
  request as requestOf,
  type Server,
  type ServerResponse,
} from 'node:http';

/**
 * - `reset-request`: the connection breaks when the server has half of the request's body.
 * - `lose-answer`: the server does it; the connection breaks before its answer comes.
 * - `error-after`: the server does it; the answer is 500 InternalError.
 * - `slow-down`: 503 SlowDown; the server hears nothing.
 * - `cut-answer`: the connection breaks in the middle of the answer's body.
 * - `stall-answer`: the answer stops in its middle, and the connection stays.
 * - `slow-answer`: the answer comes in sixteen pieces, some milliseconds apart.
 * - `corrupt-answer`: a byte in the middle of the answer's body is another.
 * - `stale-list`: the last object of a listing is missing.
 */
export type ProxyFault =
  | 'reset-request'
  | 'lose-answer'
  | 'error-after'
  | 'slow-down'
  | 'cut-answer'
  | 'stall-answer'
  | 'slow-answer'
  | 'corrupt-answer'
  | 'stale-list';

export interface ProxiedRequest {
  /** From 0. */
  readonly index: number;
  readonly method: string;
  /** With the query. */
  readonly path: string;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** Stands between a client and an S3 server and spoils the requests a test chooses. Passes signatures on as they are. */
export class FaultProxy {
  port = 0;
  choose: (request: ProxiedRequest) => ProxyFault | undefined = () => undefined;
  readonly faults: { readonly fault: ProxyFault; readonly request: ProxiedRequest }[] = [];
  requestCount = 0;
  /** Bytes of answers' bodies that came from the server. */
  bytesAnswered = 0;
  readonly #targetPort: number;
  readonly #server: Server;

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  static async start(targetPort: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(targetPort);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    const address = proxy.#server.address();
    proxy.port = typeof address === 'object' && address !== null ? address.port : 0;
    return proxy;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(Buffer.from(piece));
    const body = Buffer.concat(pieces);
    const seen = { index: this.requestCount++, method: request.method ?? 'GET', path: request.url ?? '/' };
    const fault = this.choose(seen);
    if (fault !== undefined) this.faults.push({ fault, request: seen });
    if (fault === 'slow-down') return sendError(response, 503, 'SlowDown');
    if (fault === 'reset-request') {
      await this.#forwardHalf(request, body);
      response.socket?.resetAndDestroy();
      return;
    }
    const answer = await this.#forward(request, body);
    this.bytesAnswered += answer.body.length;
    if (fault === 'lose-answer') response.socket?.resetAndDestroy();
    else if (fault === 'error-after') sendError(response, 500, 'InternalError');
    else await this.#reply(request, response, answer, fault);
  }

  async #reply(
    request: IncomingMessage,
    response: ServerResponse,
    { status, headers, body }: Answer,
    fault: ProxyFault | undefined,
  ): Promise<void> {
    const text = body.toString('latin1');
    const sent =
      fault === 'stale-list'
        ? Buffer.from(withoutLast(text), 'latin1')
        : fault === 'corrupt-answer'
          ? corrupted(body)
          : body;
    const { 'transfer-encoding': _, connection: __, ...kept } = headers;
    response.writeHead(status, {
      ...kept,
      ...(request.method !== 'HEAD' && { 'content-length': String(sent.length) }),
    });
    const half = Math.ceil(sent.length / 2);
    if (fault === 'cut-answer') {
      response.write(sent.subarray(0, half - 1));
      setImmediate(() => response.socket?.destroy());
    } else if (fault === 'stall-answer') response.write(sent.subarray(0, half - 1));
    else if (fault === 'slow-answer') {
      const step = Math.ceil(sent.length / 16) || 1;
      for (let at = 0; at < sent.length; at += step) {
        response.write(sent.subarray(at, at + step));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      response.end();
    } else response.end(request.method === 'HEAD' ? undefined : sent);
  }

  #forward(request: IncomingMessage, body: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { method, url, headers } = request;
      const onward = requestOf(
        { host: '127.0.0.1', port: this.#targetPort, method, path: url, headers },
        (answer) => {
          const pieces: Buffer[] = [];
          answer.on('data', (piece: Buffer) => pieces.push(piece));
          answer.on('error', reject);
          answer.on('end', () =>
            resolve({
              status: answer.statusCode ?? 502,
              headers: answer.headers,
              body: Buffer.concat(pieces),
            }),
          );
        },
      );
      onward.on('error', reject);
      onward.end(body);
    });
  }

  /** The headers and half the body, then no more; returns when the server has seen the end of it. */
  #forwardHalf(request: IncomingMessage, body: Buffer): Promise<void> {
    return new Promise((resolve) => {
      const { method, url, headers } = request;
      const onward = requestOf({ host: '127.0.0.1', port: this.#targetPort, method, path: url, headers });
      onward.on('error', () => resolve());
      onward.on('close', () => resolve());
      onward.write(body.subarray(0, body.length >> 1), () => onward.destroy());
      if (body.length < 2) onward.destroy();
    });
  }
}

function sendError(response: ServerResponse, status: number, code: string): void {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;
  response
    .writeHead(status, { 'content-type': 'application/xml', 'content-length': String(body.length) })
    .end(body);
}

function corrupted(body: Buffer): Buffer {
  const copy = Buffer.from(body);
  const middle = copy.length >> 1;
  if (copy.length > 0) copy[middle] ^= 1;
  return copy;
}

function withoutLast(listing: string): string {
  const at = listing.lastIndexOf('<Contents>');
  const end = listing.lastIndexOf('</Contents>');
  return at < 0 ? listing : listing.slice(0, at) + listing.slice(end + '</Contents>'.length);
}
