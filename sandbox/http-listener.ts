import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { GatewayRequest, Reply } from './runtime/ports.js';

const BODY_MAX = 1024 * 1024;
const HOST = '127.0.0.1';

export interface Listener {
  /** Base URL without a slash at the end. */
  url: string;
  close(): Promise<void>;
}

/** Serves `answer` over HTTP on loopback and acts out its network faults; port 0 takes any free one. */
export async function listen(port: number, answer: (request: GatewayRequest) => Promise<Reply>): Promise<Listener> {
  const server = createServer({ keepAliveTimeout: 65_000, noDelay: true }, (message, response) => receive(message, response, answer));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, resolve);
  });
  return { url: `http://${HOST}:${(server.address() as AddressInfo).port}`, close: () => close(server) };
}

function receive(message: IncomingMessage, response: ServerResponse, answer: (request: GatewayRequest) => Promise<Reply>): void {
  const chunks: Buffer[] = [];
  let size = 0;
  message.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= BODY_MAX) chunks.push(chunk);
  });
  message.on('end', () => {
    if (size > BODY_MAX) return void response.writeHead(413).end();
    const url = message.url ?? '/';
    const mark = url.indexOf('?');
    const request: GatewayRequest = {
      method: message.method ?? 'GET',
      path: mark < 0 ? url : url.slice(0, mark),
      query: mark < 0 ? undefined : url.slice(mark + 1),
      headers: message.headers,
      body: chunks.length === 1 ? chunks[0] : Buffer.concat(chunks),
    };
    answer(request).then((reply) => act(reply, response), (error: unknown) => fail(error, response));
  });
}

function act(reply: Reply, response: ServerResponse): void {
  if (!('fault' in reply)) {
    response.writeHead(reply.status, { ...reply.headers, 'Content-Length': Buffer.byteLength(reply.body) });
    response.end(reply.body);
  } else if (reply.fault === 'reset') {
    response.socket?.resetAndDestroy();
  } else if (reply.fault === 'truncate') {
    const body = Buffer.from(reply.reply.body);
    response.writeHead(reply.reply.status, { ...reply.reply.headers, 'Content-Length': body.length });
    response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.socket?.destroy());
  }
  // A hang leaves the connection open until the caller gives up or the server closes.
}

/** A defect of the sandbox itself: said aloud, so that it is not mistaken for a simulated fault. */
function fail(error: unknown, response: ServerResponse): void {
  console.error('sandbox defect:', error);
  response.writeHead(500, { 'Content-Type': 'text/plain' }).end(`sandbox defect: ${String(error)}`);
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
