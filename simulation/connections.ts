import type pg from 'pg';
import type { DataSource } from 'typeorm';
import type { Connection, QueryGate } from './query.gate.js';

/** What becomes of a commit. */
export type CommitFate = 'kept' | 'killed_before' | 'killed_after' | 'paused_after' | 'unacknowledged' | 'refused' | 'serialization';

/** Whose connections they are: told of every commit that wrote something, and whether anybody still listens. */
export interface Owner {
  readonly dead: boolean;
  /** `written`: the table that was written first. */
  fateOfCommit(written: string): CommitFate;
  die(): void;
  /** Sleeps for so long that others take over. */
  fallAsleep(): void;
  /** Resolves when it is awake. */
  awake(): Promise<void>;
}

type Client = pg.Client & Connection;
type Pool = pg.Pool & { Client: new (...args: unknown[]) => Client; _clients: Client[] };
type Statement = string | { text: string };
type Ask = (statement: Statement, values?: unknown) => Promise<unknown>;

const WRITES = /^\s*(?:with [\s\S]*?)?(?:insert into|update|delete from) (\w+)/i;
/** Tables that every transaction may touch by the way: they do not tell what it is about. */
const BY_THE_WAY = ['rate_budgets', 'engine_state', 'gateway_circuit', 'audit_log'];

function tableOf(statement: string): string | null {
  const table = WRITES.exec(statement)?.[1] ?? null;
  return table === null || BY_THE_WAY.includes(table) ? null : table;
}

const KEPT: readonly CommitFate[] = ['kept', 'killed_after', 'paused_after', 'unacknowledged'];
const never = new Promise<never>(() => undefined);

/** Everything an engine says to PostgreSQL, through the gate, and with the fates of its commits. */
export class Connections {
  private readonly clients: Client[] = [];

  constructor(
    dataSource: DataSource,
    private readonly owner: Owner,
    private readonly gate: QueryGate,
  ) {
    const pool = (dataSource.driver as unknown as { master: Pool }).master;
    for (const client of pool._clients) this.tap(client);
    const Plain = pool.Client;
    const tap = (client: Client): Client => this.tap(client);
    pool.Client = function (...args: unknown[]) {
      return tap(new Plain(...args));
    } as unknown as Pool['Client'];
  }

  /** The server's ids of these connections. */
  pids(): number[] {
    return this.clients.map(({ processID }) => processID).filter(Boolean);
  }

  private tap(client: Client): Client {
    this.clients.push(client);
    // A server that ends the connection of a killed engine must not end the simulation.
    client.on('error', () => undefined);
    const connect = client.connect.bind(client) as unknown as (done: (error?: Error) => void) => void;
    client.connect = ((done: (error?: Error) => void) => void this.connected(client, connect, done)) as unknown as typeof client.connect;
    const ask = client.query.bind(client) as unknown as Ask;
    let written: string | null = null;
    client.query = (async (statement: Statement, values?: unknown) => {
      const text = typeof statement === 'string' ? statement : statement.text;
      if (text === 'START TRANSACTION') written = null;
      else written ??= tableOf(text);
      if (text === 'COMMIT' && written !== null) return this.commit(client, ask, written);
      return this.say(client, () => ask(statement, values));
    }) as unknown as typeof client.query;
    return client;
  }

  private async connected(client: Client, connect: (done: (error?: Error) => void) => void, done: (error?: Error) => void): Promise<void> {
    let failure: Error | undefined;
    await this.gate.pass(client, () => new Promise<void>((over) => connect((error) => {
      failure = error;
      over();
    })));
    done(failure);
  }

  private async say<T>(client: Client, ask: () => Promise<T>): Promise<T> {
    try {
      await this.owner.awake();
      if (this.owner.dead) return never;
      const answer = await this.gate.pass(client, ask);
      await this.owner.awake();
      return this.owner.dead ? await never : answer;
    } catch (error) {
      if (this.owner.dead) return never;
      throw error;
    }
  }

  private async commit(client: Client, ask: Ask, written: string): Promise<unknown> {
    if (this.owner.dead) return never;
    const fate = this.owner.fateOfCommit(written);
    const done = await this.say(client, () => ask(KEPT.includes(fate) ? 'COMMIT' : 'ROLLBACK'));
    switch (fate) {
      case 'kept':
        return done;
      case 'paused_after':
        this.owner.fallAsleep();
        await this.owner.awake();
        return this.owner.dead ? never : done;
      case 'killed_before':
      case 'killed_after':
        this.owner.die();
        return never;
      case 'unacknowledged':
      case 'refused':
        throw new Error('Connection terminated unexpectedly');
      case 'serialization':
        throw Object.assign(new Error('could not serialize access'), { code: '40001' });
    }
  }
}
