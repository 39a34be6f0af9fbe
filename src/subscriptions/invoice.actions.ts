import { Injectable } from '@nestjs/common';
import { CaseStore } from '../cases/case.store.js';
import type { BillingCase } from '../domain/case.js';
import { notFound } from '../domain/errors.js';
import type { Invoice } from '../domain/invoice.js';
import { giveUp, payNow, voidOwed } from '../domain/operator.js';
import { Sender } from '../payments/sender.js';
import { Wake } from '../platform/batching/wake.js';
import { Database } from '../platform/database/database.js';
import { isId } from '../platform/ids/ids.js';

/** What an operator does to one invoice: a locked case, decided and saved. */
@Injectable()
export class InvoiceActions {
  constructor(
    private readonly database: Database,
    private readonly cases: CaseStore,
    private readonly sender: Sender,
    private readonly wake: Wake,
  ) {}

  pay(invoice: string): Promise<void> {
    return this.act(invoice, payNow);
  }

  void(invoice: string): Promise<void> {
    return this.act(invoice, voidOwed);
  }

  giveUp(invoice: string): Promise<void> {
    return this.act(invoice, giveUp);
  }

  private async act(id: string, decide: (c: BillingCase, invoice: Invoice) => unknown): Promise<void> {
    const charges = await this.database.transaction(async (tx) => {
      const [owner] = isId('inv', id)
        ? await tx.query<{ subscription: string }>('select subscription from invoices where id = $1', [id])
        : [];
      const [c] = owner ? await this.cases.load(tx, { subscriptions: [owner.subscription], invoices: [id] }) : [];
      if (!c) throw notFound('invoice', id);
      decide(c, c.invoices.get(id));
      await this.cases.save(tx, [c]);
      return [...c.charges.added];
    });
    if (charges.length > 0) await this.sender.sendNow(charges);
    this.wake.now('live', 'test_clocks');
  }
}
