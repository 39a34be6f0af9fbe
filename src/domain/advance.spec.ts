import { describe, expect, it } from 'vitest';
import type { AdvanceAmount } from './advance.js';
import type { Charge } from './charge.js';
import { openCheckout } from './checkout.js';
import { cancel, pause, resume } from './lifecycle.js';
import { giveUp, payNow, voidOwed } from './operator.js';
import { access } from './subscription.js';
import { captures, Life, RENEWAL, staysPending } from './testing/life.story.js';
import { START } from './testing/case.builder.js';
import { refusal } from './testing/refusal.js';
import { subscriptionView } from './views.js';

const TERMS = { defaultCountry: 'CN' };
const FOLLOWING = new Date('2026-03-31T04:00:00Z');
const before = (instant: Date, minutes: number): Date => new Date(instant.getTime() - minutes * 60_000);

const ask = (life: Life, amount: AdvanceAmount = 'next_renewal'): Charge => life.decide((c) => openCheckout(c, c.subscription, amount, TERMS));

/** Opens the redirect and, if it is to be paid, pays it. */
function change(life: Life, amount: AdvanceAmount = 'next_renewal', outcome: 'captured' | 'declined' | 'expired' | 'canceled' | null = 'captured'): Charge {
  ask(life, amount);
  const redirect = life.openRedirect();
  if (outcome) life.hear(redirect, outcome, { source_id: `src_${redirect.id}` });
  return life.charge(redirect.id);
}

/** Its period begins while the redirect for it waits to be sent, and one that follows is charged and fails. */
function overtaken(): { life: Life; later: Charge } {
  const life = Life.active({ version: { interval: 'day', amount: 1000 } });
  ask(life);
  life.passDays(2, staysPending);
  const later = life.latest;
  expect(later).toMatchObject({ kind: 'recurring', period_no: 3, status: 'pending' });
  return { life, later };
}

const nextRenewalCharge = (life: Life): Date | null => subscriptionView(life.subscription).next_charge_at;
const ofPeriod = (life: Life, no: number) => life.charges.filter((charge) => charge.period_no === no).map(({ kind, status, attempt }) => [attempt, kind, status]);

