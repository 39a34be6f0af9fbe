import { type AddressInfo, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface RawRequest {
  /** `POST /payments HTTP/1.1` */
  line: string;
  /** As they were sent, in lower case. */
  headers: Map<string, string>;
  body: Buffer;
}

type Respond = (socket: Socket, request: RawRequest, count: number) => void;

/** A TCP server that knows no HTTP beyond where a request ends: what it counts is what was on the wire. */
export interface RawServer {
  url: string;
  requests: RawRequest[];
  connections: number;
  /** Bytes received, whole requests or not. */
  bytes: number;
  /** Closes every connection that stands. */
  hangUp(): void;
}

export async function startRawServer(respond: Respond, greet: (socket: Socket) => void = () => undefined): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const raw: RawServer = {
    url: '',
    requests: [],
    connections: 0,
    bytes: 0,
    hangUp: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
  const server = createServer((socket) => {
    raw.connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    greet(socket);
    let pending: Buffer = Buffer.alloc(0);
    socket.on('data', (part) => {
      raw.bytes += part.length;
      pending = Buffer.concat([pending, part]);
      for (let read = takeRequest(pending); read; read = takeRequest(pending)) {
        pending = read.rest;
        raw.requests.push(read.request);
        respond(socket, read.request, raw.requests.length);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  onTestFinished(raw.hangUp);
  raw.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return raw;
}

function takeRequest(bytes: Buffer): { request: RawRequest; rest: Buffer } | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const [line = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const headers = new Map(lines.map((header) => [header.slice(0, header.indexOf(':')).toLowerCase(), header.slice(header.indexOf(':') + 1).trim()]));
  const size = end + 4 + Number(headers.get('content-length') ?? 0);
  if (bytes.length < size) return null;
  return { request: { line, headers, body: bytes.subarray(end + 4, size) }, rest: bytes.subarray(size) };
}

/** An HTTP answer as bytes; `headers` may lie. */
export function httpAnswer(status: number, body: string | Buffer, headers: Record<string, string | number> = {}): Buffer {
  const told = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), 'cko-request-id': 'req-1', ...headers };
  const lines = Object.entries(told).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} Whatever\r\n${lines.join('')}\r\n`), Buffer.from(body)]);
}

/** Answers every request with the same status and JSON. */
export function startAnswering(status: number, body: unknown, headers: Record<string, string | number> = {}): Promise<RawServer> {
  return startRawServer((socket) => socket.write(httpAnswer(status, typeof body === 'string' ? body : JSON.stringify(body), headers)));
}
