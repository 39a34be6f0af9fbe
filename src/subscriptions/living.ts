import { Injectable } from '@nestjs/common';
import { CaseStore } from '../cases/case.store.js';
import type { BillingCase } from '../domain/case.js';
import { live } from '../domain/renewal.js';
import { Parking } from '../parking/parking.js';
import { Sender } from '../payments/sender.js';
import { inHalves } from '../platform/batching/halving.js';
import { Wake } from '../platform/batching/wake.js';
import { Config } from '../platform/config/config.js';
import { Database } from '../platform/database/database.js';

const LARGEST_SET = 500;

/**
 * Lets subscriptions live: takes those whose time has come, in sets, and does the first thing on each
 * one's agenda. What is due again at once comes with the next set, so that many missed periods never
 * crowd out one that is due today.
 */
@Injectable()
export class Living {
  constructor(
    private readonly database: Database,
    private readonly cases: CaseStore,
    private readonly parking: Parking,
    private readonly sender: Sender,
    private readonly wake: Wake,
    private readonly config: Config,
  ) {}

  /** One set of subscriptions that are due; on a test clock, those that live in its time. Returns their number. */
  async run(clock: { id: string; now: Date } | null = null): Promise<number> {
    const now = clock?.now ?? (await this.database.now());
    const due = await this.database.query<{ id: string }>(
      clock
        ? `select id from subscriptions where test_clock = $3 and due_at <= $1 and parked_at is null
            order by due_at limit $2`
        : `select id from subscriptions where test_clock is null and due_at <= $1 and parked_at is null
            order by due_at limit $2`,
      clock ? [now, LARGEST_SET, clock.id] : [now, LARGEST_SET],
    );
    const ids = due.map((row) => row.id);
    let lived = 0;
    await inHalves(
      ids,
      async (set) => void (lived += await this.liveSet(set, now)),
      (id, error) => this.parking.park('subscription', id, error),
    );
    // What another worker holds is his; only what was done or parked here counts as progress.
    return lived;
  }

  private async liveSet(ids: readonly string[], now: Date): Promise<number> {
    const started = performance.now();
    const { cases, charges } = await this.database.transaction(async (tx) => {
      const claimed = await tx.query<{ id: string }>(
        `select id from subscriptions where id = any($1) and due_at <= $2 and parked_at is null
          order by id for update skip locked`,
        [ids, now],
      );
      const cases = await this.cases.load(tx, { subscriptions: claimed.map((row) => row.id) });
      for (const c of cases) live(c, { defaultCountry: this.config.DEFAULT_COUNTRY });
      const charges = await this.sender.claimFresh(tx, cases);
      await this.cases.save(tx, cases);
      return { cases, charges };
    });
    this.sender.sendClaimed(charges, started);
    if (cases.some(hasUnsent)) this.wake.now('clear', 'send');
    return cases.length;
  }
}

/** Whether a new charge waits for its sending: beyond the rate budget, say, or for a look first. */
function hasUnsent(c: BillingCase): boolean {
  return c.charges.pick(c.charges.added).some((charge) => charge.status === 'created');
}
