import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { faultOf, operationFor } from './interface.js';

/** Looks at every answer that a server gives, and notes what the document of the interface does not say. */
export function watchAnswers(server: Server, faults: string[]): void {
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    const end = response.end.bind(response) as (...args: unknown[]) => ServerResponse;
    response.end = (...args: unknown[]) => {
      const [last] = args;
      if (typeof last === 'string' || Buffer.isBuffer(last)) chunks.push(Buffer.from(last as string));
      return end(...args);
    };
    response.on('finish', () => {
      const operation = operationFor(request.method ?? '', request.url ?? '');
      const fault = operation && faultOf(operation, response.statusCode, String(response.getHeader('content-type') ?? ''), Buffer.concat(chunks).toString());
      if (fault) faults.push(`${request.method} ${request.url}: ${response.statusCode} ${fault}`);
    });
  });
}
