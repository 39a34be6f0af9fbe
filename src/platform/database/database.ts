import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import { DataSource, type EntityManager, type QueryRunner } from 'typeorm';
import { Wake, type WakeTarget } from '../batching/wake.js';
import { EngineClock } from '../clock/clock.js';
import { sqlState } from './outage.js';
import type { Queryable } from './queryable.js';
import { type Change, currentWitness, type Deed } from './witness.js';

/** An open transaction. Everything that writes takes it as its first parameter. */
export class Transaction implements Deed {
  /** Who has work once this is committed. */
  readonly wakes = new Set<WakeTarget>();
  private readonly noted: Change[] = [];

  constructor(
    private readonly runner: QueryRunner,
    private readonly line: Line,
    /** The engine's clock when the transaction began. */
    readonly now: Date,
    /** Whether anybody asks what is done in it; the engine's own work has nobody to tell. */
    readonly isWitnessed: boolean,
  ) {}

  get manager(): EntityManager {
    return this.runner.manager;
  }

  get changes(): readonly Change[] {
    return this.noted;
  }

  /** Notes what was done to a thing, for whoever asked for it. */
  note(...changes: Change[]): void {
    if (this.isWitnessed) this.noted.push(...changes);
  }

  /**
   * Statements that need not wait for each other's answers may be asked together: they travel together, and
   * the server runs them in the order in which they were asked.
   */
  query<Row>(sql: string, parameters?: unknown[]): Promise<Row[]> {
    return this.line.query(sql, parameters);
  }
}

/** A connection that knows how often somebody waited for the server. */
class Line implements Queryable {
  private underWay = 0;

  constructor(
    private readonly connection: PoolClient,
    private readonly onTrip: () => void,
  ) {}

  async query<Row>(sql: string, parameters?: unknown[]): Promise<Row[]> {
    if (this.underWay === 0) this.onTrip();
    this.underWay += 1;
    try {
      return await ask<Row>(this.connection, sql, parameters);
    } finally {
      this.underWay -= 1;
    }
  }
}

const names = new Map<string, string>();

/** The same text gets the same name, so that the server parses it once per connection. */
function nameOf(sql: string): string {
  let name = names.get(sql);
  if (name === undefined) {
    name = `z${createHash('md5').update(sql).digest('base64url')}`;
    names.set(sql, name);
  }
  return name;
}

async function ask<Row>(connection: PoolClient, sql: string, parameters?: unknown[], kept = true): Promise<Row[]> {
  // Statements without parameters are few, or utility commands that cannot be prepared.
  const statement = parameters ? { name: kept ? nameOf(sql) : undefined, text: sql, values: parameters } : sql;
  return (await connection.query(statement)).rows as Row[];
}

/**
 * Hangs up a connection on which an answer did not come: nobody may be given it again, and nobody need wait
 * once more for the end of its transaction.
 */
async function hangUpIfDead(connection: PoolClient | undefined, error: unknown): Promise<boolean> {
  if (!connection || !(error instanceof Error) || !/Query read timeout/.test(error.message)) return false;
  const client = connection as unknown as { connection: { stream: Socket }; _ended: boolean };
  client.connection.stream.destroy();
  // Only when the driver has been told does the pool know not to keep it.
  while (!client._ended) await nextTurn();
  return true;
}

/** Serialization failure and deadlock: the whole transaction may simply be run again. */
const TRANSIENT = new Set(['40001', '40P01']);
const MAX_TRIES = 5;

@Injectable()
export class Database implements Queryable {
  /** Round trips so far, for the bench. */
  roundTrips = 0;

  constructor(
    readonly dataSource: DataSource,
    private readonly clock: EngineClock,
    private readonly wake: Wake,
  ) {}

  query<Row>(sql: string, parameters?: unknown[]): Promise<Row[]> {
    return this.askOnce(sql, parameters, true);
  }

  /** Planned for these very values: a plan that serves the commonest may read the whole table for the rarest. */
  queryAnew<Row>(sql: string, parameters: unknown[]): Promise<Row[]> {
    return this.askOnce(sql, parameters, false);
  }

  private async askOnce<Row>(sql: string, parameters: unknown[] | undefined, kept: boolean): Promise<Row[]> {
    const runner = this.dataSource.createQueryRunner();
    let connection: PoolClient | undefined;
    try {
      this.roundTrips += 1;
      connection = (await runner.connect()) as PoolClient;
      return await ask<Row>(connection, sql, parameters, kept);
    } catch (error) {
      await hangUpIfDead(connection, error);
      throw error;
    } finally {
      await runner.release().catch(() => undefined);
    }
  }

  now(): Promise<Date> {
    return this.clock.now(this);
  }

  /**
   * Runs `work` in one transaction, again from its beginning after a deadlock or serialization failure.
   * Never call the gateway in it. Throws what `work` throws, with nothing stored.
   */
  async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.attempt(work);
      } catch (error) {
        if (attempt >= MAX_TRIES || !TRANSIENT.has(sqlState(error) ?? '')) throw error;
      }
    }
  }

  private async attempt<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const runner = this.dataSource.createQueryRunner();
    let connection: PoolClient | undefined;
    try {
      connection = (await runner.connect()) as PoolClient;
      const line = new Line(connection, () => void (this.roundTrips += 1));
      // What time it is does not depend on the transaction, so both are asked together.
      const [now] = await Promise.all([this.clock.now(line), runner.startTransaction()]);
      const witness = currentWitness();
      const tx = new Transaction(runner, line, now, witness !== undefined);
      const result = await work(tx);
      await witness?.attest(tx);
      await runner.commitTransaction();
      witness?.attested();
      this.roundTrips += 1;
      this.wake.now(...tx.wakes);
      return result;
    } catch (error) {
      // A broken connection cannot roll back; the server has done it already.
      if (!(await hangUpIfDead(connection, error)) && runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
      throw error;
    } finally {
      await runner.release().catch(() => undefined);
    }
  }
}

/** Name of the constraint that a write ran into, if that is what happened. */
export function violatedConstraint(error: unknown): string | null {
  if (typeof error !== 'object' || error === null) return null;
  const { constraint, driverError } = error as { constraint?: string; driverError?: { constraint?: string } };
  return driverError?.constraint ?? constraint ?? null;
}
