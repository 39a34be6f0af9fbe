import { Injectable } from '@nestjs/common';
import type { ChargeDraft } from '../domain/case.records.js';
import { toGatewayAmount, type Currency } from '../domain/money.js';
import { Config } from '../platform/config/config.js';

/**
 * The bytes of a payment request: a pure function of the frozen invoice and the wallet, so that the same
 * charge is always the same bytes. Shapes are those of Checkout.com's AlipayCN guide.
 */
@Injectable()
export class PaymentBody {
  constructor(private readonly config: Config) {}

  write(draft: ChargeDraft, reference: string): string {
    const { invoice, source, terms } = draft;
    const currency = invoice.currency as Currency;
    const base = {
      source: source ? { type: 'id', id: source.gateway_source_id } : { type: 'alipay_cn' },
      amount: toGatewayAmount(invoice.amount_due, currency),
      currency: invoice.currency,
      payment_type: 'Recurring',
      reference,
      // A stored wallet is charged by us; API-wide rule, although the wallet's own example leaves it out.
      ...(source && this.config.CKO_MERCHANT_INITIATED && { merchant_initiated: true }),
      ...(terms && {
        capture: true,
        processing: { terminal_type: terms.terminal_type, ...(terms.os_type && { os_type: terms.os_type }) },
        success_url: terms.success_url,
        failure_url: terms.failure_url,
      }),
      ...(this.config.CKO_PROCESSING_CHANNEL_ID && { processing_channel_id: this.config.CKO_PROCESSING_CHANNEL_ID }),
      ...customer(draft),
      shipping: { address: { country: invoice.billed_customer.country } },
      items: this.items(draft, currency),
      ...this.customs(),
    };
    return JSON.stringify(base);
  }

  /**
   * The invoice's lines, or one line for what a balance left to pay, so that items add up to the amount.
   * Nothing random may stand here: after a restore the same charge must give the same bytes.
   */
  private items({ invoice }: ChargeDraft, currency: Currency) {
    if (invoice.balance_applied > 0) {
      return [
        {
          reference: 'balance',
          name: (invoice.lines[0]?.description ?? 'Subscription').slice(0, 100),
          unit_price: toGatewayAmount(invoice.amount_due, currency),
          quantity: 1,
        },
      ];
    }
    return invoice.lines.map((line) => ({
      reference: line.type,
      name: line.description.slice(0, 100),
      unit_price: toGatewayAmount(line.unit_amount, currency),
      quantity: line.quantity,
    }));
  }

  private customs() {
    const { CKO_CUSTOMS_CODE, CKO_MERCHANT_CUSTOMS_CODE, CKO_MERCHANT_CUSTOMS_NAME } = this.config;
    return {
      ...(CKO_CUSTOMS_CODE && { customsCode: CKO_CUSTOMS_CODE }),
      ...(CKO_MERCHANT_CUSTOMS_CODE && { merchantCustomsCode: CKO_MERCHANT_CUSTOMS_CODE }),
      ...(CKO_MERCHANT_CUSTOMS_NAME && { merchantCustomsName: CKO_MERCHANT_CUSTOMS_NAME }),
    };
  }
}

function customer({ invoice }: ChargeDraft) {
  const { email, name } = invoice.billed_customer;
  if (email === null && name === null) return {};
  return { customer: { ...(email !== null && { email }), ...(name !== null && { name }) } };
}
