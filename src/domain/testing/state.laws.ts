import { isCustomerPresent, isOpen } from '../charge.js';
import type { Invoice } from '../invoice.js';
import type { Account } from '../ledger.js';
import { isOpenRefund } from '../refund.js';
import { hold } from './decision.laws.js';
import type { Life } from './life.story.js';

/** What the engine was told of by the gateway: captured payments and refunds that succeeded, by id. */
export interface Told {
  captures: ReadonlyMap<string, number>;
  refunds: ReadonlyMap<string, { charge: string; amount: number }>;
}

/** What must hold between decisions. */
export function stateLaws(life: Life, told: Told, firstBalance: number): void {
  oneCapturePerPeriod(life);
  booksSayWhatHappened(life, told, firstBalance);
  nothingIsGivenBackTwice(life);
  noPeriodIsMissing(life);
  noTimeIsBilledTwice(life);
  nothingOwedIsForgotten(life);
  nobodyIsChargedUntold(life);
}

function oneCapturePerPeriod(life: Life): void {
  const counting = life.charges.filter((charge) => charge.status === 'captured' && !charge.surplus);
  const periods = counting.map((charge) => charge.period_no);
  hold(new Set(periods).size === periods.length, 'a period is paid by two captures');
  for (const invoice of life.invoices) {
    const paid = counting.filter((charge) => charge.invoice === invoice.id);
    const expected = invoice.status === 'paid' && invoice.total > invoice.balance_applied ? 1 : 0;
    hold(paid.length === expected, `${invoice.id} is ${invoice.status} with ${paid.length} captures`);
    hold(paid.every((charge) => charge.amount === invoice.amount_paid), `${invoice.id} is paid by another amount`);
  }
}

const total = (numbers: readonly number[]): number => numbers.reduce((sum, n) => sum + n, 0);

export function accountSums(life: Life): Partial<Record<Account, number>> {
  const sums: Partial<Record<Account, number>> = {};
  for (const { account, amount } of life.postings.flatMap((posting) => posting.entries)) {
    sums[account] = (sums[account] ?? 0) + amount;
  }
  return Object.fromEntries(Object.entries(sums).filter(([, amount]) => amount !== 0));
}

/** What the books must show: what the gateway told, and what became of it. */
function booksSayWhatHappened(life: Life, told: Told, firstBalance: number): void {
  const valid = life.invoices.filter((invoice) => invoice.status !== 'void');
  const due = (status: Invoice['status']): number =>
    total(valid.filter((invoice) => invoice.status === status).map((invoice) => invoice.amount_due));
  const applied = total(valid.map((invoice) => invoice.balance_applied));
  const captured = total([...told.captures.values()]);
  const paid = total(valid.map((invoice) => invoice.amount_paid));
  const credited = total(life.charges.map((charge) => charge.amount_credited));
  const returned = (surplus: boolean): number =>
    total([...told.refunds.values()].filter(({ charge }) => life.charge(charge).surplus === surplus).map(({ amount }) => amount));
  const expected: Partial<Record<Account, number>> = {
    receivable: due('open'),
    bad_debt: due('uncollectible'),
    revenue: -total(valid.map((invoice) => invoice.total)),
    refunds: returned(false),
    customer_balance: applied - credited,
    gateway_clearing: captured - returned(false) - returned(true),
    surplus: paid - captured + returned(true) + credited,
  };
  const booked = accountSums(life);
  for (const account of Object.keys({ ...expected, ...booked }) as Account[]) {
    const [is, should] = [booked[account] ?? 0, expected[account] ?? 0];
    hold(is === should, `the books hold ${is} of ${account} where ${should} happened`);
  }
  hold(life.balance === firstBalance - applied + credited, `the balance is ${life.balance}, ${applied} of ${firstBalance} was used`);
}

/** Of no charge more goes back than it brought, whatever is on its way; surplus goes back whole, once. */
function nothingIsGivenBackTwice(life: Life): void {
  for (const charge of life.charges) {
    const of = life.refunds.filter((refund) => refund.charge === charge.id);
    const back = total(of.filter((refund) => refund.status === 'succeeded').map((refund) => refund.amount));
    const promised = total(of.filter((refund) => isOpenRefund(refund.status)).map((refund) => refund.amount));
    hold(back === charge.amount_refunded, `${charge.id} says that ${charge.amount_refunded} went back, ${back} did`);
    const captured = charge.status === 'captured' ? charge.amount : 0;
    hold(back + promised + charge.amount_credited <= captured, `more of ${charge.id} goes back than it brought`);
    const declined = of.some((refund) => refund.status === 'declined');
    const kept = charge.surplus && back + promised + charge.amount_credited < charge.amount;
    hold(!kept || declined, `${charge.id} pays for nothing and is kept`);
  }
}

