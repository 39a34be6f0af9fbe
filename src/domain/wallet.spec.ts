import { describe, expect, it } from 'vitest';
import { declines, Life, RENEWAL } from './testing/life.story.js';

/** A redirect for what is owed, opened and answered. */
function openRedirect(life: Life, wallet?: string) {
  life.decide((c) => {
    const owed = c.openInvoices()[0];
    if (!owed) throw new Error('nothing is owed');
    c.addCharge('checkout', owed, null, c.subscription, c.engineNow);
  });
  return life.openRedirect(wallet);
}

function pastDue(): Life {
  const life = Life.active();
  life.passTo(RENEWAL, declines());
  life.news();
  return life;
}

describe('a wallet', () => {
  it('is noted with the first answer and may be charged only once its payment is captured', () => {
    const life = Life.signUp();
    expect(life.sources).toMatchObject([{ id: expect.stringMatching(/^psrc_/), gateway_source_id: 'src_chg_1-1', charge: 'chg_1-1', status: 'pending' }]);
    expect(life.latest.source, 'the charge says which it is').toBe(life.sources[0]?.id);
    expect(life.subscription.source).toBeNull();
    life.pay();
    expect(life.sources, 'the same wallet is noted once').toHaveLength(1);
    expect(life.wallet).toMatchObject({ status: 'active', ended_reason: null, ended_at: null });
  });

  it('is the one that the first answer named, when the capture names none; else the one that the capture names', () => {
    const life = Life.signUp();
    life.hear(life.latest, 'captured', { source_id: null });
    expect(life.subscription).toMatchObject({ status: 'active' });
    expect(life.sources.map((source) => source.gateway_source_id)).toEqual(['src_chg_1-1']);
    const unnamed = Life.signUp();
    unnamed.hear(unnamed.latest, 'captured', { source_id: 'src_other' });
    expect(unnamed.wallet?.gateway_source_id).toBe('src_other');
  });

  it('that only the capture names is noted then', () => {
    const life = pastDue();
    life.decide((c) => c.addCharge('checkout', c.invoices.get(life.invoice(2).id), null, c.subscription, c.engineNow));
    life.hear(life.send(life.latest), 'captured', { source_id: 'src_new' });
    expect(life.latest.source).toBe(life.wallet?.id);
    expect(life.wallet).toMatchObject({ gateway_source_id: 'src_new', status: 'active' });
  });

  it('that nobody ever names keeps no money from being booked, nor from going back', () => {
    const life = Life.signUp();
    const first = life.latest;
    const [second, third] = [1, 2].map(() => {
      life.decide((c) => c.addCharge('initial', c.invoices.get(first.invoice), null, c.subscription, c.engineNow));
      return life.send(life.latest);
    });
    if (!second || !third) throw new Error('two redirects are open');
    life.hear(second, 'captured');
    expect(life.subscription).toMatchObject({ status: 'active', source: null });
    life.hear(third, 'captured');
    expect(life.charge(third.id)).toMatchObject({ surplus: true, source: null });
    expect(life.refunds).toMatchObject([{ charge: third.id, cause: 'surplus' }]);
  });

  it('outlives a payment by hand that fails, whatever the reason: only our own tries can find it dead', () => {
    const life = pastDue();
    const redirect = openRedirect(life, life.wallet?.gateway_source_id);
    life.hear(redirect, 'declined', { response_code: '200R1' });
    expect(life.charge(redirect.id).source).toBe(life.wallet?.id);
    expect(life.wallet?.status).toBe('active');
  });

  it('that signs anew takes the place of the one before, which is never charged again', () => {
    const life = pastDue();
    const before = life.wallet;
    openRedirect(life);
    life.pay();
    expect(life.news()).toContain('source.superseded');
    expect(life.sources.find((source) => source.id === before?.id)).toMatchObject({ status: 'superseded', ended_reason: 'superseded', ended_at: life.now });
  });

  it('that pays by hand what it could not pay by itself stays the one that is charged', () => {
    const life = pastDue();
    const redirect = openRedirect(life);
    const same = life.wallet?.gateway_source_id ?? null;
    life.hear(redirect, 'captured', { source_id: same });
    expect(life.wallet).toMatchObject({ status: 'active', gateway_source_id: same });
    expect(life.news()).not.toContain('source.superseded');
  });

  it('that its customer had ended lives again when he pays with it', () => {
    const life = Life.active();
    life.passTo(RENEWAL, declines('200R1'));
    expect(life.wallet).toMatchObject({ status: 'revoked', ended_reason: '200R1', ended_at: RENEWAL });
    const redirect = openRedirect(life);
    life.hear(redirect, 'captured', { source_id: 'src_chg_1-1' });
    expect(life.wallet).toMatchObject({ status: 'active', ended_reason: null, ended_at: null });
  });

  it('that came too late is retired once, however often it pays', () => {
    const life = pastDue();
    const first = openRedirect(life);
    const second = openRedirect(life);
    life.hear(first, 'captured', { source_id: 'src_first' });
    const third = life.charges.length;
    life.news();
    life.hear(second, 'captured', { source_id: 'src_late' });
    expect(life.news()).toEqual(['charge.captured', 'source.superseded', 'charge.surplus', 'refund.created']);
    life.hear(second, 'captured', { source_id: 'src_late', payment_id: 'pay_twin' });
    expect(life.charges).toHaveLength(third + 1);
    expect(life.news(), 'it was superseded already').toEqual(['charge.captured', 'charge.surplus', 'refund.created']);
    expect(life.wallet?.gateway_source_id).toBe('src_first');
  });
});
