import { addDays, addDuration } from '../calendar.js';
import { BillingCase } from '../case.js';
import type { BookedPosting, CaseRecords } from '../case.records.js';
import { type Charge, claimed, isCustomerPresent } from '../charge.js';
import type { EventDraft, EventType } from '../events.js';
import type { Invoice } from '../invoice.js';
import { issueFirstInvoice } from '../invoicing.js';
import { live } from '../renewal.js';
import { Mismatch, type Observation, type PaymentFact } from '../observation.js';
import { settle } from '../settlement.js';
import type { Plan, PlanVersion } from '../plan.js';
import type { Refund } from '../refund.js';
import type { Source } from '../source.js';
import { dueAt, SIGN_UP_HOURS, type Subscription } from '../subscription.js';
import { aCustomer, aPlan, aSubscription, factOf, mintCharge, mintRefund, openWallets, START, type Terms } from './case.builder.js';
import { decisionLaws, hold } from './decision.laws.js';
import { refuseBooking, refuseWhatSqlRefuses } from './sql.refusals.js';

const BILLING = { defaultCountry: 'CN' };
const HOUR_MS = 3_600_000;
/** More than falls due in any life that is told here. */
const MOST_STEPS = 1_000;
/** When a monthly subscription sold at START renews for the first time. */
export const RENEWAL = new Date('2026-02-28T04:00:00Z');

/** How the gateway answers a charge of the stored wallet; null leaves it pending. */
export type Gateway = (charge: Charge) => { status: PaymentFact['status']; code?: string } | null;
export const captures: Gateway = () => ({ status: 'captured' });
export const staysPending: Gateway = () => null;
export const declines =
  (code = '20051'): Gateway =>
  () => ({ status: 'declined', code });

/**
 * One subscription's life with the rules alone: no database, no HTTP. What SQL would refuse, `decide`
 * refuses too, so that a story that runs through keeps the promises of the books.
 */
export class Life {
  now: Date;
  surplusPolicy: 'refund' | 'credit' = 'refund';
  /** Shown every case as it is kept. */
  onKept: (c: BillingCase) => void = () => undefined;
  readonly told: EventDraft[] = [];
  /** When the customer agreed to be charged at once. */
  readonly agreed: Date[] = [];
  readonly postings: BookedPosting[] = [];
  private records: CaseRecords;
  private ids = 0;
  private heard = 0;

  private constructor(terms: Terms, subscription: Subscription) {
    this.now = terms.startsAt ?? START;
    const customer = aCustomer(this.now);
    this.records = { ...aPlan(terms), subscription, customer, invoices: [], charges: [], refunds: [], sources: [], balance: { amount: terms.balance ?? 0 } };
  }

  /** A sign-up: its redirect is asked for and lies open, or its free trial runs. */
  static signUp(terms: Terms = {}): Life {
    const at = terms.startsAt ?? START;
    const { version } = aPlan(terms);
    const zone = terms.timeZone ?? 'Asia/Shanghai';
    const free = version.trial_days > 0 && version.trial_amount === 0;
    const trialEnd = free ? addDays(at, version.trial_days, zone) : null;
    const subscription = aSubscription({
      status: free ? 'trialing' : 'incomplete',
      quantity: terms.quantity ?? 1,
      trial_days: version.trial_days,
      trial_amount: version.trial_amount,
      time_zone: zone,
      billing_anchor: trialEnd,
      period_start: free ? at : null,
      period_end: trialEnd,
      trial_end: trialEnd,
      expires_at: free ? null : addDuration(at, `${SIGN_UP_HOURS}h`),
      created_at: at,
      updated_at: at,
      ...terms.subscription,
    });
    const life = new Life(terms, { ...subscription, due_at: dueAt(subscription) });
    if (free) return life;
    life.decide((c) => c.addCharge('initial', issueFirstInvoice(c, BILLING), null, subscription, c.engineNow));
    life.openRedirect();
    return life;
  }

