import { describe, expect, it } from 'vitest';
import type { Charge } from './charge.js';
import { cancel, pause } from './lifecycle.js';
import { giveUp, payNow, voidOwed } from './operator.js';
import { captures, declines, type Gateway, Life, RENEWAL, staysPending } from './testing/life.story.js';
import type { Terms } from './testing/case.builder.js';
import { refusal } from './testing/refusal.js';

const DAY = 86_400_000;
const day = (n: number): Date => new Date(RENEWAL.getTime() + n * DAY);

function pastDue(gateway: Gateway = declines(), terms: Terms = {}): Life {
  const life = Life.active(terms);
  life.passTo(RENEWAL, gateway);
  life.news();
  return life;
}

const pay = (life: Life, periodNo = 2): Charge => life.decide((c) => payNow(c, c.invoices.get(life.invoice(periodNo).id)));
const write = (life: Life, act: typeof voidOwed, periodNo = 2): void => life.decide((c) => act(c, c.invoices.get(life.invoice(periodNo).id)));

/** The operator's try, sent and answered. */
function tryNow(life: Life, status: 'captured' | 'declined', code: string | null = null): void {
  life.hear(life.send(pay(life)), status, { response_code: code });
}

describe('a try now', () => {
  it('moves nothing when it fails, as often as it is made', () => {
    const life = pastDue();
    life.passTo(day(0.5));
    const before = life.subscription;
    for (const code of ['20051', '20068', '20059', '20003', '29999', '29999']) tryNow(life, 'declined', code);
    const { updated_at: _was, ...stood } = before;
    expect(life.subscription).toMatchObject(stood);
    expect(life.invoice(2)).toMatchObject({ attempt_count: 7, next_attempt_at: day(1) });
    expect(life.latest).toMatchObject({ kind: 'retry', trigger: 'operator', dunning_step: null, attempt: 7 });
    life.passTo(day(4), declines());
    expect(life.charges.filter(({ trigger, kind }) => trigger === 'schedule' && kind === 'retry').map((charge) => charge.dunning_step)).toEqual([1, 2]);
  });

  it('is not made again by itself when it is proven never to have existed', () => {
    const life = pastDue();
    const charge = life.send(pay(life));
    life.proveAbsent(charge);
    expect(life.charge(charge.id).status).toBe('absent');
    expect(life.latest.id).toBe(charge.id);
    expect(life.subscription).toMatchObject({ status: 'past_due', dunning_step: 0 });
  });

  it('recovers the subscription when it succeeds', () => {
    const life = pastDue();
    tryNow(life, 'captured');
    expect(life.news()).toEqual(['charge.created', 'charge.captured', 'invoice.paid', 'subscription.renewed', 'subscription.recovered']);
    expect(life.subscription).toMatchObject({ status: 'active', next_attempt_at: null });
  });

  it('ends the ladder’s tries where it shows that the wallet is dead', () => {
    const life = pastDue();
    tryNow(life, 'declined', '200R1');
    expect(life.wallet).toMatchObject({ status: 'revoked', ended_reason: '200R1' });
    expect(life.subscription).toMatchObject({ status: 'past_due', dunning_step: 0, next_attempt_at: null, dunning_ends_at: day(16) });
  });

  it('lets a step that falls due meanwhile wait, and follow an hour later', () => {
    const life = pastDue();
    const charge = life.send(pay(life));
    life.passTo(day(2), staysPending);
    expect(life.subscription.next_attempt_at).toBeNull();
    life.hear(charge, 'declined', { response_code: '20051' });
    expect(life.subscription).toMatchObject({ dunning_step: 0, next_attempt_at: new Date(day(2).getTime() + 3_600_000) });
  });

  it('is also possible where nothing is tried by itself, and changes nothing about that', () => {
    const life = pastDue(declines('20059'));
    tryNow(life, 'declined', '20051');
    expect(life.subscription).toMatchObject({ next_attempt_at: null, dunning_ends_at: day(16) });
    tryNow(life, 'captured');
    expect(life.subscription.status).toBe('active');
  });

  it('pays what an unpaid subscription owes, and brings it back', () => {
    const life = pastDue(declines(), { policy: { final_action: 'unpaid' } });
    life.passTo(day(20), declines());
    expect(life.subscription.status).toBe('unpaid');
    tryNow(life, 'captured');
    expect(life.subscription.status).toBe('active');
  });

  it('is refused while another is in flight, or while the customer may be paying', () => {
    const life = pastDue();
    pay(life);
    expect(refusal(() => pay(life))).toMatchObject({ kind: 'conflict', code: 'charge_in_progress', retryAfter: 30 });
    const other = pastDue();
    other.decide((c) => c.addCharge('checkout', c.invoices.get(other.invoice(2).id), null, c.subscription, c.engineNow));
    other.openRedirect();
    expect(refusal(() => pay(other))).toMatchObject({ code: 'charge_in_progress', retryAfter: 900 });
  });

  it('is refused without a wallet, and for what is not owed', () => {
    expect(refusal(() => pay(pastDue(declines('200R1'))))).toMatchObject({ kind: 'conflict', code: 'no_active_source' });
    const unpaid = Life.signUp();
    unpaid.passHours(1);
    expect(refusal(() => pay(unpaid, 1)).code).toBe('no_active_source');
    expect(refusal(() => pay(Life.active(), 1)).code).toBe('invoice_paid');
    const over = pastDue();
    over.passTo(day(20), declines());
    expect(refusal(() => pay(over)).code).toBe('invoice_uncollectible');
    const ended = pastDue(staysPending);
    ended.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: null }));
    expect(refusal(() => pay(ended)).code).toBe('subscription_canceled');
  });
});

