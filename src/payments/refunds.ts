import { Injectable } from '@nestjs/common';
import { CaseStore } from '../cases/case.store.js';
import { notFound } from '../domain/errors.js';
import type { Refund } from '../domain/refund.js';
import { requestRefund } from '../domain/refunding.js';
import { Wake } from '../platform/batching/wake.js';
import { Database } from '../platform/database/database.js';
import { isId } from '../platform/ids/ids.js';

/** Refunds as people ask for them. */
@Injectable()
export class Refunds {
  constructor(
    private readonly database: Database,
    private readonly cases: CaseStore,
    private readonly wake: Wake,
  ) {}

  /** Reserves the amount (minor units; null is all that is left) and has it sent. */
  async request(charge: string, amount: number | null, reason: string | null): Promise<Refund> {
    const refund = await this.database.transaction(async (tx) => {
      const [owner] = isId('chg', charge)
        ? await tx.query<{ subscription: string }>('select subscription from charges where id = $1', [charge])
        : [];
      const [c] = owner ? await this.cases.load(tx, { subscriptions: [owner.subscription], charges: [charge] }) : [];
      if (!c) throw notFound('charge', charge);
      const requested = requestRefund(c, c.charges.get(charge), amount, reason);
      await this.cases.save(tx, [c]);
      return requested;
    });
    this.wake.now('refund');
    return refund;
  }

  async get(id: string): Promise<Refund> {
    const [refund] = isId('rfnd', id) ? await this.database.query<Refund>('select * from refunds where id = $1', [id]) : [];
    if (!refund) throw notFound('refund', id);
    return refund;
  }
}
