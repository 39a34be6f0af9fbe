import { type Transitions, transition } from './machine.js';
import { add, minimumCharge, multiply, type Currency, type Money } from './money.js';
import type { BilledCustomer } from './customer.js';
import type { PlanVersion } from './plan.js';

export const INVOICE_STATUSES = ['draft', 'open', 'paid', 'void', 'uncollectible'] as const;
export type InvoiceStatus = (typeof INVOICE_STATUSES)[number];
export type InvoiceEvent = 'finalize' | 'pay' | 'void' | 'write_off';

export const invoiceTransitions: Transitions<InvoiceStatus, InvoiceEvent> = {
  draft: { finalize: 'open', void: 'void' },
  open: { pay: 'paid', void: 'void', write_off: 'uncollectible' },
  paid: {},
  void: {},
  // Money that comes after we had given up still pays what was owed.
  uncollectible: { pay: 'paid' },
};

export function nextInvoiceStatus(status: InvoiceStatus, event: InvoiceEvent): InvoiceStatus {
  return transition('invoice', invoiceTransitions, status, event);
}

/**
 * Why an invoice is not owed after all: the sign-up was never paid, the subscription ended before its period
 * began, the period had passed unbilled and its plan catches up with the newest one only, an operator said so, the
 * redirect that was to pay it in advance came to nothing, or its money became the customer's balance.
 */
export const VOID_REASONS = ['sign_up_expired', 'subscription_ended', 'period_skipped', 'operator', 'checkout_ended', 'credited'] as const;
export type VoidReason = (typeof VOID_REASONS)[number];

const LINE_TYPES = ['recurring', 'trial', 'setup_fee', 'top_up'] as const;

export interface Period {
  start: Date;
  end: Date;
}

/** One line of an invoice; `amount` = `unit_amount` × `quantity`, minor units. */
export interface InvoiceLine {
  type: (typeof LINE_TYPES)[number];
  description: string;
  quantity: number;
  unit_amount: Money;
  amount: Money;
}

/** What one subscription owes for one period. Amounts in minor units of `currency`. */
export interface Invoice {
  id: string;
  /** Gapless per year: `2026-000001`. */
  number: string;
  customer: string;
  subscription: string;
  status: InvoiceStatus;
  currency: string;
  /** Counts up once per subscription; 0 is a paid trial. */
  period_no: number;
  /** Null until the first payment is captured: the first period starts only then. */
  period_start: Date | null;
  period_end: Date | null;
  lines: InvoiceLine[];
  subtotal: Money;
  discount: Money;
  tax: Money;
  total: Money;
  /** Part of the total that the customer's own balance paid. */
  balance_applied: Money;
  amount_paid: Money;
  amount_due: Money;
  /** Merchant-initiated and customer-present tries that were really made. */
  attempt_count: number;
  next_attempt_at: Date | null;
  /** Before this instant (customer clock) no stored wallet is charged for it; null where no notice was called for. */
  charge_from: Date | null;
  paid_at: Date | null;
  void_reason: VoidReason | null;
  billed_customer: BilledCustomer;
  metadata: Record<string, string>;
  created_at: Date;
  updated_at: Date;
}

export interface InvoiceAmounts {
  subtotal: Money;
  discount: Money;
  tax: Money;
  total: Money;
  balance_applied: Money;
  amount_due: Money;
}

/** What the next renewal will charge, as far as is known now; nothing of it is stored. Amounts in minor units. */
export interface UpcomingInvoice extends InvoiceAmounts {
  period_no: number;
  period: Period;
  lines: InvoiceLine[];
  /** When the stored wallet will be charged (customer clock); null where nothing will be. */
  charge_at: Date | null;
}

function line(type: InvoiceLine['type'], description: string, quantity: number, unitAmount: Money): InvoiceLine {
  return { type, description, quantity, unit_amount: unitAmount, amount: multiply(unitAmount, quantity) };
}

export function recurringLine(planName: string, version: PlanVersion, quantity: number): InvoiceLine {
  return line('recurring', planName, quantity, version.amount as Money);
}

/** The least that can be paid, for the customer's own balance. */
export function topUpLine(currency: Currency): InvoiceLine {
  return line('top_up', 'Balance top-up', 1, minimumCharge(currency));
}

/** The lines of a subscription's first invoice: the trial or the first period, and the setup fee with it. */
export function firstLines(
  planName: string,
  version: PlanVersion,
  quantity: number,
  trial: { days: number; amount: number },
): InvoiceLine[] {
  const lines =
    trial.days > 0
      ? [line('trial', `${planName} (trial, ${trial.days} days)`, 1, trial.amount as Money)]
      : [recurringLine(planName, version, quantity)];
  if (version.setup_fee > 0) lines.push(line('setup_fee', `${planName} (setup)`, 1, version.setup_fee as Money));
  return lines;
}

/**
 * Sums the lines and sets the customer's balance against them. The balance never leaves a rest that the
 * gateway would refuse as too small: then less of it is used and the rest stays with the customer.
 */
export function amounts(lines: readonly InvoiceLine[], currency: Currency, balance: number): InvoiceAmounts {
  const total = lines.reduce<Money>((sum, l) => add(sum, l.amount), 0 as Money);
  const wanted = Math.max(0, Math.min(balance, total));
  const rest = total - wanted;
  const smallest = minimumCharge(currency);
  const applied = rest > 0 && rest < smallest ? Math.max(0, total - smallest) : wanted;
  return {
    subtotal: total,
    discount: 0 as Money,
    tax: 0 as Money,
    total,
    balance_applied: applied as Money,
    amount_due: (total - applied) as Money,
  };
}
