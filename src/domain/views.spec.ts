import { describe, expect, it } from 'vitest';
import { cancel } from './lifecycle.js';
import { aCharge, START } from './testing/case.builder.js';
import { declines, Life } from './testing/life.story.js';
import { chargeView, invoiceView, sourceView, subscriptionView } from './views.js';

describe('what the world sees', () => {
  it('of a charge tells no key, body, lease or inner wallet id', () => {
    const view = chargeView(aCharge({ source: 'psrc_1' }), 'src_1');
    expect(view).toMatchObject({ object: 'charge', source: 'src_1' });
    for (const secret of ['idempotency_key', 'body', 'body_hash', 'lease_token', 'lease_until']) expect(view).not.toHaveProperty(secret);
    expect(JSON.stringify(view)).not.toContain('psrc_');
  });

  it('of a wallet is the gateway’s id', () => {
    const life = Life.active();
    expect(life.wallet && sourceView(life.wallet)).toMatchObject({ object: 'source', id: 'src_chg_1-1', status: 'active' });
  });

  it('of an invoice has the period on each line, and none before it began', () => {
    const life = Life.signUp();
    const [open] = life.invoices;
    expect(open && invoiceView(open)).toMatchObject({ period: null, lines: [{ period: null }] });
    life.pay();
    const period = { start: START, end: new Date('2026-02-28T04:00:00Z') };
    expect(invoiceView(life.invoice(1))).toMatchObject({ period, lines: [{ period }] });
  });
});

describe('when the engine will charge next', () => {
  const next = (life: Life): Date | null => subscriptionView(life.subscription).next_charge_at;

  it('is the end of the period, or nothing for what ends there', () => {
    const life = Life.active();
    expect(next(life)).toEqual(new Date('2026-02-28T04:00:00Z'));
    life.decide((c) => cancel(c, 'period_end', null));
    expect(next(life)).toBeNull();
  });

  it('is the next try for what is past due', () => {
    const life = Life.active();
    life.passTo(new Date('2026-02-28T04:00:00Z'), declines());
    expect(next(life)).toEqual(new Date('2026-03-01T04:00:00Z'));
  });

  it('is unknown for a free trial: its wallet is yet to come', () => {
    expect(next(Life.signUp({ version: { trial_days: 7 } }))).toBeNull();
    expect(next(Life.signUp())).toBeNull();
  });
});
