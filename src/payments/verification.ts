import { Injectable, Logger } from '@nestjs/common';
import type { Charge } from '../domain/charge.js';
import { VERIFY_AGE } from '../domain/lookup.js';
import { verify } from '../domain/verification.js';
import { type FoundPayment, Gateway, LookupFailed } from '../gateway/gateway.port.js';
import { Parking } from '../parking/parking.js';
import { Database, type Transaction } from '../platform/database/database.js';
import { RateBudget } from './rate.budget.js';
import { SettlementDoor } from './settlement.door.js';

const LARGEST_SET = 200;
/** A look that failed, or whose worker died, is made again after this; so is one that brought news. */
const AGAIN_MS = 600_000;
/** What differs is looked at every day until it agrees: the gateway's side may only have been late. */
const DIFFERS_MS = 86_400_000;

interface Answered {
  charge: Charge;
  found: FoundPayment[];
}

const OPEN = `('created', 'sending', 'pending', 'unknown')`;

/**
 * Compares every charge with the gateway once more when it is 14 days old, whatever became of it, until one
 * comparison was completed and both sides agreed: its end is work that was done, never time that has passed.
 * Money that came late goes through the settlement door; any other difference is told and changes nothing.
 */
@Injectable()
export class Verification {
  private readonly log = new Logger(Verification.name);

  constructor(
    private readonly database: Database,
    private readonly gateway: Gateway,
    private readonly budget: RateBudget,
    private readonly door: SettlementDoor,
    private readonly parking: Parking,
  ) {}

  /** Compares a set of what is due, within the spare part of the read budget. Returns how many there were. */
  async run(): Promise<number> {
    const { charges, until } = await this.database.transaction((tx) => this.claim(tx));
    const asked = await Promise.all(charges.map(async (charge) => ({ charge, found: await this.ask(charge) })));
    await this.conclude(
      asked.flatMap(({ charge, found }) => (found === null ? [] : [{ charge, found }])),
      until,
    );
    return charges.length;
  }

  private async claim(tx: Transaction): Promise<{ charges: Charge[]; until: Date }> {
    const until = new Date(tx.now.getTime() + AGAIN_MS);
    const due = await tx.query<Charge>(
      // Charges whose outcome somebody waits for are asked about first.
      `select * from charges
        where status not in ${OPEN} and next_check_at <= $1 and parked_at is null
          and not exists (select 1 from charges where status in ('sending', 'pending', 'unknown')
                                                   and parked_at is null and next_check_at <= $1)
        order by next_check_at limit $2 for update skip locked`,
      [tx.now, LARGEST_SET],
    );
    const charges = due.length === 0 ? [] : due.slice(0, await this.budget.takeSpare(tx, due.length));
    await this.postpone(tx, charges, until);
    return { charges, until };
  }

  /** All that the gateway shows under the charge's reference, its own payment in any case; null when it cannot be asked. */
  private async ask(charge: Charge): Promise<FoundPayment[] | null> {
    try {
      const found = await this.gateway.paymentsByReference(charge.reference);
      const known = charge.gateway_payment_id;
      if (known === null || found.some(({ fact }) => fact.payment_id === known)) return found;
      // A second payment under another charge's reference goes by its id alone.
      const own = await this.gateway.payment(known);
      return own ? [...found, own] : found;
    } catch (error) {
      if (!(error instanceof LookupFailed)) throw error;
      this.log.warn({ charge: charge.id, reason: error.message }, 'a charge could not be compared with the gateway');
      return null;
    }
  }

  private async conclude(asked: readonly Answered[], until: Date): Promise<void> {
    if (asked.length === 0) return;
    const holders = await this.holdersOf(asked.flatMap(({ found }) => found.map(({ fact }) => fact.payment_id)));
    const judged = asked.map(({ charge, found }) => {
      const shown = found.map(({ fact }) => {
        const holder = holders.get(fact.payment_id) ?? charge.id;
        return { fact, heldByAnother: holder !== charge.id };
      });
      return { charge, ...verify(charge, shown) };
    });
    // What the door makes of late money is compared in its turn.
    await Promise.all(
      judged.flatMap(({ charge, news }) =>
        news.map((fact) => this.door.settle({ charge: charge.id, request_id: null, kind: 'fact', fact })),
      ),
    );
    const differing = judged.filter(({ differences }) => differences.length > 0);
    for (const { charge, differences } of differing) {
      await this.parking.park('difference', charge.id, new Error(differences.join('; ')));
    }
    const agreeing = judged.filter(({ news, differences }) => news.length + differences.length === 0);
    await this.database.transaction(async (tx) => {
      await this.postpone(tx, differing.map(({ charge }) => charge), new Date(tx.now.getTime() + DIFFERS_MS));
      await this.record(tx, agreeing.map(({ charge }) => charge), until);
    });
  }

  private async holdersOf(payments: readonly string[]): Promise<Map<string, string>> {
    const rows = await this.database.query<{ id: string; gateway_payment_id: string }>(
      'select id, gateway_payment_id from charges where gateway_payment_id = any($1)',
      [payments],
    );
    return new Map(rows.map((row) => [row.gateway_payment_id, row.id]));
  }

  /** Both sides agree. What was changed meanwhile has another time to be looked at, and keeps it. */
  private async record(tx: Transaction, charges: readonly Charge[], until: Date): Promise<void> {
    const ids = charges.map((charge) => charge.id);
    // Looked at early, after a restore: its own comparison is still to come.
    await tx.query(
      `update charges set next_check_at = first_sent_at + $4::double precision * interval '1 millisecond'
        where id = any($1) and next_check_at = $3 and first_sent_at + $4 * interval '1 millisecond' > $2`,
      [ids, tx.now, until, VERIFY_AGE],
    );
    await tx.query('update charges set verified_at = $2, next_check_at = null where id = any($1) and next_check_at = $3', [
      ids,
      tx.now,
      until,
    ]);
    await this.parking.close(tx, ['difference', 'charge'], ids);
  }

  private async postpone(tx: Transaction, charges: readonly Charge[], at: Date): Promise<void> {
    await tx.query('update charges set next_check_at = $2, checks = checks + 1 where id = any($1)', [charges.map((charge) => charge.id), at]);
  }
}
