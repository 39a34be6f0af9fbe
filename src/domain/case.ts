import type { BookedPosting, CasePorts, CaseRecords, NewRefund, Purse, WalletPort } from './case.records.js';
import type { Charge, ChargeKind, ChargeTrigger } from './charge.js';
import { isCustomerPresent, isOpen } from './charge.js';
import type { Customer } from './customer.js';
import type { DunningPolicy } from './dunning.js';
import type { EventDraft, EventType } from './events.js';
import type { Invoice, UpcomingInvoice } from './invoice.js';
import type { Posting } from './ledger.js';
import { noticeLead, noticeOf } from './notice.js';
import type { Plan, PlanVersion } from './plan.js';
import type { Refund } from './refund.js';
import { Shelf } from './shelf.js';
import type { Source } from './source.js';
import { dueAt, type CheckoutTerms, type Notice, type Subscription } from './subscription.js';
import { chargeView, invoiceView, refundView, sourceView, subscriptionView } from './views.js';

/**
 * Everything about one subscription that a decision may look at, and everything that it decides.
 * Decisions read and patch the case; nothing leaves it until it is saved, whole, in one transaction.
 */
export class BillingCase {
  subscription: Subscription;
  readonly plan: Plan;
  readonly version: PlanVersion;
  readonly policy: DunningPolicy;
  readonly customer: Customer;
  readonly invoices: Shelf<Invoice>;
  readonly charges: Shelf<Charge>;
  readonly refunds: Shelf<Refund>;
  readonly sources: Shelf<Source>;
  readonly events: EventDraft[] = [];
  readonly postings: BookedPosting[] = [];
  private readonly purse: Purse;
  /** The fields of the subscription that were patched. */
  readonly changed = new Set<string>();
  balanceChange = 0;
  /** What was decided and a human must hear of, by the charge that it is about. */
  readonly alerts: { charge: string; message: string }[] = [];

  constructor(
    records: CaseRecords,
    /** Now on the customer's clock: what he lives. */
    readonly now: Date,
    /** Now on the engine's clock: sends, look-ups, leases. */
    readonly engineNow: Date,
    private readonly ports: CasePorts,
    readonly isNew = false,
  ) {
    this.subscription = records.subscription;
    this.plan = records.plan;
    this.version = records.version;
    this.policy = records.policy;
    this.customer = records.customer;
    this.invoices = new Shelf(records.invoices);
    this.charges = new Shelf(records.charges);
    this.refunds = new Shelf(records.refunds);
    this.sources = new Shelf(records.sources);
    this.purse = records.balance;
  }

  patch(patch: Partial<Subscription>): void {
    const before = this.subscription;
    const merged = { ...before, ...patch, updated_at: this.now };
    const notice = noticeOf(merged, this.noticeLead(merged), this.now, before);
    const planned = { ...merged, ...notice };
    this.subscription = { ...planned, due_at: dueAt(planned) };
    for (const field of Object.keys(patch)) this.changed.add(field);
    for (const field of Object.keys(notice) as (keyof Notice)[]) if (notice[field] !== before[field]) this.changed.add(field);
    this.changed.add('updated_at').add('due_at');
  }

  /** How long (ms) before its charge the next renewal of the subscription as given must be told; 0 for not at all. */
  noticeLead(s: Subscription): number {
    return noticeLead(this.plan, this.version, this.customer.country ?? this.ports.defaultCountry, s);
  }

  patchInvoice(id: string, patch: Partial<Invoice>): Invoice {
    return this.invoices.patch(id, { ...patch, updated_at: this.now });
  }

  patchCharge(id: string, patch: Partial<Charge>): Charge {
    return this.charges.patch(id, { ...patch, updated_at: this.now });
  }

  patchRefund(id: string, patch: Partial<Refund>): Refund {
    return this.refunds.patch(id, { ...patch, updated_at: this.now });
  }

  get surplusPolicy(): CasePorts['surplusPolicy'] {
    return this.ports.surplusPolicy;
  }

  get wallets(): WalletPort {
    return this.ports.wallets;
  }

  newId(prefix: 'inv' | 'chg' | 'psrc'): string {
    return this.ports.newId(prefix);
  }

  /**
   * Creates a charge for what the invoice still owes; numbers run over all charges of the period.
   * Throws where it could be collected twice: every flow has to ask before it comes here.
   */
  addCharge(
    kind: ChargeKind,
    invoice: Invoice,
    source: Source | null,
    terms: CheckoutTerms | null,
    sendAt: Date,
    trigger: ChargeTrigger = isCustomerPresent(kind) ? 'customer' : 'schedule',
  ): Charge {
    const { status, charge_from } = this.invoices.get(invoice.id);
    if (status !== 'open') throw new Error(`Invoice ${invoice.id} is ${status}: nothing may be charged for it`);
    if (this.isBeingCharged(invoice)) {
      throw new Error(`Invoice ${invoice.id} is being charged already`);
    }
    if (!isCustomerPresent(kind) && charge_from !== null && charge_from > this.now) {
      throw new Error(`Invoice ${invoice.id} may not be charged before ${charge_from.toISOString()}: its notice is too young`);
    }
    const attempts = this.charges.all().filter((c) => c.period_no === invoice.period_no).map((c) => c.attempt);
    const step = this.subscription.dunning_step;
    const charge = this.ports.mint({
      kind,
      trigger,
      dunning_step: kind === 'retry' && trigger === 'schedule' && step !== null ? step + 1 : null,
      subscription: this.subscription,
      invoice,
      attempt: Math.max(0, ...attempts) + 1,
      source,
      terms,
      sendAt,
      now: this.now,
    });
    this.charges.add(charge);
    this.tell('charge.created', chargeView(charge));
    return charge;
  }

