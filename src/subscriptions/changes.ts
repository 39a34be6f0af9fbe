import { Injectable } from '@nestjs/common';
import { CaseStore } from '../cases/case.store.js';
import type { BillingCase } from '../domain/case.js';
import { openCheckout } from '../domain/checkout.js';
import { invalid } from '../domain/errors.js';
import { cancel, pause, resume, uncancel } from '../domain/lifecycle.js';
import { Sender } from '../payments/sender.js';
import { Wake } from '../platform/batching/wake.js';
import { Config } from '../platform/config/config.js';
import { Database } from '../platform/database/database.js';
import { parseInstant } from '../platform/http/fields.js';
import { loadCase } from './subscription.case.js';
import type { CancelRequest, PauseRequest, ResumeRequest, UpdateSubscriptionRequest } from './subscription.requests.js';

/** What is done to a running subscription from outside: each one locked case, decided and saved. */
@Injectable()
export class SubscriptionChanges {
  constructor(
    private readonly database: Database,
    private readonly cases: CaseStore,
    private readonly sender: Sender,
    private readonly wake: Wake,
    private readonly config: Config,
  ) {}

  update(id: string, request: UpdateSubscriptionRequest): Promise<void> {
    return this.change(id, (c) => {
      if (request.metadata === undefined) return;
      const previous = { metadata: c.subscription.metadata };
      c.patch({ metadata: request.metadata });
      c.tellSubscription('subscription.updated', previous);
    });
  }

  cancel(id: string, request: CancelRequest): Promise<void> {
    const { at, refund = 'none', reason = null } = request;
    return this.change(id, (c) => cancel(c, { at, refund, reason }));
  }

  uncancel(id: string): Promise<void> {
    return this.change(id, uncancel);
  }

  pause(id: string, request: PauseRequest): Promise<void> {
    const resumesAt = request.resumes_at === undefined ? null : parseInstant(request.resumes_at);
    return this.change(id, (c) => {
      if (resumesAt !== null && resumesAt <= c.now) throw invalid('resumes_at', 'must be in the future');
      pause(c, resumesAt);
    });
  }

  resume(id: string, request: ResumeRequest): Promise<void> {
    const by = request.confirm_charge ? 'source' : 'checkout';
    return this.change(id, (c) => {
      const billing = { defaultCountry: this.config.DEFAULT_COUNTRY };
      const { needsCheckout } = resume(c, billing, by);
      if (needsCheckout) openCheckout(c, c.subscription, null, billing);
    });
  }

  private async change(id: string, decide: (c: BillingCase) => void): Promise<void> {
    const { charges, refunds } = await this.database.transaction(async (tx) => {
      const c = await loadCase(tx, this.cases, id);
      decide(c);
      await this.cases.save(tx, [c]);
      return { charges: [...c.charges.added], refunds: c.refunds.added.size };
    });
    if (charges.length > 0) await this.sender.sendNow(charges);
    if (refunds > 0) this.wake.now('refund');
    // A change may call for a notice at once.
    this.wake.now('live', 'test_clocks');
  }
}
