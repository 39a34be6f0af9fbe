import { Injectable } from '@nestjs/common';
import { type Charge, isCustomerPresent } from '../domain/charge.js';
import type { EventDraft } from '../domain/events.js';
import { type ChargeObservation, Mismatch } from '../domain/observation.js';
import { acknowledged } from '../domain/settlement.js';
import { chargeView } from '../domain/views.js';
import { recordEvents } from '../events/outbox.js';
import { Database, type Transaction } from '../platform/database/database.js';
import { updateSet } from '../platform/database/sets.js';

/** An answer that merely says "we are deciding", with the charge as it was claimed for sending. */
export type Acknowledgement = Extract<ChargeObservation, { kind: 'fact' }> & { claimed: Charge };

const CHANGED = [
  'status', 'gateway_payment_id', 'redirect_url', 'gateway_request_id', 'response_code', 'response_summary', 'checks',
  'next_check_at', 'lease_until', 'lease_token', 'updated_at',
] as const satisfies readonly (keyof Charge)[];

/** The row is still as it was claimed: nobody else writes a charge under a lease that is not his. */
const UNDER_ITS_LEASE = `t.status = 'sending' and t.lease_token = r.lease_token`;

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
      const clocks = await clocksOf(tx, set);
      const pending = new Map<string, Charge>();
      for (const news of set) {
        const now = clocks.get(news.claimed.test_clock) ?? tx.now;
        const charge = take(news, tx.now, now);
        if (charge) pending.set(charge.id, charge);
      }
      // In the order of ids, as everywhere: two sets never wait for each other.
      const rows = [...pending.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
      const written = new Set(await updateSet<Charge>(tx, 'charges', 'id', CHANGED, rows, UNDER_ITS_LEASE));
      await this.tell(tx, rows.filter((charge) => written.has(charge.id)));
      return set.filter((news) => !written.has(news.charge));
    });
  }

  private async tell(tx: Transaction, charges: readonly Charge[]): Promise<void> {
    const sources = await tx.query<{ id: string; gateway_source_id: string }>(
      'select id, gateway_source_id from sources where id = any($1)',
      [charges.map((charge) => charge.source)],
    );
    const gatewayId = new Map(sources.map((source) => [source.id, source.gateway_source_id]));
    const events = charges.map((charge): EventDraft => {
      const object = chargeView(charge, gatewayId.get(charge.source ?? '') ?? null);
      return { type: 'charge.pending', subject: charge.subscription, at: charge.updated_at, data: { object } };
    });
    await recordEvents(tx, events);
  }
}

/** What time it is on the test clocks that these charges live on. */
async function clocksOf(tx: Transaction, set: readonly Acknowledgement[]): Promise<Map<string | null, Date>> {
  const ids = [...new Set(set.map((news) => news.claimed.test_clock))].filter((id) => id !== null);
  if (ids.length === 0) return new Map();
  const clocks = await tx.query<{ id: string; now: Date }>('select id, now from test_clocks where id = any($1)', [ids]);
  return new Map(clocks.map((clock) => [clock.id, clock.now]));
}

function take({ claimed, fact, request_id }: Acknowledgement, engineNow: Date, now: Date): Charge | null {
  if (isCustomerPresent(claimed.kind)) return null;
  try {
    const patch = acknowledged(claimed, fact, request_id, engineNow);
    return patch && { ...claimed, ...patch, updated_at: now };
  } catch (error) {
    if (error instanceof Mismatch) return null;
    throw error;
  }
}
