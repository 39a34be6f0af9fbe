import fc from 'fast-check';
import { ADVANCE_AMOUNTS, type AdvanceAmount } from '../advance.js';
import { type Charge, isCustomerPresent, isOpen } from '../charge.js';
import { openCheckout } from '../checkout.js';
import { Refusal } from '../errors.js';
import { cancel, pause, resume, uncancel } from '../lifecycle.js';
import type { PaymentFact } from '../observation.js';
import { type Fate, type GatewayBook, type Payment } from './gateway.book.js';
import { giveUp, payNow, voidOwed } from '../operator.js';
import { stateLaws } from './state.laws.js';
import type { Life } from './life.story.js';

export const WINDOWS = { settleSeconds: 1_800, idempotencyHours: 24 };
const HOUR_MS = 3_600_000;
const TERMS = { defaultCountry: 'CN' };

/** How the gateway, or the way to it, treats one request. */
const ANSWERS = [
  'accepted', 'captured', 'declined', 'revoked', 'technical', 'risk', 'ours', 'dark', 'refused', 'not_taken', 'lost', 'vanished', 'silence',
] as const;
type Answer = (typeof ANSWERS)[number];
const CODES: { readonly [A in Answer]?: string } = {
  declined: '20051', revoked: '200R1', technical: '20068', risk: '20059', ours: '20003', dark: '29999',
};

type Step = (book: GatewayBook, life: Life) => void;
export type LifeCommand = fc.Command<GatewayBook, Life>;

export function command(name: string, step: Step): LifeCommand {
  return {
    check: () => true,
    run: (book, life) => {
      step(book, life);
      stateLaws(life, book.told, book.firstBalance);
    },
    toString: () => name,
  };
}

export const pick = <T>(list: readonly T[], n: number): T | undefined => list[n % Math.max(1, list.length)];

/** Everything that a consumer, a customer or an accountant could tell apart. */
export const outcome = (life: Life): string =>
  JSON.stringify([
    life.charges.map(({ id, status, surplus, source }) => [id, status, surplus, source]),
    life.invoices.map(({ id, status, amount_paid, amount_due, attempt_count }) => [id, status, amount_paid, amount_due, attempt_count]),
    life.sources.map(({ id, status }) => [id, status]),
    life.subscription,
    life.refunds.map(({ id, status, amount }) => [id, status, amount]),
    life.postings.length,
    life.told.length,
  ]);

/** News about a payment, now or long past; hearing it again must change nothing. */
export function tell(book: GatewayBook, life: Life, payment: Payment, state: PaymentFact['status']): void {
  const fact = {
    payment_id: payment.id,
    source_id: payment.source,
    response_code: state === 'declined' ? payment.code : null,
  };
  if (state === 'captured') book.told.captures.set(payment.id, payment.amount);
  life.hear(life.charge(payment.charge), state, fact);
  const once = outcome(life);
  life.hear(life.charge(payment.charge), state, fact);
  if (outcome(life) !== once) throw new Error(`hearing ${payment.id} ${state} twice changed something`);
}

const latest = (payment: Payment): PaymentFact['status'] => payment.history.at(-1) ?? 'pending';

/** The request of a charge that has just been claimed goes out, and its answer comes back, or not. */
function send(book: GatewayBook, life: Life, charge: Charge, answer: Answer): void {
  const news = { charge: charge.id, request_id: null } as const;
  switch (answer) {
    case 'refused':
      // What was taken once is not refused under its key.
      if (!book.of(charge.id)) return life.observe({ ...news, kind: 'refused', codes: ['payment_invalid'] });
      break;
    case 'not_taken':
      return life.observe({ ...news, kind: 'not_taken', reason: 'rate_limited' });
    case 'vanished':
      return life.observe({ ...news, kind: 'unknown', reason: 'connection reset' });
    default:
  }
  const payment = book.take(charge, life.now, CODES[answer] ?? '20051');
  if (answer === 'captured') book.decide(payment, 'captured');
  if (answer in CODES) book.decide(payment, 'declined');
  if (answer === 'lost') return life.observe({ ...news, kind: 'unknown', reason: 'time-out' });
  if (answer !== 'silence') tell(book, life, payment, latest(payment));
}

/** Time passes and everything that falls due on the way is lived; nothing is sent. */
function pass(life: Life, until: Date): void {
  for (let steps = 0; ; steps += 1) {
    if (steps > 5_000) throw new Error('time stands still: something is due again and again');
    const due = life.subscription.due_at;
    if (due === null || due > until) break;
    if (due > life.now) life.now = due;
    life.live();
  }
  if (until > life.now) life.now = until;
}

