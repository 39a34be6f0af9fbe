import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { ChargeDraft } from '../domain/case.records.js';
import type { Charge } from '../domain/charge.js';
import { toGatewayAmount, type Currency } from '../domain/money.js';
import { Config } from '../platform/config/config.js';
import { Wallets } from '../wallets/wallets.js';

type Frozen = Pick<Charge, 'body' | 'body_hash' | 'source'>;

/**
 * The bytes of a payment request: a pure function of the frozen invoice and the wallet, so that the same
 * charge is always the same bytes. Shapes are those of Checkout.com's AlipayCN guide. What is stored of it names
 * the wallet by our own row; the hash is that of the bytes which go out, with the gateway's name in that place.
 */
@Injectable()
export class PaymentBody {
  constructor(
    private readonly config: Config,
    private readonly wallets: Wallets,
  ) {}

  /** The body as it is stored, and the hash of what will be sent. Throws when the wallet's name does not open. */
  write(draft: ChargeDraft, reference: string): Pick<Charge, 'body' | 'body_hash'> {
    const { source } = draft;
    const body = this.json(draft, reference);
    const bytes = source ? inPlace(body, source.id, this.wallets.open(source)) : body;
    return { body, body_hash: hashOf(bytes) };
  }

  /** The very bytes that were frozen with the charge. Throws when they cannot be had: nothing else may be sent. */
  bytesOf({ body, body_hash, source }: Frozen, names: ReadonlyMap<string, string>): string {
    const byRow = source !== null && body.startsWith(namedBy(source));
    const name = byRow ? names.get(source) : undefined;
    if (byRow && name === undefined) throw new Error(`the name of wallet ${source} does not open`);
    const bytes = name === undefined ? body : inPlace(body, source as string, name);
    if (hashOf(bytes) !== body_hash) throw new Error('what would be sent is not what was frozen');
    return bytes;
  }

  private json(draft: ChargeDraft, reference: string): string {
    const { invoice, source, terms } = draft;
    const currency = invoice.currency as Currency;
    const base = {
      source: source ? { type: 'id', id: source.id } : { type: 'alipay_cn' },
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

/** How a body begins that takes from a stored wallet: no text of a customer or a merchant comes before it. */
function namedBy(id: string): string {
  return `{"source":{"type":"id","id":${JSON.stringify(id)}}`;
}

function inPlace(body: string, row: string, name: string): string {
  return namedBy(name) + body.slice(namedBy(row).length);
}

function hashOf(bytes: string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function customer({ invoice }: ChargeDraft) {
  const { email, name } = invoice.billed_customer;
  if (email === null && name === null) return {};
  return { customer: { ...(email !== null && { email }), ...(name !== null && { name }) } };
}
