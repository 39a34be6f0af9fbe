import { Injectable, Logger } from '@nestjs/common';
import { CaseStore } from '../cases/case.store.js';
import { attemptNamed, ChargeMint } from '../cases/charge.mint.js';
import { settleForgotten } from '../domain/forgotten.js';
import { Mismatch } from '../domain/observation.js';
import { Gateway, LookupFailed } from '../gateway/gateway.port.js';
import type { ParkedRow } from '../parking/parked.row.js';
import { Parking } from '../parking/parking.js';
import { Database } from '../platform/database/database.js';

const LARGEST_SET = 100;
/** How many of the youngest are compared with what was given up. */
const MOST_COMPARED = 1_000;

/** A payment that nobody here knows, and the invoice for which a lost life took it. */
interface Claimed {
  payment: string;
  invoice: string;
  subscription: string;
  attempt: number;
}

/**
 * Payments at the gateway that carry our reference and that no charge of ours is: money of a life that this
 * database has forgotten. They are parked; when the charge comes to exist after all, they go back into work.
 * Where nothing will make it again, because its subscription has ended meanwhile, it is written down here.
 */
@Injectable()
export class Orphans {
  private readonly log = new Logger(Orphans.name);

  constructor(
    private readonly database: Database,
    private readonly gateway: Gateway,
    private readonly cases: CaseStore,
    private readonly mint: ChargeMint,
    private readonly parking: Parking,
  ) {}

  /** Releases the parked ones whose charge exists by now. Returns how many there were. */
  async run(): Promise<number> {
    for (const claimed of await this.claimed()) await this.takeIn(claimed);
    const found = await this.database.query<ParkedRow>(
      `select p.* from parked_rows p
        where p.kind = 'orphan' and p.released_at is null
          and exists (select 1 from gateway_events e
                       join charges c on c.reference = e.reference or c.gateway_payment_id = e.payment_id
                      where e.payment_id = p.row_id
                        and e.outcome in ('foreign', 'orphan') and e.reference like 'zq-%')
        limit $1`,
      [LARGEST_SET],
    );
    for (const row of found) await this.parking.putBack(row);
    return found.length;
  }

  /** Those whose reference is derived from an invoice that was closed with its subscription. */
  private async claimed(): Promise<Claimed[]> {
    const rows = await this.database.query<{ payment: string; reference: string }>(
      `select distinct on (p.parked_at, p.row_id) p.row_id as payment, e.reference
         from parked_rows p join gateway_events e on e.payment_id = p.row_id
        where p.kind = 'orphan' and p.released_at is null and e.outcome = 'orphan'
        order by p.parked_at desc, p.row_id limit $1`,
      [MOST_COMPARED],
    );
    const orphans = new Map(rows.map(({ reference, payment }) => [reference, payment]));
    const attempts = rows.flatMap(({ reference }) => attemptNamed(reference) ?? []);
    if (attempts.length === 0) return [];
    const closed = await this.database.query<{ id: string; subscription: string; period_no: number }>(
      // Of several invoices of one period that which was owed; what was only asked for ahead is void.
      `select distinct on (i.subscription, i.period_no) i.id, i.subscription, i.period_no
         from invoices i join subscriptions s on s.id = i.subscription and s.status = 'canceled'
        where i.status in ('void', 'uncollectible') and i.period_no = any($1)
        order by i.subscription, i.period_no, i.status = 'void'`,
      [[...new Set(attempts.map(({ periodNo }) => periodNo))]],
    );
    return closed.flatMap(({ id, subscription, period_no }) =>
      [...new Set(attempts.filter(({ periodNo }) => periodNo === period_no).map(({ attempt }) => attempt))].flatMap((attempt) => {
        const payment = orphans.get(this.mint.referenceOf(subscription, period_no, attempt));
        return payment === undefined ? [] : [{ payment, invoice: id, subscription, attempt }];
      }),
    );
  }

  private async takeIn({ payment, invoice, subscription, attempt }: Claimed): Promise<void> {
    try {
      const found = await this.gateway.payment(payment);
      if (!found) return;
      await this.database.transaction(async (tx) => {
        const [c] = await this.cases.load(tx, { subscriptions: [subscription], invoices: [invoice] });
        const billed = c?.invoices.find(invoice);
        if (c && billed && settleForgotten(c, billed, attempt, found.fact, found.requestId)) await this.cases.save(tx, [c]);
      });
    } catch (error) {
      if (!(error instanceof LookupFailed || error instanceof Mismatch)) throw error;
      this.log.warn({ payment, reason: error.message }, 'money of a lost life could not be taken in');
    }
  }
}
