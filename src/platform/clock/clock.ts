import { Injectable } from '@nestjs/common';
import type { Queryable } from '../database/queryable.js';

/**
 * The engine's clock: leases, look-ups, S and W, rate budgets. It is the database's, so that all replicas
 * share one; tests put their own in its place.
 */
export abstract class EngineClock {
  abstract now(on: Queryable): Promise<Date>;
}

@Injectable()
export class DatabaseClock extends EngineClock {
  async now(on: Queryable): Promise<Date> {
    // clock_timestamp(), not now(): the latter stands still inside a transaction.
    const [row] = await on.query<{ now: Date }>('select clock_timestamp()::timestamptz(3) as now');
    return (row as { now: Date }).now;
  }
}