/** A sender that never answered loses its lease. */
function endLeases(life: Life): void {
  for (const charge of life.charges.filter((c) => c.status === 'sending' && c.lease_until !== null && c.lease_until <= life.now)) {
    life.observe({ charge: charge.id, request_id: null, kind: 'unknown', reason: 'lease ended' });
  }
}

function lookUp(book: GatewayBook, life: Life, charge: Charge, hidden: boolean, answer: Answer): void {
  const payment = book.of(charge.id);
  const settling = charge.last_sent_at !== null && life.now.getTime() - charge.last_sent_at.getTime() < WINDOWS.settleSeconds * 1_000;
  // The gateway may take S to show a payment, not longer.
  if (payment && !(hidden && settling)) return tell(book, life, payment, latest(payment));
  life.observe({ charge: charge.id, request_id: null, kind: 'not_found', windows: WINDOWS });
  const after = life.charge(charge.id);
  if (after.status === 'absent' && payment) throw new Error(`${charge.id} is called absent, and the gateway holds it`);
  if (after.status === 'sending') send(book, life, after, answer);
}

/** Looks a charge up whenever the schedule says so, until it is unknown no more. */
function chase(book: GatewayBook, life: Life, id: string): void {
  for (let n = 0; n < 1_000; n += 1) {
    endLeases(life);
    const charge = life.charge(id);
    if (charge.status !== 'unknown') return;
    pass(life, new Date(Math.max(life.now.getTime(), charge.next_check_at?.getTime() ?? 0)));
    if (life.charge(id).status === 'unknown') lookUp(book, life, life.charge(id), false, 'vanished');
  }
  throw new Error(`${id} stays unknown for ever`);
}

/** An act of the customer or the merchant: done whole, or refused without a trace. */
export function ask(life: Life, act: (c: Parameters<Parameters<Life['decide']>[0]>[0]) => unknown): void {
  const before = outcome(life);
  try {
    life.decide(act);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (outcome(life) !== before) throw new Error(`a refusal (${error.code}) left its traces`, { cause: error });
  }
}

/** A redirect for the oldest invoice that is owed, or to change the wallet. */
function checkout(life: Life, amount: AdvanceAmount): void {
  ask(life, (c) => {
    openCheckout(c, c.subscription, amount, TERMS);
  });
}

/** Whatever is open comes to an end: the gateway decides, everything is told and looked for. */
export function settleDown(book: GatewayBook, life: Life): void {
  life.now = new Date(life.now.getTime() + HOUR_MS);
  endLeases(life);
  for (const payment of book.payments) {
    book.decide(payment, 'captured');
    tell(book, life, payment, latest(payment));
  }
  for (const charge of life.charges.filter((c) => c.status === 'unknown')) chase(book, life, charge.id);
  stateLaws(life, book.told, book.firstBalance);
  for (const payment of book.payments) {
    const booked = life.charges.filter((charge) => charge.gateway_payment_id === payment.id);
    if (booked.length !== 1 || booked[0]?.status !== 'captured') throw new Error(`${payment.id} took money that nobody knows of`);
  }
  const open = life.charges.filter((charge) => isOpen(charge.status) && charge.status !== 'created');
  if (open.length > 0) throw new Error(`${open[0]?.id} never ends`);
}

const n = fc.nat(1_000);
const answers = fc.constantFrom(...ANSWERS);

const dueCharges = (life: Life): Charge[] =>
  life.charges.filter((c) => c.status === 'created' && (c.next_check_at === null || c.next_check_at <= life.now));

/** The gateway's side: requests are answered, payments decided, news told in time, late, or again. */
const gatewaySide: fc.Arbitrary<LifeCommand>[] = [
  fc.tuple(n, answers).map(([i, answer]) =>
    command(`send ${i} ${answer}`, (book, life) => {
      const charge = pick(dueCharges(life), i);
      if (charge) send(book, life, life.send(charge), isCustomerPresent(charge.kind) && answer === 'captured' ? 'accepted' : answer);
    }),
  ),
  fc.tuple(n, fc.constantFrom<Fate>('captured', 'captured', 'declined', 'expired', 'canceled'), fc.boolean()).map(([i, fate, told]) =>
    command(`decide ${i} ${fate}${told ? ' and tell' : ''}`, (book, life) => {
      const payment = pick(book.payments, i);
      if (!payment) return;
      book.decide(payment, fate);
      if (told) tell(book, life, payment, latest(payment));
    }),
  ),
  fc.tuple(n, n).map(([i, j]) =>
    command(`tell ${i} ${j}`, (book, life) => {
      const payment = pick(book.payments, i);
      if (payment) tell(book, life, payment, pick(payment.history, j) ?? 'pending');
    }),
  ),
  fc.tuple(n, fc.boolean(), answers).map(([i, hidden, answer]) =>
    command(`look up ${i} ${hidden ? 'early ' : ''}${answer}`, (book, life) => {
      endLeases(life);
      const charge = pick(life.charges.filter((c) => c.status === 'pending' || c.status === 'unknown'), i);
      if (charge) lookUp(book, life, charge, hidden, answer);
    }),
  ),
  n.map((i) =>
    command(`look-up of ${i} fails`, (_, life) => {
      const charge = pick(life.charges, i);
      if (charge) life.observe({ charge: charge.id, request_id: null, kind: 'look_up_failed' });
    }),
  ),
  n.map((i) =>
    command(`chase ${i}`, (book, life) => {
      const charge = pick(life.charges.filter((c) => c.status === 'unknown' || c.status === 'sending'), i);
      if (charge) chase(book, life, charge.id);
    }),
  ),
];

