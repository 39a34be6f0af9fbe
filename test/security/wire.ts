import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import pg from 'pg';
import { API_KEY, type World } from '../support/world.js';

/** A connection on which bytes are sent as no client would send them. */
export class Wire {
  private received = '';

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => void (this.received += chunk.toString('latin1')));
    // However the other side hangs up, what counts is what it said before.
    socket.on('error', () => undefined);
  }

  static async to(world: World): Promise<Wire> {
    const socket = connect((world.app.getHttpServer().address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    return new Wire(socket);
  }

  send(...lines: string[]): this {
    this.socket.write(lines.join('\r\n'));
    return this;
  }

  /** What has come since the last time, once it contains this. */
  async hears(text: string): Promise<string> {
    while (!this.received.includes(text)) {
      if (this.socket.closed) throw new Error(`closed before ${text}: ${this.received}`);
      await Promise.race([once(this.socket, 'data'), once(this.socket, 'close')]);
    }
    const heard = this.received;
    this.received = '';
    return heard;
  }

  /** Everything that came, once the other side has hung up. */
  async end(): Promise<string> {
    if (!this.socket.closed) await once(this.socket, 'close');
    return this.received;
  }

  hangUp(): void {
    this.socket.destroy();
  }
}

/** The head of a request, signed in; what else it says comes after it. */
export function head(method: string, path: string, ...headers: string[]): string {
  return [`${method} ${path} HTTP/1.1`, 'host: zhouqi.test', `authorization: Bearer ${API_KEY}`, ...headers, '', ''].join('\r\n');
}

/** Holds a table against everybody who would write to it, until it is let go. */
export async function hold(world: World, table: string) {
  const client = new pg.Client({ connectionString: (world.database.dataSource.options as { url: string }).url });
  await client.connect();
  await client.query(`begin; lock table ${table} in share mode`);
  return {
    /** Resolves when as many statements wait for it. */
    waiting: async (count = 1): Promise<void> => {
      const sql = `select count(*)::int as count from pg_locks where not granted and relation = $1::regclass`;
      while ((await client.query<{ count: number }>(sql, [table])).rows[0]?.count !== count);
    },
    letGo: () => client.end(),
  };
}
