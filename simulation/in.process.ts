import { IncomingMessage, type Server, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

export interface Answer {
  status: number;
  /** Parsed, where it was JSON. */
  body: any;
}

export interface Ask {
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: string;
}

/** Hands a request to an HTTP server without a socket: the real server, the real listeners, no network. */
export function ask(server: Server, { method, path, headers = {}, body }: Ask): Promise<Answer> {
  const request = new IncomingMessage(new Socket());
  Object.assign(request, { method, url: path, httpVersion: '1.1', httpVersionMajor: 1, httpVersionMinor: 1 });
  request.headers = { host: 'zhouqi.test', ...headers };
  if (body !== undefined) {
    request.headers['content-length'] = String(Buffer.byteLength(body));
    request.headers['content-type'] ??= 'application/json';
    request.push(body);
  }
  request.push(null);
  request.complete = true;
  const response = new ServerResponse(request);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const take = (chunk: unknown): void => {
      if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk as string));
    };
    response.write = ((chunk: unknown) => {
      take(chunk);
      return true;
    }) as typeof response.write;
    response.end = ((chunk?: unknown) => {
      take(chunk);
      const text = Buffer.concat(chunks).toString();
      response.emit('finish');
      response.emit('close');
      resolve({ status: response.statusCode, body: parse(text) });
      return response;
    }) as typeof response.end;
    server.emit('request', request, response);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
