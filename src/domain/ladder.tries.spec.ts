import { describe, expect, it } from 'vitest';
import { revokeSource } from './collection.js';
import { pause, resume } from './lifecycle.js';
import { payNow, voidOwed } from './operator.js';
import { START, type Terms } from './testing/case.builder.js';
import { twoInFlight } from './testing/in.flight.story.js';
import { captures, declines, type Gateway, Life, RENEWAL, staysPending } from './testing/life.story.js';

const HOUR = 3_600_000;
const at = (hours: number): Date => new Date(RENEWAL.getTime() + hours * HOUR);
const callsOff: Gateway = () => ({ status: 'canceled' });

function atRenewal(gateway: Gateway, terms: Terms = {}): Life {
  const life = Life.active(terms);
  life.passTo(RENEWAL, gateway);
  return life;
}

/** The tries of the second period: what made them, and what became of them. */
const tries = (life: Life) =>
  life.charges.filter(({ period_no }) => period_no === 2).map(({ kind, trigger, status }) => [kind === 'checkout' ? kind : trigger, status]);

/** The customer's own try fails, for want of money. */
function failsInCheckout(life: Life): void {
  life.decide((c) => c.addCharge('checkout', c.invoices.get(life.invoice(2).id), null, c.subscription, c.engineNow));
  life.hear(life.openRedirect(), 'declined', { response_code: '20051' });
}

function failsByHand(life: Life, code: string): void {
  const charge = life.decide((c) => payNow(c, c.invoices.get(life.invoice(2).id)));
  life.hear(life.send(charge), 'declined', { response_code: code });
}

describe('the try that repeats a technical failure', () => {
  it('stays one, whoever tries in vain meanwhile', () => {
    for (const meanwhile of [failsInCheckout, (life: Life) => failsByHand(life, '20051')]) {
      const life = atRenewal(declines('20068'));
      meanwhile(life);
      life.passTo(at(1), declines('20051'));
      expect(life.latest).toMatchObject({ trigger: 'technical', dunning_step: null });
    }
  });

  it('is not used up, and stays one, when it is proven never to have existed', () => {
    const life = atRenewal(declines('20068'));
    life.now = at(1);
    life.live();
    life.proveAbsent(life.send(life.latest));
    life.passHours(100, declines('20068'));
    expect(tries(life)).toEqual([
      ['schedule', 'declined'], ['technical', 'absent'], ['technical', 'declined'], ['technical', 'declined'], ['schedule', 'declined'], ['schedule', 'declined'],
    ]);
  });

  it('is told from the latest failure, in whatever order the rows are read', () => {
    const life = atRenewal(declines('20051'));
    life.passTo(at(24), declines('20068'));
    const other = life.reversed();
    for (const told of [life, other]) told.passTo(at(25), staysPending);
    expect([life.latest.trigger, other.latest.trigger]).toEqual(['technical', 'technical']);
  });
});

describe('a reason that nobody knows', () => {
  it('counts among the engine’s own tries alone', () => {
    const life = atRenewal(declines('29999'));
    failsByHand(life, '29999');
    failsByHand(life, '28888');
    expect(life.subscription.next_attempt_at).toEqual(at(24));
    const other = atRenewal(declines('20051'));
    failsByHand(other, '29999');
    failsByHand(other, '28888');
    other.passTo(at(24), declines('29999'));
    expect(other.subscription.next_attempt_at, 'it is the first of its own').toEqual(at(24 + 72));
  });

  it('is not what a wallet gives that calls it off', () => {
    const life = atRenewal(callsOff);
    life.passTo(at(24), declines('29999'));
    expect(life.subscription.next_attempt_at).toEqual(at(24 + 72));
    life.passTo(at(24 + 72), declines('29999'));
    expect(life.subscription.next_attempt_at).toBeNull();
  });

  it.each([
    ['want of money', declines('20051')],
    ['the wallet’s calling it off', callsOff],
  ])('given twice before a pause does not hold up what fails after it for another: %s', (_, gateway) => {
    const life = atRenewal(declines('29999'));
    life.passTo(at(24), declines('29999'));
    expect(life.subscription.next_attempt_at).toBeNull();
    life.decide((c) => pause(c, null));
    life.decide((c) => void resume(c, { defaultCountry: 'CN' }, 'source'));
    life.passHours(0, gateway);
    expect(life.subscription).toMatchObject({ dunning_step: 1, next_attempt_at: at(24 + 72), dunning_ends_at: null });
  });
});

