import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, type QueryRunner } from 'typeorm';
import { EngineClock } from '../clock/clock.js';
import type { Queryable } from './queryable.js';

/** An open transaction. Everything that writes takes it as its first parameter. */
export class Transaction implements Queryable {
  constructor(
    private readonly runner: QueryRunner,
    /** The engine's clock when the transaction began. */
    readonly now: Date,
  ) {}

  get manager(): EntityManager {
    return this.runner.manager;
  }

  async query<Row>(sql: string, parameters?: unknown[]): Promise<Row[]> {
    return rowsOf<Row>(await this.runner.query(sql, parameters));
  }
}

/** The driver gives [rows, count] for writes and rows for reads; callers want rows. */
function rowsOf<Row>(result: unknown): Row[] {
  if (Array.isArray(result) && result.length === 2 && Array.isArray(result[0]) && typeof result[1] === 'number') {
    return result[0] as Row[];
  }
  return (Array.isArray(result) ? result : []) as Row[];
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
  ) {}

  async query<Row>(sql: string, parameters?: unknown[]): Promise<Row[]> {
    this.roundTrips += 1;
    return rowsOf<Row>(await this.dataSource.query(sql, parameters));
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
    try {
      await runner.startTransaction();
      const counted = countingRunner(runner, this);
      const now = await this.clock.now({
        query: async <Row>(sql: string, parameters?: unknown[]) => rowsOf<Row>(await counted.query(sql, parameters)),
      });
      const result = await work(new Transaction(counted, now));
      await runner.commitTransaction();
      this.roundTrips += 2;
      return result;
    } catch (error) {
      // A broken connection cannot roll back; the server has done it already.
      if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
      throw error;
    } finally {
      await runner.release().catch(() => undefined);
    }
  }
}

function countingRunner(runner: QueryRunner, counter: { roundTrips: number }): QueryRunner {
  const query = runner.query.bind(runner);
  runner.query = ((...args: Parameters<typeof query>) => {
    counter.roundTrips += 1;
    return query(...args);
  }) as typeof runner.query;
  return runner;
}

/** PostgreSQL's SQLSTATE of an error, if it came from there. */
export function sqlState(error: unknown): string | null {
  if (typeof error !== 'object' || error === null) return null;
  const { code, driverError } = error as { code?: unknown; driverError?: { code?: unknown } };
  const state = driverError?.code ?? code;
  return typeof state === 'string' && /^[0-9A-Z]{5}$/.test(state) ? state : null;
}

/** Name of the constraint that a write ran into, if that is what happened. */
export function violatedConstraint(error: unknown): string | null {
  if (typeof error !== 'object' || error === null) return null;
  const { constraint, driverError } = error as { constraint?: string; driverError?: { constraint?: string } };
  return driverError?.constraint ?? constraint ?? null;
}
