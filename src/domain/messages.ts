import type { BillingCase } from './case.js';
import { isCustomerPresent, type Charge } from './charge.js';
import { languageOf } from './customer.js';
import type { EventDraft, EventType } from './events.js';
import { onlyGiven } from './given.js';
import { isTechnicalTry } from './ladder.js';
import type { MessageData, MessageDraft, MessageName } from './message.js';
import { upcomingInvoice } from './noticing.js';
import { oncePaid } from './pay.standing.js';
import { access } from './subscription.js';
import { nextChargeAt } from './views.js';

/** What a rule may look at: the event, all that was told before it in the same breath, and the case as decided. */
interface Told {
  event: EventDraft;
  before: readonly EventDraft[];
  c: BillingCase;
  switchedOff: ReadonlySet<MessageName>;
}

/** What a message is about: its invoice, where there is one, and what it says besides plan and customer. */
interface Content extends Partial<MessageData> {
  invoice?: string;
}

interface Rule {
  name: MessageName;
  /** What is told to the customer, or null when this event is not for him. */
  content: (told: Told) => Content | null;
}

/** What becomes a message, and what it says: the one place that knows. */
const RULES: { readonly [T in EventType]?: Rule } = {
  'invoice.paid': { name: 'receipt', content: payment },
  'invoice.voided': { name: 'receipt', content: toppedUp },
  'subscription.renewal_upcoming': { name: 'renewal_upcoming', content: upcoming },
  'invoice.payment_failed': { name: 'payment_failed', content: failure },
  'source.revoked': { name: 'reauthorise', content: lostWallet },
  'dunning.started': { name: 'reauthorise', content: lostWallet },
  'subscription.recovered': { name: 'recovered', content: recovery },
  'subscription.canceled': { name: 'canceled', content: ending },
  'subscription.trial_will_end': { name: 'trial_ending', content: trialEnding },
  'subscription.updated': { name: 'trial_ending', content: trialEnded },
};

/**
 * One fact, one message: of what is told in one breath the left one stands in for those on its right, and
 * says what they would have said. A name that the merchant has switched off stands in for nothing.
 */
const STANDS_IN_FOR: { readonly [N in MessageName]?: readonly MessageName[] } = {
  recovered: ['receipt'],
  reauthorise: ['payment_failed', 'reauthorise'],
};

/** Whether anything that was told could be for the customer: most of what happens is not. */
export function mayConcernCustomer(c: BillingCase): boolean {
  return c.customer.email !== null && c.events.some((event) => RULES[event.type] !== undefined);
}

/** What the customer is told of all that the case tells, in order. */
export function messagesOf(c: BillingCase, switchedOff: ReadonlySet<MessageName>, defaultCountry: string): MessageDraft[] {
  const recipient = c.customer.email;
  if (recipient === null) return [];
  const drafts: MessageDraft[] = [];
  for (const [i, event] of c.events.entries()) {
    const rule = RULES[event.type];
    if (!rule || switchedOff.has(rule.name)) continue;
    const content = rule.content({ event, before: c.events.slice(0, i), c, switchedOff });
    if (content === null) continue;
    const replaced = drafts.findLastIndex((draft) => STANDS_IN_FOR[rule.name]?.includes(draft.name));
    if (replaced >= 0) drafts.splice(replaced, 1);
    const { invoice = null, ...data } = content;
    drafts.push({
      event,
      name: rule.name,
      customer: c.customer.id,
      subscription: c.subscription.id,
      invoice,
      locale: languageOf(c.customer, defaultCountry),
      recipient,
      // A row holds only what it says.
      data: onlyGiven({ ...common(c), ...data }) as MessageData,
    });
  }
  return drafts;
}

function common(c: BillingCase) {
  return {
    plan_name: c.plan.name,
    customer_name: c.customer.name ?? undefined,
    time_zone: c.customer.time_zone ?? c.subscription.time_zone,
    currency: c.subscription.currency,
  };
}

function instant(date: Date | null): string | undefined {
  return date?.toISOString();
}

/** The invoice as the event shows it. */
interface ShownInvoice {
  id: string;
  number: string;
  status: string;
  total: number;
  balance_applied: number;
  amount_due: number;
  period: { start: Date; end: Date } | null;
  paid_at: Date | null;
}

function about(invoice: ShownInvoice): Content {
  return {
    invoice: invoice.id,
    invoice_number: invoice.number,
    period_start: instant(invoice.period?.start ?? null),
    period_end: instant(invoice.period?.end ?? null),
  };
}

function payment({ event, c }: Told): Content | null {
  const invoice = event.data.object as ShownInvoice;
  // Nobody wants a receipt for nothing.
  if (invoice.total === 0) return null;
  return {
    ...about(invoice),
    amount: invoice.total,
    from_balance: invoice.balance_applied || undefined,
    date: instant(invoice.paid_at),
    next_date: instant(nextChargeAt(c.subscription)),
  };
}

/** Money that changed the wallet and pays for nothing yet was taken all the same. Nothing else that is voided concerns the customer. */
function toppedUp({ event, c }: Told): Content | null {
  const invoice = event.data.object as ShownInvoice;
  if (c.invoices.get(invoice.id).void_reason !== 'credited') return null;
  return { ...about(invoice), amount: invoice.total, date: instant(c.now), next_date: instant(nextChargeAt(c.subscription)) };
}

