import { Injectable, Logger } from '@nestjs/common';
import { Continuity } from '../continuity/continuity.js';
import { type Charge, isCustomerPresent } from '../domain/charge.js';
import { Gateway, LookupFailed } from '../gateway/gateway.port.js';
import { Wake } from '../platform/batching/wake.js';
import { Database, type Transaction } from '../platform/database/database.js';
import { RateBudget } from './rate.budget.js';
import { SettlementDoor } from './settlement.door.js';

const LARGEST_SET = 200;
const RETRY_MS = 30_000;

/**
 * Which charges ($1 now, $2 end of the last gap) must be cleared before they are sent: every attempt but a
 * period's first, because an earlier one may have turned out well after all; and the first sending after a
 * gap in a period that began before it, because a life that we do not remember may have sent it as well.
 */
export const NEEDS_CLEARANCE = `
  (c.cleared_at is null or c.cleared_at < $1::timestamptz - interval '10 minutes')
  and (c.attempt > 1
       or ($2::timestamptz is not null and c.test_clock is null and (c.last_sent_at is null or c.last_sent_at <= $2)
           and exists (select 1 from invoices i
                        where i.id = c.invoice and coalesce(i.period_start, i.created_at) <= $2)))`;

/** Asks the gateway about what may already have been paid, before a charge is sent. */
@Injectable()
export class Clearance {
  private readonly log = new Logger(Clearance.name);

  constructor(
    private readonly database: Database,
    private readonly gateway: Gateway,
    private readonly budget: RateBudget,
    private readonly door: SettlementDoor,
    private readonly continuity: Continuity,
    private readonly wake: Wake,
  ) {}

  /** Clears a set of the charges that wait for it. Returns how many there were. */
  async run(): Promise<number> {
    const charges = await this.database.transaction(async (tx) => {
      const { lookFirstUntil } = await this.continuity.standing(tx);
      const due = await tx.query<Charge>(
        `select c.* from charges c
          where c.status = 'created' and c.parked_at is null and c.next_check_at <= $1 and ${NEEDS_CLEARANCE}
          order by c.next_check_at limit $3 for update of c skip locked`,
        [tx.now, lookFirstUntil, LARGEST_SET],
      );
      const granted = due.slice(0, due.length === 0 ? 0 : await this.budget.take(tx, 'reads', due.length));
      await this.putOff(tx, granted);
      return granted;
    });
    await this.clearAll(charges);
    return charges.length;
  }

  /** Clears these charges at once, where they need it: somebody is waiting. */
  async clearNow(ids: readonly string[]): Promise<void> {
    const charges = await this.database.transaction(async (tx) => {
      const { lookFirstUntil } = await this.continuity.standing(tx);
      return tx.query<Charge>(
        `select c.* from charges c where c.id = any($3) and c.status = 'created' and ${NEEDS_CLEARANCE}`,
        [tx.now, lookFirstUntil, ids],
      );
    });
    await this.clearAll(charges);
  }

  private async clearAll(charges: readonly Charge[]): Promise<void> {
    const cleared = await Promise.all(charges.map(async (charge) => ((await this.clear(charge)) ? charge.id : null)));
    const ids = cleared.filter((id) => id !== null);
    if (ids.length === 0) return;
    await this.database.transaction((tx) =>
      tx.query(
        `update charges set cleared_at = $2, next_check_at = $2 where id = any($1) and status = 'created'`,
        [ids, tx.now],
      ),
    );
    this.wake.now('send');
  }

  /** Looks at the charge's own reference and at every earlier attempt. True when all could be asked about. */
  private async clear(charge: Charge): Promise<boolean> {
    const attempts = await this.database.query<Charge>(
      `select * from charges where subscription = $1 and period_no = $2 and attempt <= $3 and status <> 'captured'
        order by attempt`,
      [charge.subscription, charge.period_no, charge.attempt],
    );
    try {
      for (const attempt of attempts) if (!(await this.isOver(attempt, attempt.id === charge.id))) return false;
      return true;
    } catch (error) {
      if (!(error instanceof LookupFailed)) throw error;
      this.log.warn({ charge: charge.id, reason: error.message }, 'earlier attempts could not be looked at');
      return false;
    }
  }

  /** Whether nothing can come of the attempt any more, as far as the gateway knows. */
  private async isOver(attempt: Charge, itself: boolean): Promise<boolean> {
    const found = await this.gateway.paymentsByReference(attempt.reference);
    for (const { fact, requestId } of found) {
      await this.door.settle({ charge: attempt.id, request_id: requestId, kind: 'fact', fact });
    }
    return itself || isCustomerPresent(attempt.kind) || found.every(({ fact }) => fact.status !== 'pending');
  }

  private async putOff(tx: Transaction, charges: readonly Charge[]): Promise<void> {
    await tx.query('update charges set next_check_at = $2 where id = any($1)', [
      charges.map((charge) => charge.id),
      new Date(tx.now.getTime() + RETRY_MS),
    ]);
  }
}