function noPeriodIsMissing(life: Life): void {
  for (let no = 1; no <= life.subscription.period_no; no += 1) {
    const of = life.invoices.filter((invoice) => invoice.period_no === no);
    const owed = of.filter((invoice) => invoice.status !== 'void').length;
    const excused = of.filter(({ void_reason: reason }) => reason === 'period_skipped' || reason === 'operator').length;
    // What an operator voided before its period began may be written anew.
    hold(owed === 1 || (owed === 0 && excused > 0), `period ${no} has ${owed} invoices and was excused ${excused} times`);
  }
}

function noTimeIsBilledTwice(life: Life): void {
  const spans = life.invoices
    .filter((invoice) => invoice.status !== 'void' && invoice.period_start !== null)
    .toSorted((a, b) => Number(a.period_start) - Number(b.period_start));
  for (const [i, next] of spans.slice(1).entries()) {
    const end = spans[i]?.period_end;
    hold(end !== null && end !== undefined && next.period_start !== null && next.period_start >= end, `${next.id} bills time a second time`);
  }
}

/** While a subscription runs, whatever is owed is being charged, or will be at a known time. */
function nothingOwedIsForgotten(life: Life): void {
  const { status, next_attempt_at, dunning_ends_at, notice_due_at, due_at } = life.subscription;
  const open = life.invoices.filter((invoice) => invoice.status === 'open' && invoice.id !== life.subscription.advance_invoice);
  hold(open.length > 0 || (status !== 'unpaid' && status !== 'past_due' && status !== 'incomplete'), `${status}, and nothing is owed`);
  if (status !== 'active' && status !== 'past_due') return;
  hold(due_at !== null, `nothing is ever due for what is ${status}`);
  hold(notice_due_at === null || due_at <= notice_due_at, 'a notice is due and nobody will give it');
  const idle = open.filter(({ id }) => !life.charges.some((c) => c.invoice === id && !isCustomerPresent(c.kind) && isOpen(c.status)));
  if (idle.length === 0) return;
  const scheduled = next_attempt_at !== null || dunning_ends_at !== null;
  hold(scheduled || (status === 'past_due' && idle.length < open.length), `${idle[0]?.id} is owed and nobody will ask for it`);
  if (status === 'past_due') return;
  const waits = idle.map((invoice) => Number(invoice.next_attempt_at));
  hold(waits.every((at) => at > 0), `one of ${idle.length} invoices waits for nothing`);
  hold(Math.min(...waits) === Number(next_attempt_at), 'the first of what waits is not what comes next');
}

const DAY_MS = 86_400_000;
/** What China demands. */
const NOTICE_DAYS = 5;

/**
 * The first charge of a stored wallet for a period comes at least five days after the customer was told of it, of
 * as much money; but for what he agreed to so shortly before, or just now.
 */
function nobodyIsChargedUntold(life: Life): void {
  if (life.plan.renewal_notice === 'off') return;
  const { interval, interval_count, trial_days } = life.version;
  const tries = life.charges.filter((charge) => !isCustomerPresent(charge.kind)).toSorted((a, b) => a.attempt - b.attempt);
  for (const { id, period_no, period_start } of life.invoices) {
    const before = life.invoices.findLast((i) => i.period_start !== null && i.period_no < period_no)?.period_start ?? new Date(0);
    const first = tries.find((charge) => charge.period_no === period_no);
    const afterTrial = period_no === 1;
    const short = afterTrial ? trial_days < NOTICE_DAYS : interval === 'day' && interval_count < NOTICE_DAYS;
    const agreed = life.agreed.some((at) => at.getTime() === period_start?.getTime());
    // An invoice that was to be paid in advance, and was not, was written for the period as it was to be then.
    if (first?.invoice !== id || period_start === null || short || agreed) continue;
    const told = life.told.some(({ type, at, data }) => {
      if (type !== 'subscription.renewal_upcoming') return false;
      const said = data.object as { amount: number; charge_at: Date; period: { start: Date } };
      const inTime = at.getTime() + NOTICE_DAYS * DAY_MS <= first.created_at.getTime() && said.charge_at <= first.created_at;
      // A pause may end a little later than it was to.
      const ofThis = said.period.start > before && said.period.start <= period_start;
      return ofThis && said.amount >= first.amount && inTime;
    });
    hold(told, `${first.id} charges period ${period_no} and nobody was told of it five days before`);
  }
}
