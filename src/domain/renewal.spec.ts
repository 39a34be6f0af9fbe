import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { periodStart } from './calendar.js';
import { INTERVALS } from './plan.js';
import { cancel, pause } from './lifecycle.js';
import { START } from './testing/case.builder.js';
import { captures, declines, Life, staysPending } from './testing/life.story.js';

const iso = (date: Date | null): string | null => date && date.toISOString().slice(0, 16);

describe('renewals', () => {
  it('write one invoice per period, numbered one by one, each counted from the anchor', () => {
    const lives = fc.record({
      interval: fc.constantFrom(...INTERVALS),
      count: fc.integer({ min: 1, max: 4 }),
      zone: fc.constantFrom('Asia/Shanghai', 'America/New_York', 'Europe/Paris', 'Australia/Lord_Howe'),
      start: fc.integer({ min: 0, max: 400 }).map((n) => new Date(START.getTime() + n * 86_400_000)),
      answers: fc.infiniteStream(fc.constantFrom(captures, captures, staysPending)),
    });
    fc.assert(
      fc.property(lives, ({ interval, count, zone, start, answers }) => {
        const life = Life.active({ startsAt: start, timeZone: zone, version: { interval, interval_count: count } });
        const anchor = life.subscription.billing_anchor as Date;
        for (let n = 0; n < 8; n += 1) life.passTo(life.subscription.period_end as Date, answers.next().value);
        expect(life.invoices.map((invoice) => invoice.period_no)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
        for (const invoice of life.invoices) {
          const at = (k: number): Date => periodStart(anchor, { interval, count }, zone, k);
          expect([invoice.period_start, invoice.period_end]).toEqual([at(invoice.period_no - 1), at(invoice.period_no)]);
        }
        expect(life.subscription).toMatchObject({ status: 'active', billing_anchor: anchor, epoch: 0 });
      }),
      { numRuns: 40 },
    );
  });

  it('charge each period once, and on its own while the one before is undecided', () => {
    const life = Life.active();
    life.passDays(70, staysPending);
    expect(life.charges.map((charge) => [charge.period_no, charge.status])).toEqual([[1, 'captured'], [2, 'pending'], [3, 'pending']]);
    expect(life.subscription, 'pending is not paid').toMatchObject({ status: 'active', period_no: 3, paid_through: new Date('2026-02-28T04:00:00Z') });
    expect(life.news()).not.toContain('subscription.renewed');
  });

  it('go on while the last period is owed, but leave its charge to the ladder', () => {
    const life = Life.active({ version: { interval: 'day', amount: 1000 } });
    life.passDays(1, declines());
    const charges = life.charges.length;
    life.passTo(new Date(life.now.getTime() + 86_400_000 - 1), declines());
    expect(life.charges).toHaveLength(charges);
    life.passTo(new Date(life.now.getTime() + 1), staysPending);
    expect(life.invoices.at(-1)).toMatchObject({ period_no: 3, status: 'open' });
    expect(life.charges.filter((charge) => charge.period_no === 3)).toEqual([]);
    expect(life.latest).toMatchObject({ period_no: 2, kind: 'retry' });
  });

  it('that have passed are written down as void where the plan catches up with the latest, also while one is owed', () => {
    const life = Life.active({ plan: { catch_up: 'latest' } });
    life.passTo(life.subscription.period_end as Date, declines());
    expect(life.subscription).toMatchObject({ status: 'past_due', period_no: 2 });
    life.now = new Date('2026-06-15T00:00:00Z');
    life.passTo(life.now, captures);
    expect(life.invoices.map((i) => [i.period_no, i.status, i.void_reason])).toEqual([
      [1, 'paid', null], [2, 'paid', null], [3, 'void', 'period_skipped'], [4, 'void', 'period_skipped'], [5, 'paid', null],
    ]);
    expect(life.charges.filter((charge) => charge.period_no === 3 || charge.period_no === 4)).toEqual([]);
  });

  it('pass at the instant at which the next period begins', () => {
    const life = Life.active({ plan: { catch_up: 'latest' } });
    life.now = new Date('2026-03-31T04:00:00Z');
    life.passTo(life.now, captures);
    expect(life.invoices.map((i) => [i.period_no, i.status])).toEqual([[1, 'paid'], [2, 'void'], [3, 'paid']]);
  });

  it('end with the period where a cancel waits for it, and give nothing back', () => {
    const life = Life.active();
    life.decide((c) => cancel(c, { at: 'period_end', refund: 'none', reason: 'moving' }));
    life.passTo(new Date('2026-02-28T04:00:00Z'));
    expect(life.subscription).toMatchObject({ status: 'canceled', cancel_reason: 'moving', cancel_refund: 'none', ended_by: 'request' });
    expect(life.invoices).toHaveLength(1);
  });

  it('bill missed periods one by one, oldest first', () => {
    const life = Life.active();
    life.now = new Date('2026-06-15T00:00:00Z');
    life.passTo(life.now, captures);
    expect(life.invoices.map((i) => [i.period_no, i.status, iso(i.period_start)])).toEqual([
      [1, 'paid', '2026-01-31T04:00'],
      [2, 'paid', '2026-02-28T04:00'],
      [3, 'paid', '2026-03-31T04:00'],
      [4, 'paid', '2026-04-30T04:00'],
      [5, 'paid', '2026-05-31T04:00'],
    ]);
  });

  it('paid by the customer’s balance need no wallet', () => {
    const life = Life.active({ balance: 5000 });
    life.passTo(new Date('2026-02-28T04:00:00Z'));
    expect(life.invoice(2)).toMatchObject({ status: 'paid', balance_applied: 3900, amount_paid: 0 });
    expect(life.charges).toHaveLength(1);
    life.passTo(new Date('2026-03-31T04:00:00Z'));
    expect(life.invoice(3), 'a rest below ¥10 would be refused').toMatchObject({ balance_applied: 1100, amount_paid: 2800 });
  });

  it('spread their sending, never the period', () => {
    const life = Life.active({ plan: { spread_minutes: 60 } });
    const waits = ['2026-02-28T04:00:00Z', '2026-03-31T04:00:00Z'].map((at) => {
      life.now = new Date(at);
      life.live();
      expect(life.invoices.at(-1)?.period_start).toEqual(life.now);
      return ((life.latest.next_check_at as Date).getTime() - life.now.getTime()) / 60_000;
    });
    expect(waits[0]).toBe(waits[1]);
    expect(waits[0]).toBeGreaterThan(0);
    expect(waits[0]).toBeLessThan(60);
  });
});

describe('what falls due', () => {
  it('is not done before its time, nor anything when nothing is due', () => {
    const life = Life.active();
    life.news();
    life.now = new Date(new Date('2026-02-28T04:00:00Z').getTime() - 1);
    life.live();
    expect(life.news()).toEqual([]);
    life.decide((c) => pause(c, null));
    life.news();
    life.live();
    expect(life.news()).toEqual([]);
  });

  it('leaves what was paid for longest as it is, although an older period is paid after it', () => {
    const life = Life.active();
    life.passTo(new Date('2026-03-31T04:00:00Z'), staysPending);
    const [, second, third] = life.charges;
    if (!second || !third) throw new Error('two periods are charged');
    life.hear(third, 'captured');
    const through = life.subscription.paid_through;
    expect(through).toEqual(new Date('2026-04-30T04:00:00Z'));
    life.hear(second, 'captured');
    expect(life.subscription.paid_through).toEqual(through);
  });
});

describe('a sign-up', () => {
  it('begins its first period when its money comes, not when it was asked for', () => {
    const life = Life.signUp();
    life.passHours(20);
    life.pay();
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 1, period_start: life.now, billing_anchor: life.now });
    expect(life.news()).toEqual([
      'invoice.finalized', 'charge.created', 'charge.pending', 'charge.captured', 'source.captured', 'invoice.paid', 'subscription.activated',
    ]);
  });

  it('H19: that is never paid expires after a day, and its invoice is voided', () => {
    const life = Life.signUp();
    life.passHours(24);
    expect(life.subscription).toMatchObject({ status: 'incomplete_expired', due_at: null });
    expect(life.invoices).toMatchObject([{ status: 'void', void_reason: 'sign_up_expired' }]);
    expect(life.news().slice(-2)).toEqual(['invoice.voided', 'subscription.expired']);
  });

  it('that expires takes back the redirect that was never sent', () => {
    const life = Life.signUp();
    life.decide((c) => c.addCharge('initial', c.invoices.get(life.latest.invoice), null, c.subscription, c.engineNow));
    const unsent = life.latest;
    life.passHours(24);
    expect(life.charge(unsent.id).status).toBe('withdrawn');
  });

  it('writes the invoice that a consumer can find from the subscription', () => {
    const life = Life.signUp();
    expect(life.invoices).toMatchObject([{ id: expect.stringMatching(/^inv_/), number: '', period_no: 1, period_start: null }]);
    expect(life.subscription.latest_invoice).toBe(life.invoices[0]?.id);
    life.pay();
    life.passTo(new Date('2026-02-28T04:00:00Z'));
    expect(life.subscription.latest_invoice).toBe(life.invoice(2).id);
  });

  it('is asked for the price at once where a price for a trial has no days', () => {
    const life = Life.signUp({ version: { trial_amount: 1_000 } });
    life.pay();
    expect(life.invoice(1)).toMatchObject({ total: 3_900, period_end: new Date('2026-02-28T04:00:00Z') });
    expect(life.subscription).toMatchObject({ status: 'active', trial_end: null });
  });

  it('I19: paid on the last minute of a daily plan owes one period, the current one', () => {
    const life = Life.signUp({ version: { interval: 'day', amount: 1000 } });
    life.passTo(new Date(START.getTime() + 24 * 3_600_000 - 1));
    life.pay();
    expect(life.invoices.map((i) => [i.period_no, i.period_start])).toEqual([[1, life.now]]);
  });
});

