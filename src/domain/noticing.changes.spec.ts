import { describe, expect, it } from 'vitest';
import { openCheckout } from './checkout.js';
import { pause } from './lifecycle.js';
import { holdForNotice } from './noticing.js';
import { payNow } from './operator.js';
import type { Terms } from './testing/case.builder.js';
import { declines, Life, RENEWAL } from './testing/life.story.js';
import { refusal } from './testing/refusal.js';

/** What becomes of notices, and of charges that wait for them, when something changes meanwhile. */

const DAY_MS = 86_400_000;
const TERMS = { defaultCountry: 'CN' };
const SECOND_END = new Date('2026-03-31T04:00:00Z');
const days = (n: number): Date => new Date(RENEWAL.getTime() + n * DAY_MS);

const monthly = (terms: Terms = {}): Life =>
  Life.active({ ...terms, plan: { renewal_notice: 'required', ...terms.plan }, subscription: { test_clock: 'clk_1' } });

/** Told a day before its renewal, so that its charge waits until the fourth day after it. */
function waiting(): Life {
  const life = monthly();
  life.now = days(-1);
  life.passTo(RENEWAL);
  expect(life.invoice(2).charge_from).toEqual(days(4));
  return life;
}

/** No notice is called for; the renewal waits for the redirect that its customer opened. */
function waitingForRedirect(): Life {
  const life = monthly({ plan: { renewal_notice: 'off' } });
  life.passTo(new Date(RENEWAL.getTime() - 60_000));
  life.decide((c) => openCheckout(c, c.subscription, 'next_renewal', TERMS));
  life.openRedirect();
  life.passTo(RENEWAL);
  expect(life.invoice(2)).toMatchObject({ status: 'open', charge_from: null });
  return life;
}

/** How often something was told of a renewal, and when. */
const toldAt = (life: Life): Date[] => life.told.filter(({ type }) => type === 'subscription.renewal_upcoming').map(({ at }) => at);
const pauseFor = (life: Life, minutes: number): void => life.decide((c) => pause(c, new Date(life.now.getTime() + minutes * 60_000)));

describe('a notice that was planned', () => {
  it('is not given once the plan demands none', () => {
    const life = monthly();
    life.changePlan({ renewal_notice: 'off' });
    life.passTo(RENEWAL);
    expect(toldAt(life)).toEqual([]);
    expect(life.latest).toMatchObject({ kind: 'recurring', period_no: 2, created_at: RENEWAL });
  });
});

describe('after an outage', () => {
  const firstNews = (catch_up: 'all' | 'latest', back: Date): unknown => {
    const life = monthly({ plan: { catch_up } });
    life.now = back;
    life.live();
    return life.news();
  };

  it('what will be billed is told before it is written', () => {
    expect(firstNews('all', days(60))).toEqual(['subscription.renewal_upcoming']);
    expect(firstNews('latest', new Date(SECOND_END.getTime() - 1))).toEqual(['subscription.renewal_upcoming']);
  });

  it('what will be skipped is not told, from the very end of its period on', () => {
    expect(firstNews('latest', SECOND_END)).toEqual([]);
    expect(firstNews('latest', days(60))).toEqual([]);
  });

  it('a plan that skips tells in time what it will bill', () => {
    const life = monthly({ plan: { catch_up: 'latest' } });
    life.passTo(RENEWAL);
    expect(toldAt(life)).toEqual([days(-5)]);
  });
});

describe('a pause that ends by itself', () => {
  it('tells nothing anew of what was tried before it', () => {
    const life = waiting();
    life.passTo(days(4), declines());
    expect(life.subscription.status).toBe('past_due');
    pauseFor(life, 60);
    life.passTo(days(5), declines());
    expect(life.subscription.status).toBe('past_due');
    expect(toldAt(life)).toEqual([days(-1)]);
  });

  it('tells nothing where the plan demands no notice any more', () => {
    const life = waiting();
    life.changePlan({ renewal_notice: 'off' });
    pauseFor(life, 60);
    life.passTo(days(1));
    expect(life.subscription.status).not.toBe('paused');
    expect(toldAt(life)).toEqual([days(-1)]);
  });

  it.each(['off', 'required'] as const)('tells nothing of what never waited for a notice: %s', (renewal_notice) => {
    const life = waitingForRedirect();
    life.changePlan({ renewal_notice });
    pauseFor(life, 5);
    life.passTo(new Date(RENEWAL.getTime() + 360_000));
    expect(life.subscription.status).not.toBe('paused');
    expect(toldAt(life)).toEqual([]);
  });
});

describe('a charge that waits for its notice', () => {
  it('is not made by an operator before its time either, who is told when that is', () => {
    const life = waiting();
    const pay = () => life.decide((c) => payNow(c, c.invoices.get(life.invoice(2).id)));
    life.now = new Date(days(4).getTime() - 1);
    const refused = refusal(pay);
    expect(refused).toMatchObject({ kind: 'conflict', code: 'renewal_notice_pending' });
    expect(refused.message).toContain(days(4).toISOString());
    life.now = days(4);
    expect(pay()).toMatchObject({ kind: 'retry', trigger: 'operator' });
  });

  it('belongs to a period: of an invoice that has none yet nothing can be told', () => {
    const life = Life.signUp({ plan: { renewal_notice: 'required' } });
    expect(() => life.decide((c) => holdForNotice(c, c.invoices.get(life.invoice(1).id), c.subscription, RENEWAL))).toThrow('it has no period yet');
  });
});