/** The payment that made it well again says so itself. */
function recovery(told: Told): Content | null {
  const paid = told.before.findLast((event) => event.type === 'invoice.paid');
  const next = { next_date: instant(nextChargeAt(told.c.subscription)) };
  return (paid && payment({ ...told, event: paid })) ?? next;
}

function failure({ event, before, c }: Told): Content | null {
  const invoice = event.data.object as ShownInvoice;
  const charge = before.findLast(({ type }) => type.startsWith('charge.'))?.data.object as Tried | undefined;
  const { status, dunning_step: step, next_attempt_at: next, dunning_ends_at: end } = c.subscription;
  if (!charge || invoice.status !== 'open' || status === 'canceled' || !concernsCustomer(c, invoice, charge)) return null;
  // The rung that follows decides; where none does, the customer alone can help.
  if (next !== null && step !== null && c.policy.retries[step]?.notify === false) return null;
  // The final action follows at once: nobody can pay by now, and an end tells itself.
  const over = end !== null && end <= c.now;
  if (over && c.policy.final_action === 'cancel') return null;
  return { ...about(invoice), amount: invoice.amount_due, next_date: instant(next), pay_by: over ? undefined : instant(end), ...paying(c, over) };
}

/** The link, and what paying by it brings about; `over`: the ladder is, its final action follows. */
function paying(c: BillingCase, over = false): Pick<MessageData, 'once_paid' | 'payable'> {
  const owed = c.openInvoices();
  const { status, resumes_when_paid } = c.subscription;
  const then = { resumes_when_paid, status: over && c.policy.final_action === 'pause' ? ('paused' as const) : status };
  return { once_paid: oncePaid(then, owed.length, (owed[0]?.period_start ?? null) !== null), payable: true };
}

/** The charge as its event shows it. */
type Tried = Pick<Charge, 'kind' | 'trigger' | 'decline_class'>;

function concernsCustomer(c: BillingCase, invoice: ShownInvoice, { kind, trigger, decline_class: why }: Tried): boolean {
  // Whoever paid by redirect was there when it failed; what an operator tries, and what only he can mend, is his affair.
  if (isCustomerPresent(kind) || trigger === 'operator' || why === 'configuration') return false;
  // What failed for a technical reason is tried again soon.
  return !isTechnicalTry(c, c.invoices.get(invoice.id));
}

/** The wallet cannot be charged any more: only the customer himself can mend that. */
function lostWallet({ c }: Told): Content | null {
  if (c.activeSource() !== null || c.subscription.status === 'canceled') return null;
  const [oldest] = c.openInvoices();
  if (!oldest) return null;
  return {
    invoice: oldest.id,
    invoice_number: oldest.number || undefined,
    period_start: instant(oldest.period_start),
    period_end: instant(oldest.period_end),
    amount: oldest.amount_due,
    ...deadline(c),
    ...paying(c),
  };
}

function deadline({ subscription: { dunning_ends_at: end }, policy }: BillingCase): Pick<Content, 'pay_by' | 'final_action'> {
  return end === null ? {} : { pay_by: instant(end), final_action: policy.final_action };
}

function ending({ event, c }: Told): Content | null {
  const { status } = (event.data.previous ?? {}) as { status?: string };
  // A sign-up that was never paid was nobody's subscription.
  if (status === 'incomplete') return null;
  const { canceled_at: at, ended_by: by } = c.subscription;
  const lost = c.invoices.all().filter((invoice) => invoice.status === 'uncollectible');
  return {
    date: instant(at),
    access_until: instant(access(c.subscription, 0).until),
    refunded: c.refunds.all().reduce((sum, { cause, amount }) => sum + (cause === 'cancel' ? amount : 0), 0) || undefined,
    // Who cancelled himself need not be told why.
    amount: by === 'dunning' ? lost.reduce((sum, invoice) => sum + invoice.amount_due, 0) || undefined : undefined,
  };
}

/** Told also where no wallet is left to be charged: he may sign anew before that day, and knows then what it will cost. */
function upcoming({ event, c }: Told): Content | null {
  const { amount, charge_at: at, period } = event.data.object as { amount: number; charge_at: Date; period: { start: Date; end: Date } };
  return {
    amount,
    date: instant(at),
    period_start: instant(period.start),
    period_end: instant(period.end),
    no_wallet: c.activeSource() === null || undefined,
  };
}

/** Days before a trial ends: a wallet that is held will be charged, else the customer is asked for one. */
function trialEnding({ c, switchedOff }: Told): Content | null {
  const s = c.subscription;
  // Who has paid in advance need not be told that he will pay.
  if (s.cancel_at_period_end || c.advanceInvoice()?.status === 'paid') return null;
  const held = s.source !== null;
  // The notice of the first charge has said it already, unless the merchant gives it himself.
  if (held && s.noticed_at !== null && !switchedOff.has('renewal_upcoming')) return null;
  return {
    date: instant(s.trial_end),
    amount: upcomingInvoice(c)?.total,
    payable: held ? undefined : true,
    no_wallet: (held && c.activeSource() === null) || undefined,
  };
}

/** A free trial is over: the first payment is asked for. Nothing else that is updated concerns the customer. */
function trialEnded({ event, c }: Told): Content | null {
  const { status } = (event.data.previous ?? {}) as { status?: string };
  const [owed] = c.openInvoices();
  if (status !== 'trialing' || !owed) return null;
  const s = c.subscription;
  return {
    invoice: owed.id,
    date: instant(s.trial_end),
    amount: owed.amount_due,
    pay_by: instant(s.expires_at),
    payable: true,
  };
}
