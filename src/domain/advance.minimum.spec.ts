import { describe, expect, it } from 'vitest';
import type { Charge } from './charge.js';
import { openCheckout } from './checkout.js';
import { cancel, pause } from './lifecycle.js';
import { Life, RENEWAL } from './testing/life.story.js';

const ask = (life: Life): Charge => life.decide((c) => openCheckout(c, c.subscription, 'minimum', { defaultCountry: 'CN' }));

/** Opens the redirect and, if it is to end, ends it. */
function topUp(life: Life, outcome: 'captured' | 'canceled' | null = 'captured'): Charge {
  ask(life);
  const redirect = life.openRedirect();
  if (outcome) life.hear(redirect, outcome, { source_id: `src_${redirect.id}` });
  return life.charge(redirect.id);
}

const ofPeriod = (life: Life, no: number) => life.charges.filter((charge) => charge.period_no === no).map(({ kind, status, attempt }) => [attempt, kind, status]);

describe('the least amount', () => {
  it('brings the new wallet and becomes the customer’s balance', () => {
    const life = Life.active();
    const redirect = topUp(life);
    expect(life.news()).toEqual([
      'invoice.finalized', 'charge.created', 'charge.pending', 'charge.captured', 'source.captured', 'source.superseded',
      'invoice.voided', 'charge.surplus',
    ]);
    expect(life.charge(redirect.id)).toMatchObject({ amount: 10, surplus: true, amount_credited: 10 });
    expect(life.invoices.at(-1)).toMatchObject({ status: 'void', void_reason: 'credited', lines: [{ type: 'top_up', amount: 10 }] });
    expect(life.wallet?.gateway_source_id).toBe(`src_${redirect.id}`);
    expect(life.balance).toBe(10);
    expect(life.refunds).toEqual([]);
    life.passTo(RENEWAL);
    expect(life.latest).toMatchObject({ kind: 'recurring', attempt: 2, amount: 3890, status: 'captured' });
  });

  it('is booked by the payment that brought it, once', () => {
    const life = Life.active();
    const redirect = topUp(life);
    const { gateway_payment_id } = life.charge(redirect.id);
    expect(life.postings.filter(({ kind }) => kind === 'surplus')).toMatchObject([{ source_key: `${gateway_payment_id}:capture`, currency: 'CNY' }]);
  });

  it('that comes from a wallet which the gateway does not name leaves the one before', () => {
    const life = Life.active();
    const wallet = life.wallet?.id;
    ask(life);
    life.hear(life.send(life.latest), 'captured');
    expect(life.balance).toBe(10);
    expect(life.wallet).toMatchObject({ id: wallet, status: 'active' });
  });

  it('is possible while the subscription is to end with its period', () => {
    const life = Life.active();
    life.decide((c) => cancel(c, { at: 'period_end', refund: 'none', reason: null }));
    topUp(life);
    expect(life.balance).toBe(10);
    expect(life.subscription).toMatchObject({ status: 'active', cancel_at_period_end: true });
  });

  it('is possible during a pause as well', () => {
    const life = Life.active();
    life.decide((c) => pause(c, null));
    topUp(life);
    expect(life.balance).toBe(10);
    expect(life.subscription.status).toBe('paused');
  });

  it('that fails, or is late, leaves nothing behind', () => {
    const life = Life.active();
    topUp(life, 'canceled');
    expect(life.invoices.at(-1)).toMatchObject({ status: 'void', void_reason: 'checkout_ended' });
    const late = Life.active();
    late.passTo(new Date(RENEWAL.getTime() - 5 * 60_000));
    const redirect = topUp(late, null);
    late.passTo(RENEWAL);
    expect(ofPeriod(late, 2), 'the renewal does not wait for it').toEqual([[1, 'checkout', 'pending'], [2, 'recurring', 'captured']]);
    expect(late.invoices.find(({ id }) => id === redirect.invoice)).toMatchObject({ status: 'void', void_reason: 'checkout_ended' });
    late.hear(redirect, 'captured', { source_id: `src_${redirect.id}` });
    expect(late.refunds).toMatchObject([{ charge: redirect.id, amount: 10, cause: 'surplus' }]);
  });
});
