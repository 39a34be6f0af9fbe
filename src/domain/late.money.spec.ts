import { describe, expect, it } from 'vitest';
import { cancel, pause } from './lifecycle.js';
import type { Observation } from './observation.js';
import { twoInFlight } from './testing/in.flight.story.js';
import { declines, Life, RENEWAL, staysPending } from './testing/life.story.js';

const WINDOWS = { settleSeconds: 1_800, idempotencyHours: 24 };
const HOUR = 3_600_000;

const notFound = (charge: string): Observation => ({ charge, request_id: null, kind: 'not_found', windows: WINDOWS });
const unknown = (charge: string): Observation => ({ charge, request_id: null, kind: 'unknown', reason: 'time-out' });

describe('money that comes a second time', () => {
  it('pays for nothing: the invoice is paid once, the rest is surplus', () => {
    const life = Life.renewing();
    const first = life.latest;
    life.hear(first, 'declined', { response_code: '20051' });
    life.passDays(1, staysPending);
    const second = life.latest;
    expect(second.id).not.toBe(first.id);
    life.hear(first, 'captured');
    life.news();
    life.hear(second, 'captured');
    expect(life.news()).toEqual(['charge.captured', 'charge.surplus', 'refund.created']);
    expect(life.charges.map((charge) => charge.surplus)).toEqual([false, false, true]);
    expect(life.postings.filter((p) => p.kind === 'surplus').map((p) => p.source_key)).toEqual([`pay_${second.id}:capture`]);
  });

  it('leaves what else is owed as it is', () => {
    const life = Life.active({ version: { interval: 'day', amount: 1000 } });
    life.passDays(1, declines('20051'));
    const first = life.latest;
    life.passDays(1, staysPending);
    const retry = life.latest;
    life.hear(first, 'captured');
    life.hear(retry, 'captured');
    expect(life.charge(retry.id).surplus).toBe(true);
    expect(life.invoice(3).status).toBe('open');
  });

  it('is not asked for: a try that was not sent yet is withdrawn when late money pays the invoice', () => {
    const life = Life.renewing();
    const first = life.latest;
    life.hear(first, 'declined', { response_code: '20051' });
    life.now = new Date(RENEWAL.getTime() + 24 * HOUR);
    life.live();
    expect(life.latest).toMatchObject({ kind: 'retry', status: 'created' });
    life.hear(first, 'captured');
    expect(life.latest.status).toBe('withdrawn');
    expect(life.subscription.status).toBe('active');
  });

  it('is not asked for: a lost try is not sent again once its invoice is paid', () => {
    const life = Life.renewing();
    const first = life.latest;
    life.hear(first, 'declined', { response_code: '20051' });
    life.now = new Date(RENEWAL.getTime() + 24 * HOUR);
    life.live();
    const second = life.send(life.latest);
    life.observe(unknown(second.id));
    life.hear(first, 'captured');
    life.now = new Date(life.now.getTime() + HOUR);
    life.observe(notFound(second.id));
    expect(life.charge(second.id)).toMatchObject({ status: 'unknown', sends: 1 });
    expect(life.charge(second.id).next_check_at?.getTime(), 'it is still looked for').toBeGreaterThan(life.now.getTime());
  });

  it('never costs the customer the wallet that he is charged with', () => {
    const life = Life.signUp();
    const first = life.latest;
    life.decide((c) => c.addCharge('initial', c.invoices.get(first.invoice), null, c.subscription, c.engineNow));
    const second = life.send(life.latest);
    life.hear(first, 'captured', { source_id: 'src_same' });
    life.hear(second, 'captured', { source_id: 'src_same' });
    expect(life.charge(second.id)).toMatchObject({ status: 'captured', surplus: true });
    expect(life.wallet).toMatchObject({ status: 'active', gateway_source_id: 'src_same' });
  });
});

