import { describe, expect, it } from 'vitest';
import { openCheckout } from './checkout.js';
import { settleForgotten } from './forgotten.js';
import { cancel } from './lifecycle.js';
import { Mismatch, type PaymentFact } from './observation.js';
import { declines, Life, RENEWAL } from './testing/life.story.js';

const captured: PaymentFact = {
  payment_id: 'pay_lost', status: 'captured', amount: 3900, currency: 'CNY', source_id: null, redirect_url: null, response_code: null, response_summary: null,
};

/** Past due for its second period, of which a lost life made another try. */
function pastDue(): Life {
  const life = Life.active();
  life.passTo(RENEWAL, declines('20051'));
  return life;
}

function canceled(): Life {
  const life = pastDue();
  life.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: null }));
  life.news();
  return life;
}

const takeIn = (life: Life, attempt: number, changes: Partial<PaymentFact> = {}): boolean =>
  life.decide((c) => settleForgotten(c, life.invoice(2), attempt, { ...captured, ...changes }, null));

describe('money of a lost life', () => {
  it('pays the period of a subscription that was cancelled since, once', () => {
    const life = canceled();
    expect(takeIn(life, 2)).toBe(true);
    expect(life.news()).toEqual(['charge.created', 'charge.captured', 'invoice.paid']);
    expect(life.latest).toMatchObject({ period_no: 2, attempt: 2, kind: 'retry', status: 'captured', surplus: false, sends: 0, gateway_payment_id: 'pay_lost' });
    expect([life.invoice(2).status, life.subscription.status]).toEqual(['paid', 'canceled']);
    expect(takeIn(life, 2)).toBe(false);
    expect(takeIn(life, 3, { payment_id: 'pay_other' }), 'what comes besides goes back').toBe(true);
    expect(life.latest).toMatchObject({ surplus: true });
    expect(life.news().at(-1)).toBe('refund.created');
  });

  it('goes back where dunning has ended it', () => {
    const life = pastDue();
    life.passDays(20, declines('20051'));
    expect(life.subscription).toMatchObject({ status: 'canceled', ended_by: 'dunning' });
    expect(takeIn(life, life.latest.attempt + 1)).toBe(true);
    expect(life.refunds).toMatchObject([{ amount: 3900, cause: 'surplus' }]);
  });

  it('is known by its period as well as by its number', () => {
    const life = Life.signUp();
    life.hear(life.latest, 'declined');
    life.decide((c) => openCheckout(c, c.subscription, null, { defaultCountry: 'CN' }));
    life.openRedirect();
    life.pay();
    expect(life.latest).toMatchObject({ period_no: 1, attempt: 2, status: 'captured' });
    life.passTo(RENEWAL, declines('20051'));
    life.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: null }));
    expect(takeIn(life, 2)).toBe(true);
    expect(life.latest).toMatchObject({ period_no: 2, attempt: 2 });
  });

  it('waits for the charge that is in flight when the subscription ends', () => {
    const life = Life.renewing();
    life.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: null }));
    expect(life.invoice(2).status).toBe('open');
    expect(takeIn(life, 2)).toBe(false);
    life.hear(life.latest, 'declined');
    expect(takeIn(life, 2)).toBe(true);
  });

  it('is left to the charge that is made again where the subscription lives', () => {
    expect(takeIn(pastDue(), 2)).toBe(false);
  });

  it('is money only when it was captured, as much as was asked for', () => {
    const life = canceled();
    expect(takeIn(life, 1), 'that attempt is known').toBe(false);
    expect(takeIn(life, 2, { status: 'declined' })).toBe(false);
    expect(() => takeIn(life, 2, { amount: 3899 })).toThrow(Mismatch);
    expect(life.invoice(2).status).toBe('uncollectible');
  });
});