describe('the next renewal paid in advance', () => {
  it('brings the new wallet at once, and is not charged again at its boundary', () => {
    const life = Life.active();
    life.passDays(3);
    const first = life.wallet;
    const redirect = change(life);
    expect(life.news()).toEqual([
      'invoice.finalized', 'charge.created', 'charge.pending', 'charge.captured', 'source.captured', 'source.superseded',
      'invoice.paid', 'subscription.renewed',
    ]);
    expect(life.wallet).toMatchObject({ status: 'active', gateway_source_id: `src_${redirect.id}` });
    expect(life.sources.find(({ id }) => id === first?.id)?.status).toBe('superseded');
    expect(life.invoice(2)).toMatchObject({ status: 'paid', total: 3900, period_start: RENEWAL, period_end: FOLLOWING });
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 1, period_end: RENEWAL, paid_through: FOLLOWING });
    life.passTo(RENEWAL);
    expect(life.news(), 'the period simply begins').toEqual([]);
    expect(life.subscription).toMatchObject({ period_no: 2, period_start: RENEWAL, period_end: FOLLOWING, advance_invoice: null });
    life.passTo(FOLLOWING);
    expect(ofPeriod(life, 2)).toEqual([[1, 'checkout', 'captured']]);
    expect(ofPeriod(life, 3)).toEqual([[1, 'recurring', 'captured']]);
  });

  it('shows until when it is served and when it is charged next', () => {
    const life = Life.active();
    expect([access(life.subscription, 0), nextRenewalCharge(life)]).toEqual([{ until: RENEWAL, reason: 'paid' }, RENEWAL]);
    change(life);
    expect([access(life.subscription, 0), nextRenewalCharge(life)]).toEqual([{ until: FOLLOWING, reason: 'paid' }, FOLLOWING]);
  });

  it.each(['declined', 'expired', 'canceled'] as const)('leaves nothing behind when its redirect is %s: the invoice is void, the wallet stays, the renewal is charged', (outcome) => {
    const life = Life.active();
    const wallet = life.wallet?.id;
    change(life, 'next_renewal', outcome);
    expect(life.invoices.at(-1)).toMatchObject({ period_no: 2, status: 'void', void_reason: 'checkout_ended', amount_due: 0 });
    expect(life.news().slice(-2)).toEqual(['invoice.payment_failed', 'invoice.voided']);
    expect(life.wallet).toMatchObject({ id: wallet, status: 'active' });
    life.passTo(RENEWAL);
    expect(ofPeriod(life, 2), 'as a payment of its own').toEqual([[1, 'checkout', outcome], [2, 'recurring', 'captured']]);
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 2, advance_invoice: null });
  });

  it('leaves nothing behind when it is proven that its redirect never existed', () => {
    const life = Life.active({ version: { interval: 'year' } });
    ask(life);
    const redirect = life.send(life.latest);
    life.observe({ charge: redirect.id, request_id: null, kind: 'unknown', reason: 'time-out' });
    for (let n = 0; n < 60 && life.charge(redirect.id).status !== 'absent'; n += 1) {
      life.now = new Date(life.now.getTime() + (n === 0 ? 26 * 60 : 30) * 60_000);
      life.observe({ charge: redirect.id, request_id: null, kind: 'not_found', windows: { settleSeconds: 1_800, idempotencyHours: 24 } });
    }
    expect(life.charge(redirect.id).status).toBe('absent');
    expect(life.invoices.at(-1)).toMatchObject({ status: 'void', void_reason: 'checkout_ended' });
  });

  it('can be asked for again after it failed, and pays then', () => {
    const life = Life.active();
    change(life, 'next_renewal', 'declined');
    change(life);
    life.passTo(FOLLOWING);
    expect(ofPeriod(life, 2)).toEqual([[1, 'checkout', 'declined'], [2, 'checkout', 'captured']]);
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 3 });
  });

  it('is given back when its money comes after it was voided', () => {
    const life = Life.active();
    const redirect = change(life, 'next_renewal', 'expired');
    life.hear(redirect, 'captured', { source_id: `src_${redirect.id}` });
    expect(life.charge(redirect.id)).toMatchObject({ status: 'captured', surplus: true });
    expect(life.refunds).toMatchObject([{ cause: 'surplus', amount: 3900 }]);
    life.passTo(RENEWAL);
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 2 });
  });

  it('becomes what is owed when its redirect is still open at the boundary, and the wallet waits for it', () => {
    const life = Life.active();
    life.passTo(before(RENEWAL, 5));
    const redirect = change(life, 'next_renewal', null);
    life.passTo(RENEWAL);
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 2, advance_invoice: null, next_attempt_at: redirect.expires_at });
    life.hear(redirect, 'captured', { source_id: `src_${redirect.id}` });
    expect(life.subscription.next_attempt_at, 'nothing waits any more').toBeNull();
    life.passTo(FOLLOWING);
    expect(ofPeriod(life, 2)).toEqual([[1, 'checkout', 'captured']]);
  });

  it('is charged to the old wallet in its turn when that redirect fails', () => {
    const life = Life.active();
    life.passTo(before(RENEWAL, 5));
    const redirect = change(life, 'next_renewal', null);
    life.passTo(RENEWAL);
    life.hear(redirect, 'expired');
    expect(life.invoice(2).status).toBe('open');
    life.passTo(before(FOLLOWING, 1));
    expect(ofPeriod(life, 2)).toEqual([[1, 'checkout', 'expired'], [2, 'recurring', 'captured']]);
  });

  it('is paid by nobody’s balance', () => {
    const life = Life.active({ balance: 10_000 });
    expect(change(life).amount).toBe(3900);
    expect(life.balance).toBe(10_000);
  });

  it('is given back when the subscription is cancelled at once, whatever the cancel gives back besides', () => {
    const life = Life.active();
    const redirect = change(life);
    life.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: null }));
    expect(life.refunds).toMatchObject([{ charge: redirect.id, amount: 3900, cause: 'cancel' }]);
    const other = Life.active();
    change(other);
    other.decide((c) => cancel(c, { at: 'now', refund: 'full', reason: null }));
    expect(other.refunds).toHaveLength(2);
  });

  it('is served when the subscription is to end with its period', () => {
    const life = Life.active();
    change(life);
    life.decide((c) => cancel(c, { at: 'period_end', refund: 'none', reason: null }));
    life.passTo(before(FOLLOWING, 1));
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 2 });
    life.passTo(FOLLOWING);
    expect(life.subscription).toMatchObject({ status: 'canceled', canceled_at: FOLLOWING });
    expect(life.refunds).toEqual([]);
  });

  it('is given back when the subscription that is to end with its period is paused at that time', () => {
    const life = Life.active();
    const redirect = change(life);
    life.decide((c) => cancel(c, { at: 'period_end', refund: 'none', reason: null }));
    life.decide((c) => pause(c, null));
    life.passTo(RENEWAL);
    expect(life.subscription).toMatchObject({ status: 'canceled', canceled_at: RENEWAL });
    expect(life.refunds).toMatchObject([{ charge: redirect.id, cause: 'cancel', amount: 3900 }]);
  });

  it('is void when the subscription ends while its redirect is open, and late money goes back', () => {
    const life = Life.active();
    const redirect = change(life, 'next_renewal', null);
    life.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: null }));
    expect(life.invoices.at(-1)).toMatchObject({ status: 'void', void_reason: 'subscription_ended' });
    life.hear(redirect, 'captured', { source_id: `src_${redirect.id}` });
    expect(life.refunds).toMatchObject([{ cause: 'surplus' }]);
  });

  it('lives through a pause as a paid period does', () => {
    const life = Life.active();
    change(life);
    life.decide((c) => pause(c, null));
    life.passTo(before(FOLLOWING, 60));
    expect(life.subscription).toMatchObject({ status: 'paused', period_no: 1 });
    expect(life.decide((c) => resume(c, TERMS, 'checkout'))).toEqual({ needsCheckout: false });
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 2, period_start: RENEWAL, period_end: FOLLOWING, advance_invoice: null });
    life.passTo(FOLLOWING);
    expect(ofPeriod(life, 3)).toEqual([[1, 'recurring', 'captured']]);
  });

  it.each([
    ['before it begins', 60, { period_no: 1, period_end: RENEWAL }],
    ['as it begins', 0, { period_no: 2, period_start: RENEWAL, advance_invoice: null }],
  ])('is entered by a resume only when its time has come: %s', (_, minutes, expected) => {
    const life = Life.active();
    change(life);
    life.decide((c) => pause(c, null));
    life.passTo(before(RENEWAL, minutes));
    life.decide((c) => resume(c, TERMS, 'checkout'));
    expect(life.subscription).toMatchObject({ status: 'active', ...expected });
  });

  it('is over when the pause lasts longer, and a new period begins', () => {
    const life = Life.active();
    change(life);
    life.decide((c) => pause(c, null));
    life.passDays(100);
    life.decide((c) => void resume(c, TERMS, 'source'));
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 3, period_start: life.now, epoch: 1 });
  });

  it('may still be paid during a pause; a redirect that outlives its period’s beginning is dropped by the resume', () => {
    const life = Life.active();
    const redirect = change(life, 'next_renewal', null);
    life.decide((c) => pause(c, null));
    life.hear(redirect, 'captured', { source_id: `src_${redirect.id}` });
    expect(life.subscription).toMatchObject({ status: 'paused', paid_through: FOLLOWING });
    const other = Life.active();
    change(other, 'next_renewal', null);
    other.decide((c) => pause(c, null));
    other.passDays(40);
    other.decide((c) => void resume(c, TERMS, 'source'));
    expect(other.invoices.filter(({ status }) => status === 'void')).toMatchObject([{ period_no: 2, void_reason: 'checkout_ended' }]);
    expect(other.subscription).toMatchObject({ status: 'active', period_no: 2, period_start: other.now });
    other.passDays(1);
    expect(ofPeriod(other, 2)).toEqual([[1, 'checkout', 'pending'], [2, 'recurring', 'captured']]);
  });
});

