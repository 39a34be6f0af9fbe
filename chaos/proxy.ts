import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** What may happen to what goes through. */
export type Trouble =
  /** Both sides are told that the connection is gone. */
  | 'reset'
  /** Everything comes late, in order. */
  | 'delay'
  /** Nothing comes through in either direction, and nobody is told. */
  | 'drop'
  /** Requests arrive, answers do not: half of the connection is gone. */
  | 'half_open';

export const TROUBLES: readonly Trouble[] = ['reset', 'delay', 'drop', 'half_open'];

interface Link {
  client: Socket;
  server: Socket;
  /** Once bytes were swallowed the stream makes no sense any more: they go on being swallowed. */
  swallowsUp: boolean;
  swallowsDown: boolean;
  /** ms by which everything is late. */
  lateBy: number;
}

/** A TCP proxy in front of one address that changes, with the troubles of a real network. */
export class Proxy {
  /** Connections that something happened to. */
  struck = 0;
  private readonly links = new Set<Link>();
  private readonly server: Server;
  private trouble: { kind: Trouble; until: number; lateBy: number } | null = null;

  private constructor(private readonly target: () => number | null) {
    this.server = createServer((client) => this.accept(client));
  }

  static async open(target: () => number | null): Promise<Proxy> {
    const proxy = new Proxy(target);
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** For so many ms it happens to every connection, those that begin meanwhile included. */
  strike(kind: Trouble, ms: number, lateBy: number): void {
    this.trouble = { kind, until: Date.now() + ms, lateBy };
    for (const link of this.links) this.afflict(link);
  }

  /** From now on all is well, and connections that were hurt are told so. */
  calm(): void {
    this.trouble = null;
    for (const link of this.links) {
      if (link.swallowsUp || link.swallowsDown || link.lateBy > 0) reset(link);
    }
  }

  async close(): Promise<void> {
    for (const link of this.links) reset(link);
    this.server.close();
    await once(this.server, 'close');
  }

  private accept(client: Socket): void {
    const port = this.target();
    if (port === null) return void client.resetAndDestroy();
    const link: Link = { client, server: connect(port, '127.0.0.1'), swallowsUp: false, swallowsDown: false, lateBy: 0 };
    this.links.add(link);
    for (const socket of [client, link.server]) {
      socket.setNoDelay(true);
      socket.on('error', () => this.end(link));
      socket.on('close', () => this.end(link));
    }
    client.on('data', (chunk) => this.pass(link, link.server, chunk, () => link.swallowsUp));
    link.server.on('data', (chunk) => this.pass(link, client, chunk, () => link.swallowsDown));
    if (this.trouble) this.afflict(link);
  }

  private afflict(link: Link): void {
    if (!this.trouble || Date.now() > this.trouble.until) return;
    this.struck += 1;
    switch (this.trouble.kind) {
      case 'reset':
        return reset(link);
      case 'delay':
        link.lateBy = this.trouble.lateBy;
        return;
      case 'drop':
        link.swallowsUp = true;
        link.swallowsDown = true;
        return;
      case 'half_open':
        link.swallowsDown = true;
    }
  }

  private pass(link: Link, to: Socket, chunk: Buffer, swallows: () => boolean): void {
    const on = (): void => {
      if (!swallows() && !to.destroyed) to.write(chunk);
    };
    // A link that was ever late stays so: what comes later must not overtake.
    if (link.lateBy > 0) setTimeout(on, link.lateBy);
    else on();
  }

  private end(link: Link): void {
    this.links.delete(link);
    link.client.destroy();
    link.server.destroy();
  }
}

function reset({ client, server }: Link): void {
  client.resetAndDestroy();
  server.resetAndDestroy();
}