describe('a ladder that begins anew', () => {
  it('after a pause has a first step, however short it is', () => {
    const life = atRenewal(declines(), { policy: { retries: [], final_action: 'pause' } });
    expect(life.subscription.status).toBe('paused');
    life.decide((c) => void resume(c, { defaultCountry: 'CN' }, 'source'));
    life.passHours(0, captures);
    expect(life.subscription).toMatchObject({ status: 'active', past_due_reason: null });
  });

  it('after a pause in which the wallet died waits for another one', () => {
    const { life, second, third } = twoInFlight();
    life.hear(second, 'declined', { response_code: '20051' });
    life.hear(third, 'captured');
    life.decide((c) => pause(c, null));
    life.decide((c) => revokeSource(c, c.activeSource(), 'customer'));
    life.decide((c) => void resume(c, { defaultCountry: 'CN' }, 'source'));
    expect(life.subscription).toMatchObject({ status: 'past_due', past_due_reason: 'owed_before_pause', past_due_class: 'reauthorise', next_attempt_at: null });
    expect(life.subscription.dunning_ends_at).not.toBeNull();
  });

  it('without a wallet says that one has to be signed anew', () => {
    const life = Life.active();
    life.decide((c) => revokeSource(c, c.activeSource(), 'customer'));
    life.passTo(RENEWAL);
    expect(life.subscription).toMatchObject({ status: 'past_due', past_due_reason: 'source_revoked', past_due_class: 'reauthorise' });
  });
});

describe('what waits, and what does not', () => {
  it('an invoice that waits for nothing new shows no change', () => {
    const { life, second, third } = twoInFlight();
    life.hear(second, 'declined', { response_code: '20059' });
    const shown = life.invoice(2).updated_at;
    life.passHours(1, staysPending);
    life.hear(third, 'declined', { response_code: '20059' });
    expect(life.invoice(2).updated_at).toEqual(shown);
  });

  it('a first try that is in flight when the ladder ends well has no other before it', () => {
    const { life, second, third } = twoInFlight();
    life.hear(second, 'declined', { response_code: '20051' });
    expect(life.subscription.status).toBe('past_due');
    life.hear(second, 'captured');
    expect(life.charge(third.id).status).toBe('pending');
    expect(life.subscription).toMatchObject({ status: 'active', dunning_step: null });
    expect(life.invoice(3)).toMatchObject({ status: 'open', next_attempt_at: null });
  });

  it('a subscription whose waiting invoice an operator voids plans no charge for it', () => {
    const life = Life.active({ plan: { renewal_notice: 'required' }, subscription: { test_clock: 'clk_1' } });
    life.now = at(-48);
    life.passTo(RENEWAL);
    expect(life.subscription).toMatchObject({ status: 'active', next_attempt_at: at(72) });
    life.decide((c) => voidOwed(c, c.invoices.get(life.invoice(2).id)));
    expect(life.subscription).toMatchObject({ status: 'active', next_attempt_at: null });
  });

  it('a period that a resume began, and that waits for its notice, is not overdue with what was owed before it', () => {
    const life = atRenewal(declines(), { plan: { renewal_notice: 'required' }, subscription: { test_clock: 'clk_1' } });
    life.decide((c) => pause(c, at(40 * 24)));
    life.now = at(41 * 24);
    while (life.subscription.status === 'paused') life.live();
    expect(life.subscription).toMatchObject({ status: 'past_due', past_due_reason: 'owed_before_pause', period_no: 3 });
    life.passTo(life.now, captures);
    expect(life.invoice(2).status).toBe('paid');
    expect(life.subscription).toMatchObject({ status: 'active', next_attempt_at: at(46 * 24) });
  });

  it('a newer invoice does not wait for the redirect of an older one', () => {
    const weekly: Terms = { version: { interval: 'week' }, plan: { renewal_notice: 'required' }, subscription: { test_clock: 'clk_1' } };
    const life = Life.active(weekly);
    const day = (n: number): Date => new Date(START.getTime() + n * 24 * HOUR);
    life.now = day(13);
    life.passTo(new Date(day(18).getTime() - 300_000));
    expect([2, 3].map((no) => life.invoice(no).next_attempt_at)).toEqual([day(18), day(18)]);
    life.decide((c) => c.addCharge('checkout', c.invoices.get(life.invoice(2).id), null, c.subscription, c.engineNow));
    const redirect = life.openRedirect();
    life.passTo(day(18), staysPending);
    expect(life.latest).toMatchObject({ kind: 'recurring', period_no: 3 });
    expect(life.subscription.next_attempt_at).toEqual(redirect.expires_at);
  });
});
