import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { byteOrder } from '../storage/index.ts';

interface StoredObject {
  readonly bytes: Buffer;
  readonly modifiedMs: number;
  readonly metadata: Readonly<Record<string, string>>;
}

interface PartialUpload {
  readonly key: string;
  readonly startedMs: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly parts: Map<number, Buffer>;
}

interface Reply {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer;
}

export interface SmallS3Options {
  /** `ignored`: If-None-Match has no effect, as with rclone. `refused`: such a request gets 501. */
  readonly conditions?: 'kept' | 'ignored' | 'refused';
  /** Objects on one page of a listing. */
  readonly pageSize?: number;
  /** How long an answer is held back; the key is that of the URL. */
  readonly delayMs?: (method: string, key: string) => number;
  /** A fault of the way there or back, tried for each request. */
  readonly fault?: (method: string, key: string) => WireFault | undefined;
  /** An error to answer with instead, tried for each request. */
  readonly refuse?: (method: string, key: string, headers: IncomingMessage['headers']) => Refusal | undefined;
}

/** Cut off before the request is looked at, after it was done, in the middle of the answer; or an error of the server. */
export type WireFault = 'reset' | 'lost-answer' | 'cut-answer' | 'slow-down' | 'internal-error';

export interface Refusal {
  readonly status: number;
  readonly code: string;
  /** Further elements of the error's XML. */
  readonly more?: string;
}

/** As much of S3 as Barline uses, in memory, for one bucket and path style only; checks no signatures. */
export class SmallS3 {
  readonly objects = new Map<string, StoredObject>();
  readonly uploads = new Map<string, PartialUpload>();
  readonly requests: string[] = [];
  readonly bucket = 'bucket';
  port = 0;
  readonly #options: SmallS3Options;
  readonly #server: Server;

