import { Injectable, Logger } from '@nestjs/common';
import { Continuity } from '../continuity/continuity.js';
import type { RefundObservation } from '../domain/observation.js';
import { claimedRefund, type Refund } from '../domain/refund.js';
import { LEASE_MARGIN_MS, LEASE_MS } from '../domain/sending.js';
import { Gateway, type RefundAnswer, UnknownOutcome } from '../gateway/gateway.port.js';
import { Database, type Transaction } from '../platform/database/database.js';
import { update, write } from '../platform/database/sets.js';
import { healthIn } from './gateway.health.js';
import { RateBudget } from './rate.budget.js';
import { RefundSight } from './refund.sight.js';
import { SettlementDoor } from './settlement.door.js';

const LARGEST_SET = 100;
/** While one worker looks at the payment, no other one need. */
const LOOKING_MS = 60_000;

const CLAIMED_COLUMNS = [
  'status', 'sends', 'lease_token', 'lease_until', 'first_sent_at', 'last_sent_at', 'requested_at', 'next_check_at',
  'checks', 'updated_at',
] as const satisfies readonly (keyof Refund)[];

/**
 * Sends refunds, under the rules that hold for charges. They are few, so each payment is looked at before its
 * refund is sent at all: a life that this database does not remember may have sent it.
 */
@Injectable()
export class RefundSender {
  private readonly log = new Logger(RefundSender.name);

  constructor(
    private readonly database: Database,
    private readonly gateway: Gateway,
    private readonly budget: RateBudget,
    private readonly door: SettlementDoor,
    private readonly continuity: Continuity,
    private readonly sight: RefundSight,
  ) {}

  /** Sends what is due, as far as the rate budget goes. Returns how many refunds were worked on. */
  async run(): Promise<number> {
    const due = await this.database.transaction((tx) => this.hold(tx));
    const seen = await Promise.all(due.map(async (refund) => ((await this.sight.isClear(refund)) ? refund.id : null)));
    const started = performance.now();
    const claimed = await this.database.transaction((tx) => this.claim(tx, seen.filter((id) => id !== null)));
    await this.send(claimed, started);
    return due.length;
  }

  /** Sends refunds again that a look-up has claimed; in quarantine they wait for their lease to run out. */
  async resend(claimed: readonly Refund[], claimedAt: number): Promise<void> {
    if (claimed.length === 0) return;
    const allowed = await this.database.transaction(async (tx) => {
      if ((await this.continuity.standing(tx)).quarantined) return false;
      await this.budget.spend(tx, 'writes', claimed.length);
      return true;
    });
    if (allowed) await this.send(claimed, claimedAt);
  }

  private async hold(tx: Transaction): Promise<Refund[]> {
    if ((await this.continuity.standing(tx)).quarantined) return [];
    const due = await tx.query<Refund>(
      `select * from refunds where status = 'created' and parked_at is null and next_check_at <= $1
        order by next_check_at limit $2 for update skip locked`,
      [tx.now, LARGEST_SET],
    );
    if (due.length === 0) return [];
    const granted = due.slice(0, await this.budget.take(tx, 'writes', due.length));
    await tx.query('update refunds set next_check_at = $2 where id = any($1)', [
      granted.map((refund) => refund.id),
      new Date(tx.now.getTime() + LOOKING_MS),
    ]);
    return granted;
  }

  private async claim(tx: Transaction, ids: readonly string[]): Promise<Refund[]> {
    if (ids.length === 0) return [];
    const refunds = await tx.query<Refund>(
      `select * from refunds where id = any($1) and status = 'created' and parked_at is null order by id for update skip locked`,
      [ids],
    );
    const rows = refunds.map((refund) => ({ ...refund, ...claimedRefund(refund, tx.now), updated_at: tx.now }));
    await write(tx, [update<Refund>('refunds', 'id', CLAIMED_COLUMNS, rows)]);
    return rows;
  }

  /** `claimedAt`: monotonic ms, taken before the claim. */
  private async send(refunds: readonly Refund[], claimedAt: number): Promise<void> {
    const deadline = claimedAt + LEASE_MS - LEASE_MARGIN_MS;
    await Promise.all(
      refunds.map(async (refund) => this.door.settle({ ...(await this.call(refund, deadline)), claimed: refund })),
    );
  }

  private async call(refund: Refund, deadline: number): Promise<RefundObservation> {
    const about = { charge: refund.charge, refund: refund.id };
    try {
      const answer = await this.gateway.refund(
        { paymentId: refund.gateway_payment_id, idempotencyKey: refund.idempotency_key, body: refund.body },
        deadline,
      );
      await this.budget.report(healthIn(answer));
      return { ...about, request_id: answer.requestId, ...this.newsIn(answer, refund) };
    } catch (error) {
      if (!(error instanceof UnknownOutcome)) throw error;
      this.log.warn({ refund: refund.id, reason: error.message }, 'outcome unknown');
      await this.budget.report('down');
      return { ...about, request_id: null, kind: 'unknown', reason: error.message };
    }
  }

  private newsIn(answer: RefundAnswer, refund: Refund) {
    switch (answer.answer) {
      case 'accepted': {
        const { amount, reference } = refund;
        const result = { response_code: null, response_summary: null };
        const fact = { action_id: answer.actionId, kind: 'refund', status: 'pending', amount, reference, ...result } as const;
        return { kind: 'refund_fact', fact } as const;
      }
      case 'refused':
        return { kind: 'refused', codes: answer.codes } as const;
      case 'not_taken':
        this.log.warn({ refund: refund.id, reason: answer.reason }, 'the gateway did not take the request');
        return { kind: 'not_taken', reason: answer.reason } as const;
    }
  }
}
