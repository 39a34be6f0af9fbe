import { Pool, type Dispatcher } from 'undici';

/** Milliseconds: to connect, and for a whole call. The gateway itself gives up after a minute. */
const CONNECT_MS = 3_000;
const TOTAL_MS = 30_000;
const MAX_BODY = 1024 * 1024;

export interface HttpAnswer {
  status: number;
  requestId: string | null;
  /** Parsed JSON; undefined when there was none or nobody could read it. */
  json: unknown;
}

/** Nothing was sent: no connection stood, or the deadline had passed when it did. */
export class NothingSent extends Error {
  constructor(readonly late: boolean) {
    super(late ? 'the deadline had passed before the first byte' : 'no connection');
  }
}

const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/**
 * A small client over one pool of connections. It never retries, never follows a redirect or a link, and
 * gives up at a hard deadline whatever the server does.
 */
export class CheckoutHttp {
  private readonly pool: Pool;
  private readonly prefix: string;

  constructor(baseUrl: string, connections: number) {
    const url = new URL(baseUrl);
    this.prefix = url.pathname.replace(/\/$/, '');
    this.pool = new Pool(url.origin, {
      connections,
      pipelining: 1,
      connect: { timeout: CONNECT_MS },
      headersTimeout: TOTAL_MS,
      bodyTimeout: TOTAL_MS,
      // Shorter than any proxy's own patience, so that a request seldom meets a closing connection.
      keepAliveTimeout: 4_000,
    });
  }

  async call(
    method: 'GET' | 'POST',
    path: string,
    headers: Record<string, string>,
    body: string | null,
    deadline = Infinity,
  ): Promise<HttpAnswer> {
    const signal = AbortSignal.timeout(TOTAL_MS);
    let started = false;
    const options: Dispatcher.RequestOptions = { method, path: this.prefix + path, headers, body, signal };
    try {
      const response = await this.pool.request({
        ...options,
        // Asked for the bytes only once a connection stands: the last moment to turn back.
        ...(body !== null && {
          body: (async function* () {
            if (performance.now() >= deadline) throw new NothingSent(true);
            started = true;
            yield Buffer.from(body);
          })() as unknown as Dispatcher.DispatchOptions['body'],
          headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
        }),
      });
      return {
        status: response.statusCode,
        requestId: headerOf(response.headers['cko-request-id']),
        json: await readJson(response.body),
      };
    } catch (error) {
      if (error instanceof NothingSent) throw error;
      if (!started && NOT_CONNECTED.has((error as { code?: string }).code ?? '')) throw new NothingSent(false);
      throw error;
    }
  }

  close(): Promise<void> {
    return this.pool.close();
  }
}

function headerOf(value: string | string[] | undefined): string | null {
  return (Array.isArray(value) ? value[0] : value) ?? null;
}

async function readJson(body: Dispatcher.ResponseData['body']): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY) throw new Error('the answer is too large');
    chunks.push(chunk as Buffer);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    return undefined;
  }
}