  private constructor(options: SmallS3Options) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) =>
        response.destroy(error instanceof Error ? error : undefined),
      );
    });
  }

  static async start(options: SmallS3Options = {}): Promise<SmallS3> {
    const s3 = new SmallS3(options);
    await new Promise<void>((resolve) => s3.#server.listen(0, '127.0.0.1', resolve));
    const address = s3.#server.address();
    s3.port = typeof address === 'object' && address !== null ? address.port : 0;
    return s3;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await wholeBody(request);
    if (body === undefined) return;
    const fault = this.#options.fault?.(request.method ?? 'GET', request.url ?? '');
    if (fault === 'reset') return void request.socket.destroy();
    const { status, headers, body: answer } = broken(fault) ?? this.#reply(request, body);
    if (fault === 'lost-answer') return void request.socket.destroy();
    if (fault === 'cut-answer' && answer !== undefined && answer.length > 1) {
      response.writeHead(status, { ...headers, 'content-length': String(answer.length) });
      response.write(answer.subarray(0, answer.length >> 1), () => request.socket.destroy());
      return;
    }
    const delayMs = this.#options.delayMs?.(request.method ?? 'GET', request.url ?? '') ?? 0;
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs).unref());
    response.writeHead(status, headers).end(answer);
  }

  #reply(request: IncomingMessage, body: Buffer): Reply {
    const url = new URL(request.url ?? '/', this.endpoint);
    const [, bucket = '', ...rest] = url.pathname.split('/');
    const key = rest.map(decodeURIComponent).join('/');
    const { method = 'GET' } = request;
    const query = url.searchParams;
    this.requests.push(`${method} ${key}${url.search}`);
    const refusal = this.#options.refuse?.(method, key, request.headers);
    if (refusal !== undefined) return failure(refusal.status, refusal.code, refusal.more);
    if (bucket !== this.bucket) return failure(404, 'NoSuchBucket');
    if (key === '' && method === 'GET') {
      return query.has('uploads') ? this.#listUploads() : this.#list(query);
    }
    if (query.has('uploads')) return this.#begin(key, request);
    if (query.has('uploadId')) return this.#multipart(method, query, body);
    if (method === 'PUT') return this.#put(key, request, body);
    if (method !== 'DELETE') return this.#get(method, key, request);
    this.objects.delete(key);
    return { status: 204 };
  }

  #put(key: string, request: IncomingMessage, body: Buffer): Reply {
    const { conditions = 'kept' } = this.#options;
    if (request.headers['if-none-match'] === '*') {
      if (conditions === 'refused') return failure(501, 'NotImplemented');
      if (conditions === 'kept' && this.objects.has(key)) return failure(412, 'PreconditionFailed');
    }
    this.#store(key, body, metadataOf(request));
    return { status: 200, headers: { etag: etag(body) } };
  }

  #store(key: string, bytes: Buffer, metadata: Readonly<Record<string, string>>): void {
    this.objects.set(key, { bytes, modifiedMs: Date.now(), metadata });
  }

  #get(method: string, key: string, request: IncomingMessage): Reply {
    const found = this.objects.get(key);
    if (found === undefined) return failure(404, 'NoSuchKey');
    const { bytes, modifiedMs, metadata } = found;
    const headers: Record<string, string> = {
      etag: etag(bytes),
      'last-modified': new Date(modifiedMs).toUTCString(),
    };
    for (const [name, value] of Object.entries(metadata)) headers[`x-amz-meta-${name}`] = value;
    const expected = request.headers['if-match'];
    if (expected !== undefined && expected !== headers.etag) return failure(412, 'PreconditionFailed');
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    if (from !== undefined && Number(from) >= bytes.length) return failure(416, 'InvalidRange');
    const end = to ? Number(to) + 1 : bytes.length;
    const part = from === undefined ? bytes : bytes.subarray(Number(from), end);
    headers['content-length'] = String(part.length);
    if (from !== undefined) {
      headers['content-range'] = `bytes ${from}-${Number(from) + part.length - 1}/${bytes.length}`;
    }
    return {
      status: from === undefined ? 200 : 206,
      headers,
      ...(method !== 'HEAD' && { body: part }),
    };
  }

  #list(query: URLSearchParams): Reply {
    const prefix = query.get('prefix') ?? '';
    const after = query.get('continuation-token') ?? query.get('start-after') ?? '';
    const delimiter = query.get('delimiter');
    // a key, or with a delimiter the prefix it shares with others
    const shown = (key: string) => {
      const end = delimiter === null ? -1 : key.indexOf(delimiter, prefix.length);
      return end < 0 ? key : key.slice(0, end + 1);
    };
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix));
    const all = [...new Set(keys.map(shown))].filter((key) => byteOrder(key, after) > 0).sort(byteOrder);
    const page = all.slice(0, this.#options.pageSize ?? 1000);
    const elements = page.map((key) => {
      const found = this.objects.get(key);
      if (found === undefined)
        return `<CommonPrefixes><Prefix>${encodeURIComponent(key)}</Prefix></CommonPrefixes>`;
      const time = new Date(found.modifiedMs).toISOString();
      return `<Contents><Key>${encodeURIComponent(key)}</Key><LastModified>${time}</LastModified><Size>${found.bytes.length}</Size></Contents>`;
    });
    const isLast = page.length === all.length;
    const next = isLast
      ? ''
      : `<NextContinuationToken>${escapeXml(page.at(-1) ?? '')}</NextContinuationToken>`;
    return xml(
      200,
      `<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>${!isLast}</IsTruncated>${next}${elements.join('')}</ListBucketResult>`,
    );
  }

  #listUploads(): Reply {
    const uploads = [...this.uploads].map(
      ([id, { key, startedMs }]) =>
        `<Upload><Key>${encodeURIComponent(key)}</Key><UploadId>${id}</UploadId><Initiated>${new Date(startedMs).toISOString()}</Initiated></Upload>`,
    );
    return xml(
      200,
      `<ListMultipartUploadsResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>${uploads.join('')}</ListMultipartUploadsResult>`,
    );
  }

  #begin(key: string, request: IncomingMessage): Reply {
    const id = randomUUID();
    this.uploads.set(id, { key, startedMs: Date.now(), metadata: metadataOf(request), parts: new Map() });
    return xml(
      200,
      `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
    );
  }

  #multipart(method: string, query: URLSearchParams, body: Buffer): Reply {
    const id = query.get('uploadId') ?? '';
    const upload = this.uploads.get(id);
    if (upload === undefined) return failure(404, 'NoSuchUpload');
    if (method === 'PUT') {
      upload.parts.set(Number(query.get('partNumber')), body);
      return { status: 200, headers: { etag: etag(body) } };
    }
    this.uploads.delete(id);
    if (method === 'DELETE') return { status: 204 };
    const numbers = [...body.toString().matchAll(/<PartNumber>(\d+)</g)].map(([, number]) => Number(number));
    const parts = numbers.map((number) => upload.parts.get(number) ?? Buffer.alloc(0));
    this.#store(upload.key, Buffer.concat(parts), upload.metadata);
    return xml(200, '<CompleteMultipartUploadResult><ETag>"x"</ETag></CompleteMultipartUploadResult>');
  }
}

function broken(fault: WireFault | undefined): Reply | undefined {
  if (fault === 'slow-down') return failure(503, 'SlowDown');
  return fault === 'internal-error' ? failure(500, 'InternalError') : undefined;
}

/** Undefined when the connection broke before the body was whole. */
async function wholeBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  try {
    for await (const piece of request) pieces.push(Buffer.from(piece));
  } catch {
    return undefined;
  }
  return request.complete ? Buffer.concat(pieces) : undefined;
}

function metadataOf({ headers }: IncomingMessage): Record<string, string> {
  const found = Object.entries(headers).filter(([name]) => name.startsWith('x-amz-meta-'));
  return Object.fromEntries(found.map(([name, value]) => [name.slice('x-amz-meta-'.length), String(value)]));
}

function etag(bytes: Buffer): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function xml(status: number, text: string): Reply {
  return {
    status,
    headers: { 'content-type': 'application/xml' },
    body: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>${text}`),
  };
}

function failure(status: number, code: string, more = ''): Reply {
  return xml(status, `<Error><Code>${code}</Code><Message>The server says ${code}.</Message>${more}</Error>`);
}