describe('a free trial', () => {
  it('E01: ten days of nothing, then the price for the month that begins at the trial’s end', () => {
    const life = Life.signUp({ startsAt: new Date('2021-09-10T00:00:00Z'), timeZone: 'UTC', version: { amount: 2495, trial_days: 10 } });
    expect(life.invoices).toEqual([]);
    life.passTo(new Date('2021-09-19T23:59:59Z'));
    expect(life.subscription.status).toBe('trialing');
    life.passTo(new Date('2021-09-20T00:00:00Z'));
    expect(life.subscription.status).toBe('incomplete');
    payAtTrialEnd(life, 5);
    expect(life.invoice(1)).toMatchObject({ total: 2495, period_start: new Date('2021-09-20T00:00:00Z'), period_end: new Date('2021-10-20T00:00:00Z') });
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 1, epoch_first_period: 1 });
  });

  it('whose end nobody answers ends the subscription a day later', () => {
    const life = Life.signUp({ version: { trial_days: 10 } });
    life.passDays(12);
    expect(life.subscription.status).toBe('incomplete_expired');
    expect(life.news()).toEqual([
      'subscription.trial_will_end', 'invoice.finalized', 'subscription.updated', 'invoice.voided', 'subscription.expired',
    ]);
  });

  it('bills the setup fee with the first payment', () => {
    const life = Life.signUp({ version: { trial_days: 10, setup_fee: 5000 } });
    life.passDays(10);
    expect(life.invoice(1).lines.map((line) => line.type)).toEqual(['recurring', 'setup_fee']);
  });
});

