import { Injectable } from '@nestjs/common';
import { CaseStore } from '../cases/case.store.js';
import type { BillingCase } from '../domain/case.js';
import type { Charge } from '../domain/charge.js';
import { openCheckout } from '../domain/checkout.js';
import { invalid } from '../domain/errors.js';
import { awaitsWallet } from '../domain/pay.standing.js';
import type { CheckoutTerms } from '../domain/subscription.js';
import { Sender } from '../payments/sender.js';
import { Config } from '../platform/config/config.js';
import { Database } from '../platform/database/database.js';
import type { CheckoutRequest, OpenCheckoutRequest } from './subscription.requests.js';
import { loadCase } from './subscription.case.js';

export function checkTerminal(request: CheckoutRequest): void {
  if (request.terminal_type !== 'WEB' && request.os_type === undefined) {
    throw invalid('os_type', 'is required unless terminal_type is WEB');
  }
}

/** Lets the customer pay himself, by redirect, what is owed or is to come; its capture brings the wallet anew. */
@Injectable()
export class Checkout {
  constructor(
    private readonly database: Database,
    private readonly cases: CaseStore,
    private readonly sender: Sender,
    private readonly config: Config,
  ) {}

  async open(subscription: string, request: OpenCheckoutRequest): Promise<void> {
    checkTerminal(request);
    const terms: CheckoutTerms = {
      terminal_type: request.terminal_type,
      os_type: request.os_type ?? null,
      success_url: request.success_url,
      failure_url: request.failure_url,
    };
    await this.send(subscription, (c) => openCheckout(c, terms, request.amount ?? 'next_renewal', this.billing));
  }

  /** The same for what the customer is asked for and no more, from where he signed up; refused where nothing is. */
  async openAsked(subscription: string): Promise<void> {
    await this.send(subscription, (c) => openCheckout(c, c.subscription, awaitsWallet(c.subscription) ? 'next_renewal' : null, this.billing));
  }

  private get billing() {
    return { defaultCountry: this.config.DEFAULT_COUNTRY };
  }

  private async send(subscription: string, open: (c: BillingCase) => Charge): Promise<void> {
    const charge = await this.database.transaction(async (tx) => {
      const c = await loadCase(tx, this.cases, subscription);
      const opened = open(c);
      await this.cases.save(tx, [c]);
      return opened;
    });
    if (charge.status !== 'pending') await this.sender.sendNow([charge.id]);
  }
}
