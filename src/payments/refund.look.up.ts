import { Injectable } from '@nestjs/common';
import type { Refund } from '../domain/refund.js';
import { claimedSince } from '../domain/sending.js';
import { Database, type Transaction } from '../platform/database/database.js';
import { RateBudget } from './rate.budget.js';
import { RefundSender } from './refund.sender.js';
import { RefundSight } from './refund.sight.js';
import { SettlementDoor } from './settlement.door.js';
import { Windows } from './windows.js';

const LARGEST_SET = 100;
/** While one worker asks, no other one need: the row comes back by itself if the asker dies. */
const ASKING_MS = 60_000;
/** Details and actions. */
const READS_EACH = 2;

/** Asks the gateway about refunds whose outcome we wait for or do not know, on the schedule of charges. */
@Injectable()
export class RefundLookUp {
  constructor(
    private readonly database: Database,
    private readonly budget: RateBudget,
    private readonly door: SettlementDoor,
    private readonly sight: RefundSight,
    private readonly sender: RefundSender,
    private readonly windows: Windows,
  ) {}

  /** Looks up what is due, as far as the rate budget goes. Returns how many refunds were worked on. */
  async run(): Promise<number> {
    const refunds = await this.database.transaction((tx) => this.hold(tx));
    const started = performance.now();
    await Promise.all(refunds.map((refund) => this.lookUp(refund)));
    await this.resend(refunds.filter((refund) => refund.status === 'unknown'), started);
    return refunds.length;
  }

  private async hold(tx: Transaction): Promise<Refund[]> {
    const due = await tx.query<Refund>(
      `select * from refunds where status in ('sending', 'pending', 'unknown') and parked_at is null and next_check_at <= $1
        order by next_check_at limit $2 for update skip locked`,
      [tx.now, LARGEST_SET],
    );
    if (due.length === 0) return [];
    const granted = due.slice(0, Math.ceil((await this.budget.take(tx, 'reads', due.length * READS_EACH)) / READS_EACH));
    await tx.query('update refunds set next_check_at = $2 where id = any($1)', [
      granted.map((refund) => refund.id),
      new Date(tx.now.getTime() + ASKING_MS),
    ]);
    return granted;
  }

  private async lookUp(refund: Refund): Promise<void> {
    const base = { charge: refund.charge, refund: refund.id, request_id: null };
    if (refund.status === 'sending') {
      // Its worker died or slept: we do not know what became of the call.
      await this.door.settle({ ...base, kind: 'unknown', reason: 'the lease ran out', claimed: refund });
      return;
    }
    switch (await this.sight.look(refund)) {
      case 'shown':
        // What is shown was settled with its payment, and with it when it is looked at next.
        return;
      case 'unclear':
        await this.door.settle({ ...base, kind: 'look_up_failed' });
        return;
      case 'nothing':
        await this.door.settle({ ...base, kind: 'not_found', windows: this.windows.configured });
    }
  }

  /** The settlement door has claimed those that may be sent again: their next lease says so. */
  private async resend(asked: readonly Refund[], started: number): Promise<void> {
    if (asked.length === 0) return;
    const rows = await this.database.query<Refund>(`select * from refunds where id = any($1) and status = 'sending'`, [
      asked.map((refund) => refund.id),
    ]);
    await this.sender.resend(claimedSince(asked, rows), started);
  }
}
