import { Injectable } from '@nestjs/common';
import { type Acknowledgement, Acknowledgements } from './acknowledgements.js';
import { CaseStore } from '../cases/case.store.js';
import type { BillingCase } from '../domain/case.js';
import type { Charge } from '../domain/charge.js';
import type { Refund } from '../domain/refund.js';
import { type ChargeObservation, Mismatch, type RefundObservation } from '../domain/observation.js';
import { settle } from '../domain/settlement.js';
import { Parking } from '../parking/parking.js';
import { Batcher } from '../platform/batching/batcher.js';
import { inHalves } from '../platform/batching/halving.js';
import { Wake } from '../platform/batching/wake.js';
import { Database } from '../platform/database/database.js';
import { countOutcomes, type Moved } from './charge.outcomes.js';

/** An observation as it reaches the door; what counts under a lease alone carries the row as it was claimed. */
export type News = (ChargeObservation & { claimed?: Charge }) | (RefundObservation & { claimed?: Refund });

const LARGEST_SET = 500;
const LINGER_MS = 20;
/** While one set waits for PostgreSQL, the next one is decided. */
const LANES = 2;

/**
 * The one door for truth. HTTP answer, webhook, look-up and operator action all come through here, gathered
 * into sets, and leave as charges, invoices, subscriptions, books and events that agree with each other.
 */
@Injectable()
export class SettlementDoor {
  /** The normal answers, which concern a charge alone, go beside the others and not before or behind them. */
  private readonly answers = new Batcher<Acknowledgement>((set) => this.acknowledge(set), LARGEST_SET, LINGER_MS);
  private readonly others = new Batcher<News>((set) => this.settleSet(set), LARGEST_SET, LINGER_MS, LANES);

  constructor(
    private readonly database: Database,
    private readonly cases: CaseStore,
    private readonly parking: Parking,
    private readonly acknowledgements: Acknowledgements,
    private readonly wake: Wake,
  ) {}

  /** Resolves when the observation has been settled, ignored as old news, or parked. */
  settle(news: News): Promise<void> {
    return isAcknowledgement(news) ? this.answers.add(news) : this.others.add(news);
  }

  private async acknowledge(set: readonly Acknowledgement[]): Promise<void> {
    const left = await this.acknowledgements.settle(set);
    await Promise.all(left.map((news) => this.others.add(news)));
  }

  private async settleSet(set: readonly News[]): Promise<void> {
    await inHalves(
      set,
      (part) => this.settleTogether(part),
      (news, error) => ('refund' in news ? this.parking.park('refund', news.refund, error) : this.parking.park('charge', news.charge, error)),
    );
  }

  private async settleTogether(set: readonly News[]): Promise<void> {
    const mismatched: { charge: string; error: Mismatch }[] = [];
    const moved: Moved[] = [];
    const cases = await this.database.transaction(async (tx) => {
      mismatched.length = moved.length = 0;
      const ids = set.map((news) => news.charge);
      const owners = await tx.query<{ subscription: string }>(
        'select distinct subscription from charges where id = any($1)',
        [ids],
      );
      const loaded = await this.cases.load(tx, { subscriptions: owners.map((o) => o.subscription), charges: ids });
      const caseOf = new Map<string, BillingCase>();
      for (const c of loaded) for (const charge of c.charges.all()) caseOf.set(charge.id, c);
      for (const news of set) {
        const c = caseOf.get(news.charge);
        if (!c || !underItsLease(c, news)) continue;
        const before = c.charges.get(news.charge);
        try {
          settle(c, news);
          moved.push({ before, after: c.charges.get(news.charge) });
        } catch (error) {
          if (!(error instanceof Mismatch)) throw error;
          mismatched.push({ charge: news.charge, error });
        }
      }
      await this.cases.save(tx, loaded);
      await this.parking.note(tx, 'decline', loaded.flatMap((c) => c.alerts.map(({ charge, message }) => ({ row: charge, message }))));
      return loaded;
    });
    countOutcomes(moved);
    for (const { charge, error } of mismatched) await this.parking.alert(charge, error);
    this.wakeFor(cases);
  }

  private wakeFor(cases: readonly BillingCase[]): void {
    if (cases.some((c) => c.charges.added.size > 0)) this.wake.now('clear', 'send');
    if (cases.some((c) => c.refunds.added.size > 0)) this.wake.now('refund');
    if (cases.some((c) => c.subscription.test_clock !== null)) this.wake.now('test_clocks');
  }
}

function isAcknowledgement(news: News): news is Acknowledgement {
  return news.kind === 'fact' && news.fact.status === 'pending' && news.claimed !== undefined;
}

/** An answer counts only under the lease it was sent with; what it would have told is found by a look-up. */
function underItsLease(c: BillingCase, news: News): boolean {
  if (news.claimed === undefined) return true;
  const row = 'refund' in news ? c.refunds.get(news.refund) : c.charges.get(news.charge);
  return row.status === 'sending' && row.lease_token === news.claimed.lease_token;
}
