import { Injectable } from '@nestjs/common';
import { type Charge, isCustomerPresent } from '../domain/charge.js';
import type { EventDraft } from '../domain/events.js';
import { type ChargeObservation, Mismatch } from '../domain/observation.js';
import { acknowledged } from '../domain/settlement.js';
import { chargeView } from '../domain/views.js';
import { events } from '../events/outbox.js';
import { Database, type Transaction } from '../platform/database/database.js';
import { update, write } from '../platform/database/sets.js';

/** An answer that merely says "we are deciding", with the charge as it was claimed for sending. */
export type Acknowledgement = Extract<ChargeObservation, { kind: 'fact' }> & { claimed: Charge };

const CHANGED = [
  'status', 'gateway_payment_id', 'redirect_url', 'gateway_request_id', 'response_code', 'response_summary', 'checks',
  'next_check_at', 'lease_until', 'updated_at',
] as const satisfies readonly (keyof Charge)[];

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
      const [leases, clocks] = await Promise.all([lockedLeases(tx, set), clocksOf(tx, set)]);
      const pending = new Map<string, Charge>();
      for (const news of set) {
        // Under its lease the row is as it was claimed: nobody else writes a charge that is being sent.
        if (leases.get(news.charge) !== news.claimed.lease_token) continue;
        const charge = take(news, tx.now, clocks.get(news.claimed.test_clock) ?? tx.now);
        if (charge) pending.set(charge.id, charge);
      }
      const rows = [...pending.values()];
      await write(tx, [update<Charge>('charges', 'id', CHANGED, rows), events(rows.map(chargePending), tx.now)]);
      return set.filter((news) => !pending.has(news.charge));
    });
  }
}

function chargePending(charge: Charge): EventDraft {
  return { type: 'charge.pending', subject: charge.subscription, at: charge.updated_at, data: { object: chargeView(charge) } };
}

/** The lease of each charge that is being sent, locked in the order of ids, as everywhere. */
async function lockedLeases(tx: Transaction, set: readonly Acknowledgement[]): Promise<Map<string, number>> {
  const rows = await tx.query<Pick<Charge, 'id' | 'lease_token'>>(
    `select id, lease_token from charges where id = any($1) and status = 'sending' order by id for update`,
    [set.map((news) => news.charge)],
  );
  return new Map(rows.map((row) => [row.id, row.lease_token]));
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
