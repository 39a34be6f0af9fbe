import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { ExpressAdapter } from '@nestjs/platform-express';
import { observe } from './exchange.js';
import { requestId } from './http.setup.js';
import { sendProblem } from './problem.js';

/** Milliseconds. Whoever sends byte by byte, to keep a connection for himself, loses it. */
const BOUNDS = {
  /** Until the headers are here, and until the whole request is. */
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  /** Longer than load balancers keep theirs, so that none sends a request into a connection that we are closing. */
  keepAliveTimeout: 65_000,
  /** How often all that is looked at. */
  connectionsCheckingInterval: 1_000,
};
/** A connection on which nothing moves at all (ms), as when nobody reads our answer; longer than any answer may take. */
const SILENCE_MS = 120_000;
/** How long (ms) a caller waits for an answer at most: longer than a call to the gateway may take, and what is stored about it. */
const ANSWER_MS = 60_000;

/** Whoever takes requests of one route before the framework sees them. */
interface Taker {
  route: string;
  take: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/** The HTTP server: nobody holds a connection for ever, everybody hears something in time, and it ends in order. */
export class BoundedServer extends ExpressAdapter {
  /** Milliseconds, as those of the server itself. */
  answerTimeout = ANSWER_MS;
  private readonly underWay = new Set<ServerResponse>();
  private taker: Taker | null = null;
  private isEnding = false;

  override initHttpServer(): void {
    const listener: RequestListener = (request, response) => observe(request, response, () => this.receive(request, response));
    this.httpServer = createServer(BOUNDS, listener).setTimeout(SILENCE_MS);
  }

  /**
   * Lets a listener take requests before the framework sees them; what it does not take goes the usual way.
   * For the one path that comes by the thousand.
   */
  intercept(taker: Taker): void {
    this.taker = taker;
  }

  /** What is under way is answered; what still comes on connections that stand is told to come elsewhere. */
  override async close(): Promise<void> {
    this.isEnding = true;
    for (const response of this.underWay) if (!response.headersSent) response.setHeader('connection', 'close');
    await super.close();
  }

  /** Returns the route, where it was not the framework that took the request. */
  private receive(request: IncomingMessage, response: ServerResponse): string | undefined {
    if (this.isEnding) {
      refuse(request, response, 'This process is ending; another one will answer.', 'unavailable');
      return undefined;
    }
    this.underWay.add(response);
    response.once('close', () => this.underWay.delete(response));
    if (this.taker?.take(request, response)) return this.taker.route;
    const late = setTimeout(() => {
      if (!response.headersSent) refuse(request, response, 'The answer took too long; it is not known what became of the request.', 'timed_out');
    }, this.answerTimeout);
    response.once('close', () => clearTimeout(late));
    this.getInstance<RequestListener>()(request, response);
    return undefined;
  }
}

function refuse(request: IncomingMessage, response: ServerResponse, detail: string, code: string): void {
  requestId(request, response);
  response.setHeader('connection', 'close');
  response.setHeader('retry-after', '1');
  sendProblem(request, response, 503, code, detail);
}
