/** A real HTTP server on loopback that keeps what is posted to it. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { onTestFinished } from 'vitest';

export interface Post {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Manner =
  | 'answers'
  | 'hangs'
  | 'cuts'
  | { readonly status: number; readonly body?: string; readonly headers?: Record<string, string> };

export async function startPostServer(port = 0) {
  const posts: Post[] = [];
  const state: { manner: Manner } = { manner: 'answers' };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const post = {
      path: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    };
    const { manner } = state;
    if (manner === 'hangs') return;
    if (typeof manner === 'object') {
      response.writeHead(manner.status, manner.headers).end(manner.body ?? '');
      return;
    }
    posts.push(post);
    if (manner === 'cuts') request.socket.destroy();
    else response.end('ok');
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()));
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(close);
  const address = server.address();
  const ownPort = typeof address === 'object' && address !== null ? address.port : 0;
  return { posts, state, close, port: ownPort, origin: `http://127.0.0.1:${ownPort}` };
}