describe('an invoice that an operator voids or gives up', () => {
  it.each([
    [voidOwed, { status: 'void', void_reason: 'operator', amount_due: 0 }, 'invoice.voided'],
    [giveUp, { status: 'uncollectible', void_reason: null, amount_due: 3900 }, 'invoice.uncollectible'],
  ] as const)('is owed no more, and the subscription is well again (%#)', (act, expected, told) => {
    const life = pastDue();
    const { id } = life.invoice(2);
    write(life, act);
    expect(life.invoices.find((invoice) => invoice.id === id)).toMatchObject({ ...expected, next_attempt_at: null });
    expect(life.news()).toEqual([told, 'subscription.recovered']);
    expect(life.subscription).toMatchObject({ status: 'active', next_attempt_at: null, dunning_step: null, past_due_class: null });
    life.passTo(new Date('2026-03-31T04:00:00Z'), captures);
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 3 });
  });

  it('leaves the ladder where it stands when more is owed', () => {
    const life = Life.active({ version: { interval: 'day', amount: 1000 } });
    life.passDays(3, declines());
    const { next_attempt_at: next, dunning_step: step } = life.subscription;
    expect(life.invoice(2).next_attempt_at).toEqual(next);
    write(life, voidOwed);
    expect(life.subscription).toMatchObject({ status: 'past_due', next_attempt_at: next, dunning_step: step });
    expect(life.invoice(3).next_attempt_at).toEqual(next);
    write(life, giveUp, 4);
    expect(life.subscription.status).toBe('past_due');
  });

  it('ends the ladder at its next try, where that was a technical one and every step has been tried', () => {
    const policy = { retries: [{ after: '3d', notify: true }], technical_retries: [{ after: '2h' }] };
    const life = Life.active({ version: { interval: 'day', amount: 1000 }, policy });
    life.passDays(2, staysPending);
    const [, second, third] = life.charges;
    for (const charge of [second, third]) if (charge) life.hear(charge, 'declined', { response_code: '20051' });
    life.passDays(3, declines('20068'));
    expect(life.subscription).toMatchObject({ status: 'past_due', dunning_step: 1 });
    const next = life.subscription.next_attempt_at;
    write(life, voidOwed);
    const charges = life.charges.length;
    life.passHours(2);
    expect(life.charges).toHaveLength(charges);
    expect(life.subscription).toMatchObject({ status: 'canceled', ended_by: 'dunning', canceled_at: next });
  });

  it('lets one that had to wait for its turn have its first try, also where every step has been tried', () => {
    const policy = { retries: [{ after: '12h', notify: true }], technical_retries: [{ after: '20h' }] };
    const life = Life.active({ version: { interval: 'day', amount: 1000 }, policy });
    life.passDays(1, declines('20051'));
    life.passDays(1, declines('20068'));
    expect(life.subscription).toMatchObject({ dunning_step: 1, period_no: 3 });
    write(life, voidOwed);
    life.passHours(8, staysPending);
    expect(life.latest).toMatchObject({ period_no: 3, kind: 'recurring', status: 'pending' });
  });

  it('lets the next one be tried where the one that was being tried is gone', () => {
    const life = Life.active({ version: { interval: 'day', amount: 1000 } });
    life.passDays(2, declines());
    life.now = life.subscription.next_attempt_at ?? life.now;
    while (life.latest.status !== 'created') life.live();
    const waiting = life.latest;
    write(life, voidOwed, waiting.period_no);
    expect(life.charge(waiting.id).status).toBe('withdrawn');
    expect(life.subscription.next_attempt_at).toEqual(new Date(life.now.getTime() + 3_600_000));
  });

  it('brings an unpaid subscription back once nothing is owed any more', () => {
    const life = pastDue(declines(), { policy: { final_action: 'unpaid' } });
    life.passTo(day(20), declines());
    life.news();
    write(life, giveUp);
    expect(life.news()).toEqual(['invoice.uncollectible', 'subscription.recovered']);
  });

  it('takes the try that waited for its redirect with it', () => {
    const life = Life.active();
    life.now = new Date(RENEWAL.getTime() - 60_000);
    life.passTo(RENEWAL, staysPending);
    const charge = life.latest;
    life.hear(charge, 'declined', { response_code: '20051' });
    life.decide((c) => pause(c, null));
    write(life, voidOwed);
    expect(life.subscription).toMatchObject({ status: 'paused', next_attempt_at: null });
  });

  it('is refused while money may move, for the first invoice of a sign-up, and twice', () => {
    expect(refusal(() => write(pastDue(staysPending), voidOwed)).code).toBe('charge_in_progress');
    expect(refusal(() => write(Life.signUp(), voidOwed, 1)).code).toBe('subscription_incomplete');
    expect(refusal(() => write(Life.signUp(), giveUp, 1)).code).toBe('invoice_not_due');
    expect(refusal(() => write(Life.active(), voidOwed, 1)).code).toBe('invoice_paid');
    const life = pastDue();
    const { id } = life.invoice(2);
    write(life, voidOwed);
    expect(refusal(() => life.decide((c) => giveUp(c, c.invoices.get(id)))).code).toBe('invoice_void');
  });

  it('is paid all the same by money that comes late, where it was given up; where it was voided, that is surplus', () => {
    const life = pastDue();
    const failed = life.latest;
    write(life, giveUp);
    life.hear(failed, 'captured');
    expect(life.invoice(2).status).toBe('paid');
    const other = pastDue();
    const late = other.latest;
    write(other, voidOwed);
    other.hear(late, 'captured');
    expect(other.charge(late.id)).toMatchObject({ status: 'captured', surplus: true });
    expect(other.refunds).toHaveLength(1);
  });
});
