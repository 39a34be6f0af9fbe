import { Injectable } from '@nestjs/common';
import { recordEvents } from '../events/outbox.js';
import { Database, type Transaction } from '../platform/database/database.js';
import { Living } from '../subscriptions/living.js';
import { type TestClock, testClockView } from './test.clock.js';
import { HOLDING, RESIDENTS } from './test.clocks.js';

/**
 * Moves test clocks: from one instant at which something is due to the next, each as one set, and never on
 * before the charges of its customers are settled. All of it is in the rows, so that a restart continues it.
 */
@Injectable()
export class ClockRunner {
  constructor(
    private readonly database: Database,
    private readonly living: Living,
  ) {}

  /** One step of every clock that is on its way. Returns how many of them moved. */
  async run(): Promise<number> {
    const clocks = await this.database.query<TestClock>(
      `select * from test_clocks where status = 'advancing' order by id`,
    );
    const steps = await Promise.all(clocks.map((clock) => this.step(clock)));
    return steps.filter(Boolean).length;
  }

  private async step(clock: TestClock): Promise<boolean> {
    let lived = 0;
    for (let set = -1; set !== 0; lived += set) set = await this.living.run(clock);
    const moved = await this.database.transaction((tx) => this.move(tx, clock.id));
    return lived > 0 || moved;
  }

  private async move(tx: Transaction, id: string): Promise<boolean> {
    const [clock] = await tx.query<TestClock>(
      `select * from test_clocks where id = $1 and status = 'advancing' for update skip locked`,
      [id],
    );
    if (!clock || clock.target === null) return false;
    const [parked] = await tx.query<{ id: string; error: string }>(
      `select p.row_id as id, p.error from parked_rows p
        where p.released_at is null and p.id <> all($2)
          and p.row_id in (${RESIDENTS})
        limit 1`,
      [id, clock.passed_over],
    );
    if (parked) return this.fail(tx, clock, `${parked.id} is parked: ${parked.error}`);
    const [holding] = await tx.query(`select 1 from charges where test_clock = $1 and ${HOLDING} limit 1`, [id]);
    if (holding) return false;
    const [next] = await tx.query<{ at: Date | null }>(
      'select min(due_at) as at from subscriptions where test_clock = $1 and due_at is not null and parked_at is null',
      [id],
    );
    const due = next?.at ?? null;
    if (due !== null && due <= clock.target) {
      await tx.query('update test_clocks set now = greatest(now, $2), updated_at = $3 where id = $1', [id, due, tx.now]);
      return true;
    }
    return this.arrive(tx, clock, clock.target);
  }

  private async arrive(tx: Transaction, clock: TestClock, at: Date): Promise<boolean> {
    await tx.query(
      `update test_clocks set now = $2, target = null, status = 'ready', updated_at = $3 where id = $1`,
      [clock.id, at, tx.now],
    );
    const object = testClockView({ ...clock, now: at, status: 'ready', target: null }, []);
    await recordEvents(tx, [{ type: 'test_clock.ready', subject: clock.id, at, data: { object } }]);
    return true;
  }

  private async fail(tx: Transaction, clock: TestClock, reason: string): Promise<boolean> {
    await tx.query(`update test_clocks set status = 'failed', reason = $2, updated_at = $3 where id = $1`, [
      clock.id,
      reason,
      tx.now,
    ]);
    return true;
  }
}
