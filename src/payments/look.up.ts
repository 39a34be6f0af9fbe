import { Injectable, Logger } from '@nestjs/common';
import { type Charge, isCustomerPresent } from '../domain/charge.js';
import { claimedSince } from '../domain/sending.js';
import { Gateway, LookupFailed } from '../gateway/gateway.port.js';
import { Database, type Transaction } from '../platform/database/database.js';
import { update, write } from '../platform/database/sets.js';
import { RateBudget } from './rate.budget.js';
import { Sender } from './sender.js';
import { type News, SettlementDoor } from './settlement.door.js';
import { Windows } from './windows.js';

const LARGEST_SET = 200;
/** While one worker asks, no other one need: the row comes back by itself if the asker dies. */
const ASKING_MS = 60_000;
/** How long the look-up of a pending charge may stand back behind webhooks. */
const PATIENCE_MS = 60_000;
const RANK = { captured: 0, pending: 1, declined: 2, expired: 2, canceled: 2 } as const;

/**
 * Asks the gateway about charges whose outcome we wait for or do not know. What it says goes through the
 * settlement door like any other news; when the rules allow a resend, the sender gets the same bytes again.
 */
@Injectable()
export class LookUp {
  private readonly log = new Logger(LookUp.name);

  constructor(
    private readonly database: Database,
    private readonly gateway: Gateway,
    private readonly budget: RateBudget,
    private readonly door: SettlementDoor,
    private readonly sender: Sender,
    private readonly windows: Windows,
  ) {}

  /** Looks up what is due, as far as the rate budget goes. Returns how many charges were worked on. */
  async run(): Promise<number> {
    const charges = await this.database.transaction(async (tx) => {
      const due = await tx.query<Charge>(
        // While webhooks wait to be worked on they come first: they name those that have news.
        `select * from charges where status in ('sending', 'pending', 'unknown') and parked_at is null
            and next_check_at <= $1
            and (status <> 'pending' or next_check_at <= $3
                 or not exists (select 1 from gateway_events where next_attempt_at <= $1))
          order by next_check_at limit $2 for update skip locked`,
        [tx.now, LARGEST_SET, new Date(tx.now.getTime() - PATIENCE_MS)],
      );
      if (due.length === 0) return [];
      const granted = await this.budget.take(tx, 'reads', due.length);
      return this.hold(tx, due.slice(0, granted));
    });
    await this.lookUp(charges);
    return charges.length;
  }

  /** Asks about these charges now, whatever their schedule. */
  async lookUp(charges: readonly Charge[]): Promise<void> {
    // Before the door can claim any of them: a deadline counted from here ends before the lease does.
    const started = performance.now();
    await Promise.all(charges.map((charge) => this.lookUpOne(charge)));
    const unknown = charges.filter((charge) => charge.status === 'unknown' && !isReplayed(charge));
    await this.resend(unknown, started);
  }

  private async lookUpOne(charge: Charge): Promise<void> {
    if (charge.status === 'sending') {
      // Its worker died or slept: we do not know what became of the call.
      await this.door.settle({
        charge: charge.id,
        request_id: null,
        kind: 'unknown',
        reason: 'the lease ran out',
        claimed: charge,
      });
      return;
    }
    if (isReplayed(charge)) {
      await this.replayRedirect(charge);
      return;
    }
    for (const news of await this.ask(charge)) await this.door.settle(news);
  }

  private async ask(charge: Charge): Promise<News[]> {
    const base = { charge: charge.id, request_id: null };
    try {
      const found =
        charge.gateway_payment_id === null
          ? await this.gateway.paymentsByReference(charge.reference)
          : [await this.gateway.payment(charge.gateway_payment_id)].filter((payment) => payment !== null);
      if (found.length === 0) return [{ ...base, kind: 'not_found', windows: this.windows.configured }];
      // One request may have made two payments: the one that brought money is the charge's own.
      found.sort((a, b) => RANK[a.fact.status] - RANK[b.fact.status]);
      return found.map(({ fact, requestId }) => ({ charge: charge.id, request_id: requestId, kind: 'fact', fact }));
    } catch (error) {
      if (!(error instanceof LookupFailed)) throw error;
      this.log.warn({ charge: charge.id, reason: error.message }, 'look-up failed');
      return [{ ...base, kind: 'look_up_failed' }];
    }
  }

  /**
   * A redirect whose answer was lost is of no use without its link, and harmless without the customer: it
   * is sent once more with its key. If another payment comes of it, nobody holds the link of the first.
   */
  private async replayRedirect(charge: Charge): Promise<void> {
    const started = performance.now();
    const held = await this.database.transaction(async (tx) => {
      const current = await tx.query<Charge>(
        `select * from charges where id = $1 and status = 'unknown' for update skip locked`,
        [charge.id],
      );
      return this.sender.claim(tx, current);
    });
    await this.sender.resend(held, started);
  }

  /** The settlement door has claimed those that may be sent again: their next lease says so. */
  private async resend(asked: readonly Charge[], started: number): Promise<void> {
    if (asked.length === 0) return;
    const rows = await this.database.query<Charge>(`select * from charges where id = any($1) and status = 'sending'`, [
      asked.map((charge) => charge.id),
    ]);
    await this.sender.resend(claimedSince(asked, rows), started);
  }

  private async hold(tx: Transaction, charges: Charge[]): Promise<Charge[]> {
    const until = new Date(tx.now.getTime() + ASKING_MS);
    await write(tx, [update<Charge>('charges', 'id', ['next_check_at'], charges.map((c) => ({ ...c, next_check_at: until })))]);
    return charges;
  }
}

function isReplayed(charge: Charge): boolean {
  return charge.status === 'unknown' && isCustomerPresent(charge.kind) && charge.sends < 2;
}
