import type { BillingCase } from './case.js';
import { period } from './calendar.js';
import { isCustomerPresent } from './charge.js';
import { amounts, firstLines, type Invoice, recurringLine, type UpcomingInvoice } from './invoice.js';
import type { Currency } from './money.js';
import { chargeAllowedAt, chargeDate } from './notice.js';
import { awaitsWallet } from './pay.standing.js';
import { cadence } from './plan.js';
import { nextRenewal, type Subscription } from './subscription.js';

/** What the next renewal will charge; null while no period is going to begin by itself. */
export function upcomingInvoice(c: BillingCase): UpcomingInvoice | null {
  const s = c.subscription;
  const freeTrial = awaitsWallet(s);
  const next = nextRenewal(s);
  if (next === null && !freeTrial) return null;
  const afterPause = next !== null && next.at === s.resumes_at;
  const periodNo = next?.period_no ?? s.period_no + 1;
  const anchor = afterPause ? next.at : s.billing_anchor;
  if (anchor === null) throw new Error(`Subscription ${s.id} renews without an anchor`);
  const span = period(anchor, cadence(c.version), s.time_zone, afterPause ? 0 : periodNo - s.epoch_first_period);
  const lines = freeTrial
    ? firstLines(c.plan.name, c.version, s.quantity, { days: 0, amount: 0 })
    : [recurringLine(c.plan.name, c.version, s.quantity)];
  const sums = amounts(lines, s.currency as Currency, freeTrial ? 0 : c.balance);
  const charged = next !== null && sums.amount_due > 0;
  return { period_no: periodNo, period: span, lines, ...sums, charge_at: charged ? (s.renewal_charge_at ?? next.at) : null };
}

/** In words: why nothing is upcoming. */
export function whyNothingUpcoming(s: Pick<Subscription, 'status' | 'cancel_at_period_end'>): string {
  if (s.cancel_at_period_end && s.status !== 'canceled') return 'it ends with its period';
  switch (s.status) {
    case 'incomplete':
      return 'its first payment is still to come';
    case 'incomplete_expired':
      return 'its first payment never came';
    case 'paused':
      return 'it is paused until it is resumed';
    case 'canceled':
      return 'it has ended';
    default:
      return `it is ${s.status}`;
  }
}

/** The notice of the next renewal: told, and noted with what it said. */
export function giveNotice(c: BillingCase): void {
  // The plan's rule or the customer's country may have changed since it was planned.
  c.patch({});
  const due = c.subscription.notice_due_at;
  const next = nextRenewal(c.subscription);
  const planned = upcomingInvoice(c);
  if (due === null || due > c.now || next === null || planned === null) return;
  // What will be written down as void, or is covered by a balance, charges nothing: of that nothing is told.
  const skipped = c.plan.catch_up === 'latest' && planned.period.end <= c.now;
  const amount = skipped ? 0 : planned.amount_due;
  c.patch({
    noticed_at: c.now,
    noticed_period_no: next.period_no,
    noticed_amount: amount,
    renewal_charge_at: chargeDate(next.at, c.now, c.noticeLead(c.subscription)),
  });
  if (amount > 0) c.tellRenewal({ ...planned, charge_at: c.subscription.renewal_charge_at });
}

/**
 * The invoice of a renewal that was to begin at `at` is written; from when on may it be charged? `before` is the
 * subscription as it was then, with what the customer had been told. Where that was nothing, or something else,
 * he is told now and the charge waits.
 */
export function holdForNotice(c: BillingCase, invoice: Invoice, before: Subscription, at: Date | null): void {
  const lead = c.noticeLead(before);
  if (lead === 0 || at === null) return;
  const { period_no, amount_due: amount } = invoice;
  const from = chargeAllowedAt(before, { period_no, at, amount }, lead);
  if (from === null) tellAnew(c, invoice, lead);
  else c.patchInvoice(invoice.id, { charge_from: from });
}

/** After a pause that nobody has ended by hand, what had been told of charges that were never made is out of date. */
export function noticeAnew(c: BillingCase): void {
  const lead = c.noticeLead(c.subscription);
  for (const invoice of c.openInvoices()) {
    const tried = c.chargesOf(invoice.id).some((charge) => !isCustomerPresent(charge.kind));
    if (lead > 0 && invoice.charge_from !== null && !tried) tellAnew(c, invoice, lead);
  }
}

function tellAnew(c: BillingCase, invoice: Invoice, lead: number): void {
  const { period_start: start, period_end: end } = invoice;
  if (start === null || end === null) throw new Error(`Invoice ${invoice.id} renews nothing: it has no period yet`);
  const held = c.patchInvoice(invoice.id, { charge_from: chargeDate(start, c.now, lead) });
  c.tellRenewal({ amount_due: held.amount_due, period: { start, end }, charge_at: held.charge_from });
}