  /** A charge for a payment that the gateway made of the same request a second time. */
  adoptCharge(first: Charge): Charge {
    const twins = this.charges.all().filter((c) => c.reference.startsWith(`${first.reference}-`)).length;
    const attempts = this.charges.all().filter((c) => c.period_no === first.period_no).map((c) => c.attempt);
    return this.charges.add({
      ...first,
      id: this.newId('chg'),
      status: 'created',
      attempt: Math.max(...attempts) + 1,
      reference: `${first.reference}-${twins + 2}`,
      idempotency_key: `${first.idempotency_key}-${twins + 2}`,
      gateway_payment_id: null,
      redirect_url: null,
      surplus: false,
      amount_refunded: 0,
      amount_credited: 0,
      refund_count: 0,
      sends: 0,
      first_sent_at: null,
      last_sent_at: null,
      next_check_at: null,
      lease_until: null,
      settled_at: null,
      verified_at: null,
      created_at: this.now,
      updated_at: this.now,
    });
  }

  /** A charge that a life made which this database has forgotten: the gateway holds its payment, and nothing of it is sent. */
  recallCharge(invoice: Invoice, attempt: number): Charge {
    const asked = { ...invoice, amount_due: (invoice.total - invoice.balance_applied) as Invoice['amount_due'] };
    const recalled = this.ports.mint({
      kind: attempt === 1 ? 'recurring' : 'retry',
      trigger: 'schedule',
      dunning_step: null,
      subscription: this.subscription,
      invoice: asked,
      attempt,
      source: this.sources.find(this.subscription.source),
      terms: null,
      sendAt: this.engineNow,
      now: this.now,
    });
    this.charges.add(recalled);
    this.tell('charge.created', chargeView(recalled));
    return recalled;
  }

  /** A refund of a charge; numbers count up over all that we asked for, also those a lost life asked for. */
  addRefund(charge: Charge, wanted: NewRefund): Refund {
    const numbers = this.refundsOf(charge.id).map((refund) => refund.number ?? 0);
    const number = wanted.found ? wanted.found.number : Math.max(0, ...numbers) + 1;
    const { amount, cause, reason, sendAt } = wanted;
    const draft = { charge, amount, cause, reason, sendAt, number, name: wanted.found?.name ?? null, now: this.now };
    const refund = this.refunds.add(this.ports.mintRefund(draft));
    this.patchCharge(charge.id, { refund_count: this.charges.get(charge.id).refund_count + 1 });
    return refund;
  }

  tell(type: EventType, object: object, previous?: object): void {
    this.events.push({
      type,
      subject: this.subscription.id,
      at: this.now,
      data: previous ? { object, previous } : { object },
    });
  }

  /** Tells a change of the subscription; `previous` holds the status it had. */
  tellSubscription(type: EventType, previous?: object): void {
    this.tell(type, subscriptionView(this.subscription), previous);
  }

  /** The customer's notice: his subscription, with what a renewal will charge, when, and for which period. */
  tellRenewal({ amount_due: amount, charge_at, period }: Pick<UpcomingInvoice, 'amount_due' | 'charge_at' | 'period'>): void {
    this.tell('subscription.renewal_upcoming', { ...subscriptionView(this.subscription), amount, charge_at, period });
  }

  tellInvoice(type: EventType, invoice: Invoice): void {
    this.tell(type, invoiceView(invoice));
  }

  tellCharge(type: EventType, charge: Charge): void {
    this.tell(type, chargeView(charge));
  }

  tellRefund(type: EventType, refund: Refund): void {
    this.tell(type, refundView(refund));
  }

  tellSource(type: EventType, source: Source): void {
    this.tell(type, sourceView(source));
  }

  alert(charge: string, message: string): void {
    this.alerts.push({ charge, message });
  }

  post(postings: readonly Posting[]): void {
    for (const posting of postings) {
      this.postings.push({
        ...posting,
        customer: this.subscription.customer,
        subscription: this.subscription.id,
        at: this.now,
      });
    }
  }

  changeBalance(by: number): void {
    this.purse.amount += by;
    this.balanceChange += by;
  }

  get balance(): number {
    return this.purse.amount;
  }

  activeSource(): Source | null {
    const source = this.sources.find(this.subscription.source);
    return source?.status === 'active' ? source : null;
  }

  /** What was asked for before it is owed: open, paid or void; null where there is none. */
  advanceInvoice(): Invoice | null {
    return this.invoices.find(this.subscription.advance_invoice);
  }

  /** Invoices still owed, oldest period first. */
  openInvoices(): Invoice[] {
    return this.invoices
      .all()
      .filter((i) => i.status === 'open' && i.id !== this.subscription.advance_invoice)
      .sort((a, b) => a.period_no - b.period_no);
  }

  chargesOf(invoice: string): Charge[] {
    return this.charges.all().filter((c) => c.invoice === invoice);
  }

  refundsOf(charge: string): Refund[] {
    return this.refunds.all().filter((refund) => refund.charge === charge);
  }

  /** Merchant-initiated charges in which money may still move. */
  liveCharges(): Charge[] {
    return this.charges.all().filter((c) => !isCustomerPresent(c.kind) && isOpen(c.status));
  }

  /** Whether a charge of the stored wallet is in flight for it: then its outcome decides what comes next. */
  isBeingCharged(invoice: Invoice, kind?: ChargeKind): boolean {
    return this.liveCharges().some((charge) => charge.invoice === invoice.id && (kind === undefined || charge.kind === kind));
  }
}
