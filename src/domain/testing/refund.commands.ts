import fc from 'fast-check';
import { cancel } from '../lifecycle.js';
import type { RefundFact } from '../observation.js';
import { claimedRefund, type Refund } from '../refund.js';
import { requestRefund } from '../refunding.js';
import type { GatewayBook, GivenBack } from './gateway.book.js';
import { ask, command, type LifeCommand, lifeSides, outcome, pick, WINDOWS } from './life.commands.js';
import type { Life } from './life.story.js';

const ANSWERS = ['accepted', 'succeeded', 'declined', 'refused', 'not_taken', 'lost', 'vanished'] as const;
type Answer = (typeof ANSWERS)[number];

const about = (refund: Refund) => ({ charge: refund.charge, refund: refund.id, request_id: null });

/** News of a refund, of itself or with those of its payment; hearing it again must change nothing. */
function tellRefund(book: GatewayBook, life: Life, taken: GivenBack, withPayment: boolean): void {
  const refund = life.refunds.find(({ id }) => id === taken.refund);
  if (!refund) throw new Error(`the engine has lost ${taken.refund}`);
  if (taken.status === 'succeeded') book.told.refunds.set(taken.id, { charge: taken.charge, amount: taken.amount });
  const fact: RefundFact = {
    action_id: taken.id, kind: 'refund', status: taken.status, amount: taken.amount, reference: taken.reference,
    response_code: null, response_summary: null,
  };
  const hear = (): void => {
    if (withPayment) life.hear(life.charge(taken.charge), 'captured', { payment_id: taken.payment, refunds: [fact] });
    else life.observe({ ...about(refund), kind: 'refund_fact', fact });
  };
  hear();
  const once = outcome(life);
  hear();
  if (outcome(life) !== once) throw new Error(`hearing ${taken.id} ${taken.status} twice changed something`);
}

function send(book: GatewayBook, life: Life, refund: Refund, answer: Answer): void {
  const silence = (kind: 'unknown' | 'not_taken'): void => life.observe({ ...about(refund), kind, reason: answer });
  if (answer === 'vanished') return silence('unknown');
  if (answer === 'not_taken') return silence('not_taken');
  const known = book.refunds.some((taken) => taken.refund === refund.id);
  if (answer === 'refused' && !known) return life.observe({ ...about(refund), kind: 'refused', codes: ['refund_invalid'] });
  const taken = book.takeRefund(refund, life.now);
  if (taken.status === 'pending' && (answer === 'succeeded' || answer === 'declined')) taken.status = answer;
  if (answer === 'lost') return silence('unknown');
  tellRefund(book, life, taken, false);
}

function claim(life: Life, refund: Refund): Refund {
  return life.decide((c) => c.patchRefund(refund.id, claimedRefund(c.refunds.get(refund.id), c.engineNow)));
}

/** What is looked up is told, or was never there; what may be sent again is. */
function lookUp(book: GatewayBook, life: Life, refund: Refund, answer: Answer): void {
  const taken = book.refunds.find((known) => known.refund === refund.id);
  if (taken) return tellRefund(book, life, taken, true);
  life.observe({ ...about(refund), kind: 'not_found', windows: WINDOWS });
  const after = life.refunds.find(({ id }) => id === refund.id);
  if (after?.status === 'sending') send(book, life, after, answer);
}

/** Every refund that is still open comes to its end. */
export function settleRefunds(book: GatewayBook, life: Life): void {
  for (const refund of life.refunds.filter(({ status }) => status === 'sending')) {
    life.observe({ ...about(refund), kind: 'unknown', reason: 'lease ended' });
  }
  for (let n = 0; n < 3_000; n += 1) {
    const open = life.refunds.find(({ status }) => status === 'created' || status === 'pending' || status === 'unknown');
    if (!open) return;
    if (open.next_check_at !== null && open.next_check_at > life.now) life.now = open.next_check_at;
    const taken = book.refunds.find((known) => known.refund === open.id);
    if (taken?.status === 'pending') taken.status = 'succeeded';
    if (open.status === 'created') send(book, life, claim(life, open), 'succeeded');
    else lookUp(book, life, open, 'vanished');
  }
  throw new Error('a refund never ends');
}

const n = fc.nat(1_000);
const answers = fc.constantFrom(...ANSWERS);

const refunds: fc.Arbitrary<LifeCommand>[] = [
  fc.tuple(n, fc.option(fc.integer({ min: 1, max: 2_500 }), { nil: null })).map(([i, amount]) =>
    command(`refund ${amount ?? 'all'} of ${i}`, (_, life) => {
      const charge = pick(life.charges, i);
      if (charge) ask(life, (c) => void requestRefund(c, c.charges.get(charge.id), amount, null));
    }),
  ),
  fc.tuple(n, answers).map(([i, answer]) =>
    command(`send refund ${i} ${answer}`, (book, life) => {
      const due = life.refunds.filter((r) => r.status === 'created' && r.next_check_at !== null && r.next_check_at <= life.now);
      const refund = pick(due, i);
      if (refund) send(book, life, claim(life, refund), answer);
    }),
  ),
  fc.tuple(n, fc.constantFrom('pending', 'succeeded', 'declined'), fc.boolean()).map(([i, status, withPayment]) =>
    command(`refund ${i} is ${status}`, (book, life) => {
      const taken = pick(book.refunds, i);
      if (!taken) return;
      if (taken.status === 'pending') taken.status = status;
      tellRefund(book, life, taken, withPayment);
    }),
  ),
  fc.tuple(n, answers).map(([i, answer]) =>
    command(`look refund ${i} up`, (book, life) => {
      const refund = pick(life.refunds.filter(({ status }) => status === 'pending' || status === 'unknown'), i);
      if (refund) lookUp(book, life, refund, answer);
    }),
  ),
];

const cancelAndRefund = fc.constant(
  command('cancel now and refund', (_, life) => ask(life, (c) => cancel(c, { at: 'now', refund: 'full', reason: null }))),
);

const { gatewaySide, peopleSide, operatorSide, time, twin } = lifeSides;

/** Weighted by repetition: most of life is requests, news and time. */
export const lifeCommands = (most: number): fc.Arbitrary<Iterable<LifeCommand>> =>
  fc.commands<GatewayBook, Life>(
    [...gatewaySide, ...gatewaySide, ...gatewaySide.slice(0, 2), ...time, ...time, ...time, ...peopleSide, ...operatorSide, ...refunds, twin, cancelAndRefund],
    { maxCommands: most, size: 'max' },
  );