describe('a new charge', () => {
  it('is refused while money may still move for the invoice', () => {
    const life = Life.renewing();
    const again = (kind: 'retry' | 'checkout') => () =>
      life.decide((c) => c.addCharge(kind, c.invoices.get(life.latest.invoice), null, null, c.engineNow));
    expect(again('retry')).toThrow('is being charged already');
    expect(again('checkout')).toThrow('is being charged already');
  });

  it.each(['captured', 'declined'] as const)('is refused for an invoice that is closed (%s)', (status) => {
    const life = Life.renewing();
    life.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: null }));
    life.hear(life.latest, status);
    expect(() => life.decide((c) => c.addCharge('retry', c.invoices.get(life.latest.invoice), null, null, c.engineNow))).toThrow(
      'nothing may be charged for it',
    );
  });
});

describe('money that comes after the end', () => {
  it('pays the period that had begun when the merchant canceled', () => {
    const life = Life.renewing();
    life.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: null }));
    expect(life.invoice(2).status, 'it waits for what is in flight').toBe('open');
    life.hear(life.latest, 'captured');
    expect(life.invoice(2).status).toBe('paid');
    expect(life.subscription.status).toBe('canceled');
  });

  it('gives the invoice up when what was in flight fails', () => {
    const life = Life.renewing();
    life.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: null }));
    life.hear(life.latest, 'declined', { response_code: '20051' });
    expect(life.invoice(2).status).toBe('uncollectible');
  });

  it('gives the invoice up when what was in flight never existed', () => {
    const life = Life.renewing();
    life.observe(unknown(life.latest.id));
    life.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: null }));
    life.now = new Date(RENEWAL.getTime() + 26 * HOUR);
    for (let i = 0; i < 6; i += 1, life.now = new Date(life.now.getTime() + HOUR / 2)) life.observe(notFound(life.latest.id));
    expect(life.latest.status).toBe('absent');
    expect(life.charges).toHaveLength(2);
    expect(life.invoice(2).status).toBe('uncollectible');
  });

  it('pays nothing after the ladder ended in a cancel, whether its invoice was given up or still waiting', () => {
    const life = Life.renewing();
    const late = life.latest;
    life.hear(late, 'declined', { response_code: '20051' });
    life.passDays(27, declines('20051'));
    expect(life.subscription.cancel_reason).toBe('dunning_exhausted');
    life.hear(late, 'captured');
    expect(life.charge(late.id).surplus).toBe(true);
    expect(life.invoice(2).status).toBe('uncollectible');
    expect(life.subscription.status).toBe('canceled');
    expect(life.wallet?.status, 'it did nothing wrong').toBe('active');
  });

  it('pays nothing after a dunning cancel although another period was still in flight', () => {
    const { life, second: first, third: second } = twoInFlight();
    life.hear(first, 'declined', { response_code: '20051' });
    life.passDays(20, declines('20051'));
    expect(life.subscription.cancel_reason).toBe('dunning_exhausted');
    expect(life.invoice(second.period_no).status).toBe('open');
    life.hear(second, 'captured');
    expect(life.charge(second.id).surplus).toBe(true);
    expect(life.invoice(second.period_no).status, 'nothing waits for it any more').toBe('uncollectible');
  });

  it('pays nothing after the sign-up expired, and its wallet is never used', () => {
    const life = Life.signUp();
    const redirect = life.latest;
    life.passDays(2);
    expect(life.subscription.status).toBe('incomplete_expired');
    life.hear(redirect, 'captured', { source_id: 'src_late' });
    expect(life.latest.surplus).toBe(true);
    expect(life.subscription).toMatchObject({ status: 'incomplete_expired', source: null });
    expect(life.sources.filter((source) => source.status === 'active')).toEqual([]);
  });

  it('goes back to the wallet of a sign-up that expired, also where surplus becomes balance', () => {
    const life = Life.signUp();
    life.surplusPolicy = 'credit';
    life.passDays(2);
    life.hear(life.latest, 'captured');
    expect(life.refunds).toMatchObject([{ cause: 'surplus', amount: 3_900 }]);
    expect(life.balance).toBe(0);
  });

  it('does not end a pause', () => {
    const life = Life.renewing();
    life.decide((c) => pause(c, null));
    life.hear(life.latest, 'captured');
    expect(life.invoice(2)).toMatchObject({ status: 'paid', period_start: RENEWAL });
    expect(life.subscription).toMatchObject({
      status: 'paused', period_no: 2, epoch: 0, paid_through: new Date('2026-03-31T04:00:00Z'),
    });
  });
});