describe('a paid trial', () => {
  it('E08: becomes period 1 at its end, which is the anchor from then on', () => {
    const life = Life.signUp({
      startsAt: new Date('2024-04-28T12:00:00Z'), timeZone: 'UTC', version: { trial_days: 7, trial_amount: 1000, setup_fee: 500 },
    });
    life.pay();
    expect(life.subscription).toMatchObject({ status: 'trialing', period_no: 0, trial_end: new Date('2024-05-05T12:00:00Z') });
    expect(life.invoice(0)).toMatchObject({ status: 'paid', total: 1500, period_end: new Date('2024-05-05T12:00:00Z') });
    life.passTo(new Date('2024-05-05T12:00:00Z'));
    expect(life.subscription).toMatchObject({
      status: 'active', period_no: 1, billing_anchor: new Date('2024-05-05T12:00:00Z'), period_end: new Date('2024-06-05T12:00:00Z'),
    });
    life.passTo(new Date('2024-06-05T12:00:00Z'));
    expect(life.invoices.map((invoice) => [invoice.period_no, invoice.total])).toEqual([[0, 1500], [1, 3900], [2, 3900]]);
  });

  it('whose first period is declined goes through the ladder like any other', () => {
    const life = Life.signUp({ version: { trial_days: 7, trial_amount: 1000 } });
    life.pay();
    life.passDays(7, declines());
    expect(life.subscription).toMatchObject({ status: 'past_due', period_no: 1 });
  });
});

/** The customer is asked at the trial's end and pays some hours later. */
function payAtTrialEnd(life: Life, hours: number): void {
  life.decide((c) => {
    const [owed] = c.openInvoices();
    if (!owed) throw new Error('nothing is owed');
    c.addCharge('initial', owed, null, c.subscription, c.engineNow);
  });
  life.openRedirect();
  life.passHours(hours);
  life.pay();
}
