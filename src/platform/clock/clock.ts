import { Injectable } from '@nestjs/common';
import type { Queryable } from '../database/queryable.js';

/**
 * The engine's clock: leases, look-ups, S and W, rate budgets. It is the database's, so that all replicas
 * share one; tests put their own in its place.
 */
export abstract class EngineClock {
  abstract now(on: Queryable): Promise<Date>;

  /**
   * What time it is, where that is known without asking the database; null where it is the database's, and a
   * statement says `clock_timestamp()` itself.
   */
  abstract readonly known: Date | null;
}

@Injectable()
export class DatabaseClock extends EngineClock {
  readonly known = null;

  async now(on: Queryable): Promise<Date> {
    // clock_timestamp(), not now(): the latter stands still inside a transaction.
    const [row] = await on.query<{ now: Date }>('select clock_timestamp()::timestamptz(3) as now');
    return (row as { now: Date }).now;
  }
}
