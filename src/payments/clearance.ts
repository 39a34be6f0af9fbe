import { Injectable } from '@nestjs/common';
import type { Charge } from '../domain/charge.js';
import { sentByHand } from '../domain/checkout.js';
import { type Unremembered, weighClearance } from '../domain/clearance.js';
import { Wake } from '../platform/batching/wake.js';
import { Database, type Transaction } from '../platform/database/database.js';
import { update, write } from '../platform/database/sets.js';
import { ChargeSight } from './charge.sight.js';
import { RateBudget } from './rate.budget.js';
import { Windows } from './windows.js';

const LARGEST_SET = 200;
const RETRY_MS = 30_000;

/**
 * The lost times in which a life that we do not remember may have sent charge `c`, or another under its reference.
 * `due`: the period began before their end. Where a whole life is forgotten there is more: `anew`, a period may have begun
 * sooner there than here, because that life was the first to hear of the payment or the resume that it is counted from;
 * and the next period (by a fifth longer than this one at most) may have been paid ahead.
 */
const MAY_HAVE_BEEN_SENT = `
  (select coalesce(i.period_start, i.created_at) as began, i.period_end - i.period_start as length, s.billing_anchor as anchor,
          s.created_at as born
     from invoices i join subscriptions s on s.id = i.subscription where i.id = c.invoice) as p
  cross join engine_state as e
  cross join lateral (select t, false as whole from unnest(e.silent) as t
                      union all select t, true from unnest(e.forgotten) as t) as lost
  cross join lateral (select p.began <= upper(t) as due,
                             whole and p.anchor > lower(t) and p.began - p.anchor <= upper(t) - lower(t) as anew,
                             whole and p.began - 1.2 * p.length <= upper(t) as ahead) as how
  where c.test_clock is null and p.born <= upper(t) and (c.last_sent_at is null or c.last_sent_at <= upper(t))
    and (due or anew or ahead)`;

/**
 * Which charges ($1 now) must be cleared before they are sent: every attempt but a period's first, because an earlier
 * one may have turned out well after all; and the first sending since a lost time in which it may have been sent.
 */
export const NEEDS_CLEARANCE = `
  (c.cleared_at is null or c.cleared_at < $1::timestamptz - interval '10 minutes')
  and (c.attempt > 1 or exists (select 1 from ${MAY_HAVE_BEEN_SENT}))`;

const WRITTEN = ['cleared_at', 'next_check_at', 'empty_lookups', 'empty_since', 'empty_at'] as const satisfies readonly (keyof Charge)[];

/** Asks the gateway about what may already have been paid, before a charge is sent. */
@Injectable()
export class Clearance {
  constructor(
    private readonly database: Database,
    private readonly budget: RateBudget,
    private readonly sight: ChargeSight,
    private readonly windows: Windows,
    private readonly wake: Wake,
  ) {}

  /** Looks at a set of the charges that wait for it. Returns how many there were. */
  async run(): Promise<number> {
    const { charges, at } = await this.database.transaction(async (tx) => {
      const due = await tx.query<Charge>(
        `select c.* from charges c
          where c.status = 'created' and c.parked_at is null and c.next_check_at <= $1 and ${NEEDS_CLEARANCE}
          order by c.next_check_at limit $2 for update of c skip locked`,
        [tx.now, LARGEST_SET],
      );
      const granted = due.slice(0, due.length === 0 ? 0 : await this.budget.take(tx, 'reads', due.length));
      await this.putOff(tx, granted);
      return { charges: granted, at: tx.now };
    });
    if (await this.clearAll(charges, at, (now) => now)) this.wake.now('send');
    return charges.length;
  }

  /** Looks at these charges at once, where they need it: somebody is waiting, and sends them himself. */
  async clearNow(ids: readonly string[]): Promise<void> {
    const { charges, at } = await this.database.transaction(async (tx) => {
      const charges = await tx.query<Charge>(
        `select c.* from charges c where c.id = any($2) and c.status = 'created' and ${NEEDS_CLEARANCE}`,
        [tx.now, ids],
      );
      return { charges, at: tx.now };
    });
    await this.clearAll(charges, at, sentByHand);
  }

  /** `at`: before anything was asked; `sendAt`: when the timer sends what is clear. Returns whether anything is. */
  private async clearAll(charges: readonly Charge[], at: Date, sendAt: (now: Date) => Date): Promise<boolean> {
    const seen = await Promise.all(charges.map(async (charge) => ((await this.sight.isClear(charge)) ? charge.id : null)));
    const clear = seen.filter((id) => id !== null);
    return clear.length > 0 && this.database.transaction((tx) => this.weigh(tx, clear, at, sendAt(tx.now)));
  }

  /** Stores what clean, empty looks allow. Returns whether anything may be sent now. */
  private async weigh(tx: Transaction, ids: readonly string[], at: Date, sendAt: Date): Promise<boolean> {
    const rows = await tx.query<Charge & Unremembered>(
      // What was paid ahead was paid by a customer in person: one look is enough, and nobody waits for it.
      `select c.*, g.* from charges c
         left join lateral (select min(case when due then greatest(p.began, lower(t)) when anew then lower(t) end) as lost_since,
                                   max(upper(t)) filter (where due or anew) as lost_until from ${MAY_HAVE_BEEN_SENT}) g on true
        where c.id = any($1) and c.status = 'created' order by c.id for update of c`,
      [ids],
    );
    const weighed = rows.map((row) => {
      const { evidence, at: again } = weighClearance(row, this.windows.configured, at);
      return { ...row, ...evidence, cleared_at: again === null ? tx.now : null, next_check_at: again ?? sendAt };
    });
    await write(tx, [update<Charge>('charges', 'id', WRITTEN, weighed)]);
    return weighed.some((row) => row.cleared_at !== null);
  }

  private async putOff(tx: Transaction, charges: readonly Charge[]): Promise<void> {
    await tx.query('update charges set next_check_at = $2 where id = any($1)', [
      charges.map((charge) => charge.id),
      new Date(tx.now.getTime() + RETRY_MS),
    ]);
  }
}