describe('is refused', () => {
  it('to who came to pay his debts only, and has none', () => {
    const life = Life.active();
    expect(refusal(() => life.decide((c) => openCheckout(c, c.subscription, null, TERMS)))).toMatchObject({ kind: 'conflict', code: 'nothing_owed' });
  });

  it('twice in advance, by an end, or by a pause', () => {
    const life = Life.active();
    change(life);
    expect(refusal(() => ask(life))).toMatchObject({ kind: 'conflict', code: 'renewal_paid' });
    expect(refusal(() => ask(life, 'minimum')).code).toBe('renewal_paid');
    const ending = Life.active();
    ending.decide((c) => cancel(c, { at: 'period_end', refund: 'none', reason: null }));
    expect(refusal(() => ask(ending)).code).toBe('subscription_canceling');
    const paused = Life.active();
    paused.decide((c) => pause(c, null));
    expect(refusal(() => ask(paused)).code).toBe('subscription_paused');
  });

  it('while the wallet is being charged', () => {
    const life = Life.active();
    life.passTo(RENEWAL, staysPending);
    expect(refusal(() => ask(life))).toMatchObject({ code: 'charge_in_progress', retryAfter: 30 });
  });

  it('for another amount while a redirect is open; afterwards the old one is void', () => {
    const life = Life.active();
    const first = change(life, 'next_renewal', null);
    expect(ask(life).id, 'the open one is handed out again').toBe(first.id);
    expect(refusal(() => ask(life, 'minimum'))).toMatchObject({ code: 'charge_in_progress', retryAfter: 900 });
    life.passTo(new Date(START.getTime() + 16 * 60_000));
    ask(life, 'minimum');
    expect(life.invoices.map(({ status, void_reason }) => [status, void_reason])).toEqual([['paid', null], ['void', 'checkout_ended'], ['open', null]]);
  });

  it('to operators, whose business it is not before its period', () => {
    const life = Life.active();
    change(life, 'next_renewal', null);
    life.passHours(1);
    for (const act of [payNow, giveUp]) expect(refusal(() => life.decide((c) => act(c, c.invoices.get(life.invoice(2).id)))).code).toBe('invoice_not_due');
    life.decide((c) => voidOwed(c, c.invoices.get(life.invoice(2).id)));
    life.passTo(RENEWAL, captures);
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 2 });
  });
});

describe('a renewal that waits for its redirect', () => {
  it.each([[['captured']], [['declined', 'captured']]] as const)('has not failed, in whatever order the news of a later one come (%#)', (news) => {
    const { life, later } = overtaken();
    for (const status of news) life.hear(later, status, { response_code: status === 'declined' ? '20051' : null });
    expect(life.subscription).toMatchObject({ status: 'active', dunning_step: null });
    expect(life.subscription.next_attempt_at?.getTime(), 'it is tried when the redirect is over').toBeGreaterThan(life.now.getTime());
  });
});
