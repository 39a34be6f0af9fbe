import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as it arrived, its attributes as plain values. */
export interface ReceivedSpan {
  name: string;
  kind: number;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  failed: boolean;
  attributes: Record<string, string | number>;
}

type Value = { stringValue?: string; intValue?: number; doubleValue?: number };
type Attribute = { key: string; value: Value };

/** A collector of OpenTelemetry's, as small as one can be: takes traces over HTTP, as JSON. */
export class Collector {
  readonly spans: ReceivedSpan[] = [];
  readonly resource: Record<string, string | number> = {};
  /** Every request as it came, headers and all. */
  readonly raw: string[] = [];

  private constructor(private readonly server: Server) {}

  static async open(): Promise<Collector> {
    const server = createServer();
    const collector = new Collector(server);
    server.on('request', (request, response) => void collector.take(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  named(name: string): ReceivedSpan[] {
    return this.spans.filter((span) => span.name === name);
  }

  parentOf(span: ReceivedSpan): ReceivedSpan | undefined {
    return this.spans.find(({ spanId }) => spanId === span.parentSpanId);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    this.raw.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)} ${body}`);
    for (const { resource, scopeSpans } of JSON.parse(body).resourceSpans) {
      Object.assign(this.resource, plain(resource.attributes));
      for (const { spans } of scopeSpans) {
        for (const { attributes, status, ...span } of spans) this.spans.push({ ...span, attributes: plain(attributes), failed: status?.code === 2 });
      }
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  }
}

function plain(attributes: Attribute[]): Record<string, string | number> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue ?? value.doubleValue)]));
}
