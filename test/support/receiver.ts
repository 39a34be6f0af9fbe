import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

type Json = Record<string, any>;

/** What was taken: the event, and the id that it came under. */
export interface Taken {
  id: string;
  event: Json;
  signatures: string[];
}

/** A merchant's server: takes webhooks over HTTP, and answers as a test wants. */
export class Receiver {
  /** Everything that was asked, taken or not, by its `webhook-id`. */
  readonly asked: string[] = [];
  readonly taken: Taken[] = [];
  /** What to answer: a status, or whatever the test does with the response itself. */
  answer: (event: Json, response: ServerResponse) => number | null | Promise<number | null> = () => 200;
  secrets: string[] = [];

  private constructor(private readonly server: Server) {}

  static async open(): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server);
    server.on('request', (request, response) => void receiver.take(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hooks?shop=1`;
  }

  /** The sequences taken of a subject, in the order in which they came. */
  sequencesOf(subject: string): number[] {
    return this.taken.filter(({ event }) => event['subject'] === subject).map(({ event }) => event['sequence'] as number);
  }

  types(): string[] {
    return this.taken.map(({ event }) => event['type'] as string);
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
    const headers = request.headers as Record<string, string>;
    const id = headers['webhook-id'] as string;
    this.asked.push(id);
    // As a merchant does it; throws when the signature is not ours, or old.
    for (const secret of this.secrets) new Webhook(secret).verify(body, headers);
    const event = JSON.parse(body) as Json;
    const status = await this.answer(event, response);
    if (status === null) return;
    if (status >= 200 && status < 300) this.taken.push({ id, event, signatures: (headers['webhook-signature'] as string).split(' ') });
    if (!response.headersSent) response.writeHead(status, { 'content-type': 'text/plain' });
    response.end(`status ${status}`);
  }
}
