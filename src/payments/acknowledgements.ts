import { Injectable } from '@nestjs/common';
import { type Charge, isCustomerPresent } from '../domain/charge.js';
import type { EventDraft } from '../domain/events.js';
import { acknowledged, Mismatch, type Observation } from '../domain/settlement.js';
import { chargeView } from '../domain/views.js';
import { recordEvents } from '../events/outbox.js';
import { Database } from '../platform/database/database.js';
import { updateSet } from '../platform/database/sets.js';

/** An answer that merely says "we are deciding", under the lease it was sent with. */
export type Acknowledgement = Extract<Observation, { kind: 'fact' }> & { lease: number };

const CHANGED = [
  'status', 'gateway_payment_id', 'redirect_url', 'gateway_request_id', 'response_code', 'response_summary', 'checks',
  'next_check_at', 'lease_until', 'updated_at',
] as const satisfies readonly (keyof Charge)[];

type Row = Charge & { gateway_source_id: string | null; clock: Date | null };

/**
 * The normal answer to a charge of a stored wallet concerns that charge alone: nobody else's rows are
 * loaded or locked for it. Whatever does not fit is left to the settlement door.
 */
@Injectable()
export class Acknowledgements {
  constructor(private readonly database: Database) {}

  /** Settles what it can, in one transaction; returns the rest. */
  async settle(set: readonly Acknowledgement[]): Promise<Acknowledgement[]> {
    if (set.length === 0) return [];
    return this.database.transaction(async (tx) => {
      const rows = await tx.query<Row>(
        `select c.*, s.gateway_source_id, t.now as clock
           from charges c
           left join sources s on s.id = c.source
           left join test_clocks t on t.id = c.test_clock
          where c.id = any($1) order by c.id for update of c`,
        [set.map((news) => news.charge)],
      );
      const byId = new Map(rows.map((row) => [row.id, row]));
      const left: Acknowledgement[] = [];
      const changed: Charge[] = [];
      const events: EventDraft[] = [];
      for (const news of set) {
        const row = byId.get(news.charge);
        const charge = row ? take(row, news, tx.now) : null;
        if (!row || !charge) {
          left.push(news);
          continue;
        }
        changed.push(charge);
        const object = chargeView(charge, row.gateway_source_id);
        events.push({ type: 'charge.pending', subject: charge.subscription, at: charge.updated_at, data: { object } });
      }
      await updateSet<Charge>(tx, 'charges', 'id', CHANGED, changed);
      await recordEvents(tx, events);
      return left;
    });
  }
}

function take({ clock, ...charge }: Row, news: Acknowledgement, now: Date): Charge | null {
  if (isCustomerPresent(charge.kind) || charge.status !== 'sending' || charge.lease_token !== news.lease) return null;
  try {
    const patch = acknowledged(charge, news.fact, news.request_id, now);
    return patch && { ...charge, ...patch, updated_at: clock ?? now };
  } catch (error) {
    if (error instanceof Mismatch) return null;
    throw error;
  }
}
