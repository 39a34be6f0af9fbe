import { Pool, type Dispatcher } from 'undici';

/** Milliseconds: to connect, and for a whole call. The gateway itself gives up after a minute. */
const CONNECT_MS = 3_000;
const TOTAL_MS = 30_000;
const MAX_BODY = 1024 * 1024;
const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;

export interface HttpAnswer {
  status: number;
  requestId: string | null;
  /** Parsed JSON; undefined when there was none or nobody could read it. */
  json: unknown;
}

export interface HttpOptions {
  connections: number;
  /** Milliseconds for a whole call, from the moment it is asked for. */
  totalMs?: number;
  /** Carries the calls in place of a pool of connections. */
  dispatcher?: Dispatcher | null;
}

/** Not a byte was sent: no connection stood, or it stood too late. */
export class NothingSent extends Error {
  constructor(
    readonly reason: 'not_connected' | 'too_late',
    message: string,
  ) {
    super(message);
  }
}

/**
 * A small client over one pool of connections. It never retries, never follows a redirect or a link, and
 * gives up at a hard limit whatever the server does.
 */
export class CheckoutHttp {
  private readonly road: Dispatcher;
  private readonly origin: string;
  private readonly prefix: string;
  private readonly totalMs: number;

  constructor(baseUrl: string, { connections, totalMs = TOTAL_MS, dispatcher }: HttpOptions) {
    const url = new URL(baseUrl);
    this.prefix = url.pathname.replace(/\/$/, '');
    this.totalMs = totalMs;
    this.origin = url.origin;
    this.road = dispatcher ?? new Pool(url.origin, {
      connections,
      pipelining: 1,
      // One request per connection and moment: what is lost is lost alone, and nothing is ever replayed.
      allowH2: false,
      connect: { timeout: CONNECT_MS },
      // Every exchange has a timer of its own.
      headersTimeout: 0,
      bodyTimeout: 0,
      // Shorter than any proxy's own patience, so that a request seldom meets a closing connection.
      keepAliveTimeout: 4_000,
    });
  }

  /** Throws {@link NothingSent}, or any other error when it is not known how far the call came. */
  call(
    method: 'GET' | 'POST',
    path: string,
    headers: Record<string, string>,
    body: string | null,
    deadline = Infinity,
  ): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const exchange = new Exchange(deadline, this.totalMs, resolve, reject);
      this.road.dispatch({ origin: this.origin, method, path: this.prefix + path, headers, body }, exchange);
    });
  }

  close(): Promise<void> {
    return this.road.close();
  }
}

/** One call on its way: knows whether anything was sent, and ends exactly once. */
class Exchange implements Dispatcher.DispatchHandler {
  private readonly timer: NodeJS.Timeout;
  private controller: Dispatcher.DispatchController | null = null;
  private status = 0;
  private requestId: string | null = null;
  private readonly chunks: Buffer[] = [];
  private size = 0;
  private over = false;

  constructor(
    private readonly deadline: number,
    totalMs: number,
    private readonly resolve: (answer: HttpAnswer) => void,
    private readonly reject: (error: Error) => void,
  ) {
    this.timer = setTimeout(() => this.giveUp(`no answer within ${totalMs} ms`), totalMs);
  }

  /** Called when a connection stands, right before the first byte is written: the last moment to turn back. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.over || performance.now() >= this.deadline) {
      throw new NothingSent('too_late', 'the deadline had passed before the first byte');
    }
    this.controller = controller;
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[] | undefined>): void {
    this.status = status;
    const id = headers['cko-request-id'];
    this.requestId = typeof id === 'string' && REQUEST_ID.test(id) ? id : null;
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.size += chunk.length;
    if (this.size > MAX_BODY) this.giveUp('the answer is too large');
    else this.chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (!this.end()) return;
    this.resolve({ status: this.status, requestId: this.requestId, json: parse(Buffer.concat(this.chunks)) });
  }

  onResponseError(_: unknown, error: Error): void {
    this.fail(error);
  }

  private giveUp(reason: string): void {
    const error = new Error(reason);
    // Without a controller the call still waits for a connection, and will be turned back when it gets one.
    this.fail(this.controller ? error : new NothingSent('too_late', reason));
    this.controller?.abort(error);
  }

  private fail(error: Error): void {
    if (!this.end()) return;
    const unsent = this.controller === null && !(error instanceof NothingSent);
    this.reject(unsent ? new NothingSent('not_connected', error.message) : error);
  }

  private end(): boolean {
    if (this.over) return false;
    this.over = true;
    clearTimeout(this.timer);
    return true;
  }
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