  /** A subscription whose first payment was captured at once. */
  static active(terms: Terms = {}): Life {
    const life = Life.signUp(terms);
    life.pay();
    life.news();
    return life;
  }

  /** A monthly subscription whose second period has begun: its charge is sent and not answered yet. */
  static renewing(): Life {
    const life = Life.active();
    life.now = RENEWAL;
    life.live();
    life.send(life.latest);
    life.news();
    return life;
  }

  get subscription(): Subscription {
    return this.records.subscription;
  }

  get plan(): Plan {
    return this.records.plan;
  }

  get version(): PlanVersion {
    return this.records.version;
  }

  get invoices(): Invoice[] {
    return this.records.invoices.toSorted((a, b) => a.period_no - b.period_no);
  }

  get charges(): Charge[] {
    return this.records.charges;
  }

  get refunds(): Refund[] {
    return this.records.refunds;
  }

  /** What the customer has in his favour, in minor units. */
  get balance(): number {
    return this.records.balance.amount;
  }

  get sources(): Source[] {
    return this.records.sources;
  }

  get wallet(): Source | undefined {
    return this.sources.find((source) => source.id === this.subscription.source);
  }

  /** The charge made last. */
  get latest(): Charge {
    const charge = this.charges.at(-1);
    if (!charge) throw new Error('nothing has been charged yet');
    return charge;
  }

  charge(id: string): Charge {
    const charge = this.charges.find((c) => c.id === id);
    if (!charge) throw new Error(`there is no charge ${id}`);
    return charge;
  }

  invoice(periodNo: number): Invoice {
    const invoice = this.invoices.find((i) => i.period_no === periodNo && i.status !== 'void');
    if (!invoice) throw new Error(`period ${periodNo} has no invoice`);
    return invoice;
  }

  /** Everything told since the last time it was asked for. */
  news(): EventType[] {
    const news = this.told.slice(this.heard).map((event) => event.type);
    this.heard = this.told.length;
    return news;
  }

  /** One transaction: decide on the case as it stands, and keep what was decided, or nothing. */
  decide<T>(work: (c: BillingCase) => T): T {
    const ports = {
      newId: (prefix: string) => `${prefix}_${(this.ids += 1)}`,
      mint: mintCharge,
      mintRefund,
      wallets: openWallets,
      defaultCountry: 'CN',
      surplusPolicy: this.surplusPolicy,
    };
    // A purse is shared and changed in place: what is refused must leave it as it was.
    const records = { ...this.records, balance: { amount: this.balance } };
    const c = new BillingCase(records, this.now, this.now, ports);
    const result = work(c);
    this.keep(c);
    return result;
  }

  /** Claims a charge and sends it, as the sender does. */
  send(charge: Charge): Charge {
    this.decide((c) => c.patchCharge(charge.id, claimed(c.charges.get(charge.id), c.engineNow)));
    return this.charge(charge.id);
  }

  /** As at the settlement door: news that does not fit is thrown back, and what it has changed by then is kept. */
  observe(observation: Observation): void {
    const misfit = this.decide((c) => {
      try {
        return settle(c, observation);
      } catch (error) {
        if (error instanceof Mismatch) return error;
        throw error;
      }
    });
    if (misfit) throw misfit;
  }

  /** News about a charge's payment, through whatever door. */
  hear(charge: Charge, status: PaymentFact['status'], changes: Partial<PaymentFact> = {}): void {
    const fact = factOf(charge, status, changes);
    this.observe({ charge: charge.id, request_id: null, kind: 'fact', fact });
  }

