import type { BillingCase } from './case.js';
import { addDays, period } from './calendar.js';
import { billedCustomer } from './customer.js';
import { amounts, firstLines, type Invoice, type InvoiceLine, type Period, recurringLine, topUpLine } from './invoice.js';
import { invoiceFinalized } from './ledger.js';
import type { Currency } from './money.js';
import { cadence } from './plan.js';

/** What billing needs to know beyond the case itself. */
export interface BillingTerms {
  /** ISO 3166 alpha-2, for customers who have none. */
  defaultCountry: string;
}

/** Writes an invoice: amounts from its lines, the customer frozen on it, the books told. */
function issueInvoice(
  c: BillingCase,
  lines: InvoiceLine[],
  periodNo: number,
  span: Period | null,
  terms: BillingTerms,
  byRedirect = c.subscription.source === null,
): Invoice {
  // What brings the wallet is paid by the customer himself: never replaced by a balance.
  const balance = byRedirect ? 0 : c.balance;
  const sums = amounts(lines, c.subscription.currency as Currency, balance);
  const invoice = c.invoices.add({
    id: c.newId('inv'),
    // Numbers are gapless, so they are given out when the set is written, not before.
    number: '',
    customer: c.subscription.customer,
    subscription: c.subscription.id,
    status: 'open',
    currency: c.subscription.currency,
    period_no: periodNo,
    period_start: span?.start ?? null,
    period_end: span?.end ?? null,
    lines,
    ...sums,
    amount_paid: 0 as Invoice['amount_paid'],
    attempt_count: 0,
    next_attempt_at: null,
    charge_from: null,
    paid_at: null,
    void_reason: null,
    billed_customer: billedCustomer(c.customer, terms.defaultCountry),
    metadata: {},
    created_at: c.now,
    updated_at: c.now,
  });
  c.patch({ latest_invoice: invoice.id });
  c.post(invoiceFinalized(invoice));
  c.changeBalance(0 - sums.balance_applied);
  c.tellInvoice('invoice.finalized', invoice);
  return invoice;
}

/** The first invoice of a sign-up without a free trial: its period starts only when its money is captured. */
export function issueFirstInvoice(c: BillingCase, terms: BillingTerms): Invoice {
  const s = c.subscription;
  const trial = { days: s.trial_days, amount: s.trial_amount };
  const lines = firstLines(c.plan.name, c.version, s.quantity, trial);
  return issueInvoice(c, lines, trial.days > 0 ? 0 : 1, null, terms);
}

/** The first invoice after a free trial: the period it pays for begins at the trial's end. */
export function issueTrialEndInvoice(c: BillingCase, terms: BillingTerms): Invoice {
  const lines = firstLines(c.plan.name, c.version, c.subscription.quantity, { days: 0, amount: 0 });
  return issueInvoice(c, lines, 1, null, terms);
}

/** The next period's invoice for a running subscription. */
export function issueRecurringInvoice(c: BillingCase, periodNo: number, span: Period | null, terms: BillingTerms): Invoice {
  return issueInvoice(c, [recurringLine(c.plan.name, c.version, c.subscription.quantity)], periodNo, span, terms);
}

/** The next period's invoice, paid by redirect before it begins; that of a free trial is its first and is dated then. */
export function issueAdvanceInvoice(c: BillingCase, terms: BillingTerms): Invoice {
  const s = c.subscription;
  const { periodNo, span } = nextPeriod(c);
  const first = s.status === 'trialing' && s.trial_amount === 0;
  const lines = first ? firstLines(c.plan.name, c.version, s.quantity, { days: 0, amount: 0 }) : [recurringLine(c.plan.name, c.version, s.quantity)];
  return issueInvoice(c, lines, periodNo, first ? null : span, terms, true);
}

/** The least that the gateway takes, paid by redirect for the customer's balance. It has no period of its own. */
export function issueTopUp(c: BillingCase, terms: BillingTerms): Invoice {
  return issueInvoice(c, [topUpLine(c.subscription.currency as Currency)], c.subscription.period_no + 1, null, terms, true);
}

/** The period that follows the current one on the anchor that runs. */
export function nextPeriod(c: BillingCase): { periodNo: number; span: Period } {
  const s = c.subscription;
  // A trial's end is the anchor from the trial's beginning on.
  if (s.billing_anchor === null) throw new Error(`Subscription ${s.id} renews without an anchor`);
  const periodNo = s.period_no + 1;
  return { periodNo, span: period(s.billing_anchor, cadence(c.version), s.time_zone, periodNo - s.epoch_first_period) };
}

/** The span of a period that begins with its payment: the paid trial of a sign-up, or a regular period. */
export function firstSpan(c: BillingCase, from: Date, resuming: boolean): { trial: boolean; span: Period } {
  const s = c.subscription;
  if (!resuming && s.trial_days > 0 && s.trial_amount > 0) {
    return { trial: true, span: { start: from, end: addDays(from, s.trial_days, s.time_zone) } };
  }
  return { trial: false, span: period(from, cadence(c.version), s.time_zone, 0) };
}