/** A gateway that breaks its word, rarely: money must be booked right even then. */
const twin: fc.Arbitrary<LifeCommand> = n.map((i) =>
  command(`twin of ${i}`, (book, life) => {
    const charge = pick(life.charges.filter((c) => c.gateway_payment_id === `pay_${c.id}`), i);
    if (!charge || book.payments.some((payment) => payment.id === `pay_${charge.id}_twin`)) return;
    const payment = book.makeTwin(charge, life.now);
    book.decide(payment, 'captured');
    tell(book, life, payment, 'captured');
  }),
);

/** The people's side, and time. */
const peopleSide: fc.Arbitrary<LifeCommand>[] = [
  fc.constantFrom('now' as const, 'period_end' as const).map((at) => command(`cancel ${at}`, (_, life) => ask(life, (c) => cancel(c, { at, refund: 'none', reason: null })))),
  fc.constant(command('uncancel', (_, life) => ask(life, uncancel))),
  fc.option(fc.integer({ min: 1, max: 60 }), { nil: null }).map((days) =>
    command(`pause ${days ?? ''}`, (_, life) => {
      const until = days === null ? null : new Date(life.now.getTime() + days * 24 * HOUR_MS);
      ask(life, (c) => pause(c, until));
    }),
  ),
  fc.constantFrom('source' as const, 'checkout' as const).map((by) =>
    command(`resume by ${by}`, (_, life) => {
      if (by === 'source') life.agreed.push(life.now);
      ask(life, (c) => void resume(c, TERMS, by));
    }),
  ),
];

/** An operator's act on any of the invoices. */
const operatorSide: fc.Arbitrary<LifeCommand>[] = [
  fc.tuple(n, fc.constantFrom(payNow, payNow, voidOwed, giveUp)).map(([i, act]) =>
    command(`${act.name} ${i}`, (_, life) => {
      const invoice = pick(life.invoices, i);
      if (invoice) ask(life, (c) => act(c, c.invoices.get(invoice.id)));
    }),
  ),
];

/** Days in which everything that is due is sent at once, and answered in turn as said. */
function liveOn(book: GatewayBook, life: Life, days: number, turns: readonly Answer[]): void {
  const until = life.now.getTime() + days * 24 * HOUR_MS;
  for (let turn = 0; ; ) {
    for (const charge of dueCharges(life).filter((c) => !isCustomerPresent(c.kind))) {
      if (life.charge(charge.id).status !== 'created') continue;
      send(book, life, life.send(charge), turns[(turn += 1) % turns.length] ?? 'captured');
      endLeases(life);
    }
    const due = life.subscription.due_at?.getTime() ?? until;
    pass(life, new Date(Math.min(until, Math.max(due, life.now.getTime()))));
    if (life.now.getTime() >= until) return;
  }
}

const time: fc.Arbitrary<LifeCommand>[] = [
  fc.tuple(fc.integer({ min: 1, max: 40 }), fc.array(answers, { minLength: 1, maxLength: 3 })).map(([days, turns]) =>
    command(`live ${days} days ${turns.join()}`, (book, life) => liveOn(book, life, days, turns)),
  ),
  fc.constantFrom(5, 20).map((days) => command(`live ${days} days declined`, (book, life) => liveOn(book, life, days, ['declined']))),

  fc.constantFrom(0.1, 0.3, 1, 12, 24, 72, 168, 744).map((hours) =>
    command(`wait ${hours} h`, (_, life) => {
      pass(life, new Date(life.now.getTime() + hours * HOUR_MS));
      endLeases(life);
    }),
  ),
  fc.constantFrom(1, 3, 20).map((days) =>
    command(`nobody is there for ${days} days`, (_, life) => {
      life.now = new Date(life.now.getTime() + days * 24 * HOUR_MS);
      pass(life, life.now);
      endLeases(life);
    }),
  ),
  fc.constantFrom(...ADVANCE_AMOUNTS).map((amount) => command(`checkout ${amount}`, (_, life) => checkout(life, amount))),
];

export const lifeSides = { gatewaySide, peopleSide, operatorSide, time, twin };