  /** Its answer was lost, and it is looked for in vain, every half hour from a day and two hours on. */
  proveAbsent(charge: Charge): void {
    const news = { charge: charge.id, request_id: null } as const;
    if (this.charge(charge.id).status !== 'unknown') this.observe({ ...news, kind: 'unknown', reason: 'time-out' });
    for (let n = 0; n < 60 && this.charge(charge.id).status !== 'absent'; n += 1) {
      this.now = new Date(this.now.getTime() + (n === 0 ? 26 : 0.5) * HOUR_MS);
      this.observe({ ...news, kind: 'not_found', windows: { settleSeconds: 1_800, idempotencyHours: 24 } });
    }
  }

  /** The redirect made last is sent; the gateway answers with its link and the wallet's id. */
  openRedirect(wallet = `src_${this.latest.id}`): Charge {
    const charge = this.send(this.latest);
    this.hear(charge, 'pending', { source_id: wallet, redirect_url: 'https://wallet.example/pay' });
    return this.charge(charge.id);
  }

  /** The customer pays the redirect made last. */
  pay(): void {
    this.hear(this.latest, 'captured', { source_id: `src_${this.latest.id}` });
  }

  /** Lives through everything that falls due up to `until`; charges are sent at once and answered so. */
  passTo(until: Date, gateway: Gateway = captures): void {
    for (let steps = 0; ; steps += 1) {
      hold(steps < MOST_STEPS, 'something stays due, whatever is done about it');
      this.sendDue(gateway);
      const due = this.subscription.due_at;
      if (due === null || due > until) break;
      if (due > this.now) this.now = due;
      this.decide((c) => live(c, BILLING));
    }
    if (until > this.now) this.now = until;
  }

  passDays(days: number, gateway: Gateway = captures): void {
    this.passTo(addDays(this.now, days, 'UTC'), gateway);
  }

  passHours(hours: number, gateway: Gateway = captures): void {
    this.passTo(new Date(this.now.getTime() + hours * HOUR_MS), gateway);
  }

  /** Does the first thing that is due now, and sends nothing. */
  live(): void {
    this.decide((c) => live(c, BILLING));
  }

  private sendDue(gateway: Gateway): void {
    for (const charge of this.charges.filter((c) => c.status === 'created' && !isCustomerPresent(c.kind))) {
      if (this.charge(charge.id).status !== 'created') continue;
      this.send(charge);
      const answer = gateway(charge);
      this.hear(charge, answer?.status ?? 'pending', { response_code: answer?.code ?? null });
    }
  }

  /** Another subscription of the same customer uses up some of his balance. */
  spendBalance(amount: number): void {
    this.records = { ...this.records, balance: { amount: this.balance - amount } };
  }

  /** The subscription is moved to another price (minor units). */
  reprice(amount: number): void {
    this.records = { ...this.records, version: { ...this.version, amount } };
  }

  /** The merchant changes the rules of the plan. */
  changePlan(changes: Partial<Plan>): void {
    this.records = { ...this.records, plan: { ...this.plan, ...changes } };
  }

  /** The same life up to now, to be lived on in another way. */
  fork(): Life {
    return Object.assign(Object.create(Life.prototype) as Life, this, { told: [...this.told], agreed: [...this.agreed], postings: [...this.postings] });
  }

  /** The same life with its rows the other way round: a database promises no order. */
  reversed(): Life {
    const life = this.fork();
    const { invoices, charges } = this.records;
    life.records = { ...this.records, invoices: invoices.toReversed(), charges: charges.toReversed() };
    return life;
  }

  private keep(c: BillingCase): void {
    const before = this.records;
    this.records = {
      ...this.records,
      subscription: c.subscription,
      invoices: c.invoices.all(),
      charges: c.charges.all(),
      refunds: c.refunds.all(),
      sources: c.sources.all(),
      balance: { amount: c.balance },
    };
    for (const posting of c.postings) {
      refuseBooking(this.postings, posting);
      this.postings.push(posting);
    }
    this.told.push(...c.events);
    this.onKept(c);
    refuseWhatSqlRefuses(this.records);
    decisionLaws({ before, after: this.records, decided: c });
  }
}
