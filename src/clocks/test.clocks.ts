import { Injectable } from '@nestjs/common';
import { conflict, invalid, notFound } from '../domain/errors.js';
import { Wake } from '../platform/batching/wake.js';
import { Database, type Transaction } from '../platform/database/database.js';
import { isId, newId } from '../platform/ids/ids.js';
import { type TestClock, testClockView } from './test.clock.js';

/** Charges that hold a clock: merchant-initiated ones whose outcome is still open. */
export const HOLDING = `kind in ('recurring', 'retry') and status in ('created', 'sending', 'pending', 'unknown') and parked_at is null`;

/** Rows that live in the time of clock $1 and may be parked. */
export const RESIDENTS = `select id from subscriptions where test_clock = $1 and parked_at is not null
  union all select id from charges where test_clock = $1 and parked_at is not null`;

@Injectable()
export class TestClocks {
  constructor(
    private readonly database: Database,
    private readonly wake: Wake,
  ) {}

  async create(now: Date, metadata: Record<string, string>) {
    const id = newId('clk');
    await this.database.transaction(async (tx) => {
      const [clock] = await tx.query<TestClock>(
        `insert into test_clocks (id, now, target, status, reason, metadata, created_at, updated_at)
         values ($1, $2, null, 'ready', null, $3, $4, $4) returning *`,
        [id, now, JSON.stringify(metadata), tx.now],
      );
      tx.note({ resource: id, before: null, after: testClockView(clock as TestClock, []) });
    });
    return this.get(id);
  }

  async get(id: string) {
    const [clock] = isId('clk', id)
      ? await this.database.query<TestClock>('select * from test_clocks where id = $1', [id])
      : [];
    if (!clock) throw notFound('test_clock', id);
    return this.present(clock);
  }

  async present(clock: TestClock) {
    const holding =
      clock.status === 'advancing'
        ? await this.database.query<{ id: string }>(
            `select id from charges where test_clock = $1 and ${HOLDING} order by id limit 100`,
            [clock.id],
          )
        : [];
    return testClockView(clock, holding.map((charge) => charge.id));
  }

  /** Sets the clock going; it gets there by itself, through every instant at which something is due. */
  async advance(id: string, to: Date) {
    await this.database.transaction(async (tx) => {
      const clock = await this.lock(tx, id);
      if (clock.status === 'advancing') throw conflict('test_clock_advancing', 'The clock is on its way already.');
      if (to < clock.now) throw invalid('to', 'must not lie before the clock’s now');
      await tx.query(
        `update test_clocks set status = 'advancing', target = $2, reason = null, updated_at = $3,
           passed_over = array(select p.id from parked_rows p
                                where p.released_at is null and p.row_id in (${RESIDENTS}))
          where id = $1`,
        [id, to, tx.now],
      );
      tx.note({ resource: id, before: { status: clock.status, now: clock.now }, after: { status: 'advancing', now: clock.now, to } });
    });
    this.wake.now('test_clocks');
    return this.get(id);
  }

  /** Removes the clock and the customers who live in its time. The books keep what they say. */
  async remove(id: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      const clock = await this.lock(tx, id);
      // Nobody need see to what is not there any more.
      await tx.query(
        `update parked_rows p set released_at = $2
          where p.released_at is null
            and (exists (select 1 from subscriptions s where s.id = p.row_id and s.test_clock = $1)
                 or exists (select 1 from charges c where c.id = p.row_id and c.test_clock = $1))`,
        [id, tx.now],
      );
      await tx.query('delete from messages m using customers c where c.test_clock = $1 and m.customer = c.id', [id]);
      await tx.query('delete from test_clocks where id = $1', [id]);
      tx.note({ resource: id, before: testClockView(clock, []), after: null });
    });
  }

  private async lock(tx: Transaction, id: string): Promise<TestClock> {
    const [clock] = isId('clk', id)
      ? await tx.query<TestClock>('select * from test_clocks where id = $1 for update', [id])
      : [];
    if (!clock) throw notFound('test_clock', id);
    return clock;
  }
}
