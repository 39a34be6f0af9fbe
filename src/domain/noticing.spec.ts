import { describe, expect, it } from 'vitest';
import { cancel, pause, resume, uncancel } from './lifecycle.js';
import { START, type Terms } from './testing/case.builder.js';
import { captures, declines, Life, RENEWAL, staysPending } from './testing/life.story.js';
import { subscriptionView } from './views.js';

const DAY_MS = 86_400_000;
const TERMS = { defaultCountry: 'CN' };
const DUE = new Date(RENEWAL.getTime() - 5 * DAY_MS);
const days = (n: number, from = RENEWAL): Date => new Date(from.getTime() + n * DAY_MS);

/** A monthly subscription of a test clock, sold on 31 January, whose plan demands notice. */
const monthly = (terms: Terms = {}): Life =>
  Life.active({ ...terms, plan: { renewal_notice: 'required', ...terms.plan }, subscription: { test_clock: 'clk_1' } });

/** What notices said, and when: [told, period, amount, charge]. */
const notices = (life: Life): unknown[] =>
  life.told.flatMap(({ type, at, data }) => {
    if (type !== 'subscription.renewal_upcoming') return [];
    const { amount, charge_at, period } = data.object as { amount: number; charge_at: Date; period: { start: Date } };
    const invoice = life.invoices.find(({ period_start: start }) => start?.getTime() === period.start.getTime());
    return [[at, invoice?.period_no ?? life.subscription.period_no + 1, amount, charge_at]];
  });
/** When stored wallets were charged: [period, kind, when]. */
const charges = (life: Life): unknown[] =>
  life.charges.filter(({ kind }) => kind === 'recurring' || kind === 'retry').map(({ period_no, kind, created_at }) => [period_no, kind, created_at]);

describe('renewals of a plan that demands notice', () => {
  it('are told five days before, with what they will charge and when, and charged on their date', () => {
    const life = monthly({ quantity: 2 });
    life.passTo(new Date(DUE.getTime() - 1));
    expect(life.news()).toEqual([]);
    life.passTo(DUE);
    expect(life.news()).toEqual(['subscription.renewal_upcoming']);
    expect(life.told.at(-1)?.data.object).toMatchObject({
      object: 'subscription', id: 'sub_1', status: 'active', currency: 'CNY', next_charge_at: RENEWAL,
      amount: 7800, charge_at: RENEWAL, period: { start: RENEWAL, end: new Date('2026-03-31T04:00:00Z') },
    });
    life.passTo(RENEWAL);
    expect(charges(life)).toEqual([[2, 'recurring', RENEWAL]]);
    life.passTo(new Date('2026-04-30T04:00:00Z'));
    expect(notices(life)).toEqual([
      [DUE, 2, 7800, RENEWAL],
      [new Date('2026-03-26T04:00:00Z'), 3, 7800, new Date('2026-03-31T04:00:00Z')],
      [new Date('2026-04-25T04:00:00Z'), 4, 7800, new Date('2026-04-30T04:00:00Z')],
    ]);
    expect(charges(life)).toHaveLength(3);
  });

  it('wait for a notice that came late; the period and its invoice do not', () => {
    const life = monthly();
    life.now = days(-2);
    life.passTo(days(-2));
    expect(notices(life)).toEqual([[days(-2), 2, 3900, days(3)]]);
    expect(subscriptionView(life.subscription).next_charge_at, 'the truth').toEqual(days(3));
    life.passTo(RENEWAL);
    expect(life.invoice(2)).toMatchObject({ status: 'open', period_start: RENEWAL, charge_from: days(3), next_attempt_at: days(3) });
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 2, period_start: RENEWAL, period_end: new Date('2026-03-31T04:00:00Z') });
    expect(subscriptionView(life.subscription).next_charge_at).toEqual(days(3));
    life.passTo(new Date(days(3).getTime() - 1));
    expect(charges(life)).toEqual([]);
    life.passTo(days(3));
    expect(charges(life)).toEqual([[2, 'recurring', days(3)]]);
    expect(life.subscription).toMatchObject({ status: 'active', next_attempt_at: null });
    expect(life.invoice(2).status).toBe('paid');
  });

  it('are never told where the plan says so, where the country does not ask, or where so little lies between', () => {
    for (const terms of [{ plan: { renewal_notice: 'off' as const } }, { version: { interval: 'day' as const, amount: 1000 } }]) {
      const life = monthly(terms);
      life.passDays(70);
      expect(notices(life)).toEqual([]);
      expect(life.invoices.every((invoice) => invoice.status === 'paid' && invoice.charge_from === null)).toBe(true);
    }
  });

  it('with a balance that covers them tell nothing; one that was spent elsewhere meanwhile is told late', () => {
    const life = monthly({ balance: 3900 });
    life.passTo(RENEWAL);
    expect([notices(life), life.invoice(2).status]).toEqual([[], 'paid']);
    const poorer = monthly({ balance: 3900 });
    poorer.passTo(DUE);
    expect(notices(poorer)).toEqual([]);
    poorer.spendBalance(3900);
    poorer.passTo(RENEWAL);
    expect(notices(poorer)).toEqual([[RENEWAL, 2, 3900, days(5)]]);
    poorer.passTo(days(5));
    expect(charges(poorer)).toEqual([[2, 'recurring', days(5)]]);
  });

  it('that would charge more than was told are told anew; less needs nothing', () => {
    const dearer = monthly();
    dearer.passTo(DUE);
    dearer.reprice(4900);
    dearer.passTo(days(5));
    expect(notices(dearer)).toEqual([[DUE, 2, 3900, RENEWAL], [RENEWAL, 2, 4900, days(5)]]);
    expect(charges(dearer)).toEqual([[2, 'recurring', days(5)]]);
    const cheaper = monthly();
    cheaper.passTo(DUE);
    cheaper.reprice(2900);
    cheaper.passTo(RENEWAL);
    expect([notices(cheaper).length, charges(cheaper)]).toEqual([1, [[2, 'recurring', RENEWAL]]]);
  });

  it('missed in an outage are told at once and wait, each for its own notice; nothing else is held up', () => {
    const life = monthly();
    const back = new Date('2026-05-10T00:00:00Z');
    life.now = back;
    life.passTo(back);
    expect(life.invoices.map((i) => [i.period_no, i.status])).toEqual([[1, 'paid'], [2, 'open'], [3, 'open'], [4, 'open']]);
    expect(notices(life)).toEqual([2, 3, 4].map((no) => [back, no, 3900, days(5, back)]));
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 4, next_attempt_at: days(5, back) });
    life.passTo(days(5, back));
    expect(charges(life)).toEqual([2, 3, 4].map((no) => [no, 'recurring', days(5, back)]));
    expect(life.invoices.every((invoice) => invoice.status === 'paid')).toBe(true);
    life.passTo(new Date('2026-05-31T04:00:00Z'));
    expect(notices(life).at(-1)).toEqual([new Date('2026-05-26T04:00:00Z'), 5, 3900, new Date('2026-05-31T04:00:00Z')]);
  });

  it('that are skipped after an outage are not told', () => {
    const life = monthly({ plan: { catch_up: 'latest' } });
    const back = new Date('2026-05-10T00:00:00Z');
    life.now = back;
    life.passTo(days(5, back));
    expect(life.invoices.map((i) => [i.period_no, i.status])).toEqual([[1, 'paid'], [2, 'void'], [3, 'void'], [4, 'paid']]);
    expect(notices(life)).toEqual([[back, 4, 3900, days(5, back)]]);
  });

  it('that begin sooner than was told, because a pause was ended early, are told anew, even where the charge could keep its date', () => {
    const life = monthly();
    life.passTo(days(-6));
    life.decide((c) => pause(c, days(1)));
    life.passTo(days(-1));
    expect(notices(life)).toEqual([[days(-4), 2, 3900, days(1)]]);
    life.decide((c) => void resume(c, TERMS, 'source'));
    life.passTo(days(4));
    expect(life.invoice(2)).toMatchObject({ period_start: RENEWAL, charge_from: days(4) });
    expect(notices(life).slice(1)).toEqual([[days(-1), 2, 3900, days(4)]]);
    expect(charges(life)).toEqual([[2, 'recurring', days(4)]]);
  });

  it('are tried again without another notice, and the next period joins the ladder with its own', () => {
    const life = monthly();
    life.passTo(new Date('2026-03-31T04:00:00Z'), declines());
    expect(charges(life).map((charge) => (charge as [number, string])[1])).toEqual(['recurring', 'retry', 'retry', 'retry', 'retry']);
    expect(notices(life)).toHaveLength(1);
    const slow = monthly({ policy: { retries: [{ after: '40d', notify: false }] } });
    slow.passTo(days(39), declines());
    expect(slow.invoice(3)).toMatchObject({ status: 'open', charge_from: new Date('2026-03-31T04:00:00Z') });
    slow.passTo(days(41));
    expect(charges(slow)).toEqual([[2, 'recurring', RENEWAL], [2, 'retry', days(40)], [3, 'recurring', new Date(days(40).getTime() + 3_600_000)]]);
    expect(notices(slow)).toHaveLength(2);
  });

  it('in a ladder whose notice came late are tried when it is old enough, not before', () => {
    const life = monthly({ version: { interval: 'week' } });
    const second = days(7, START);
    const third = days(14, START);
    life.passTo(second, declines());
    // Nobody is there until two days before the third week begins, and the second is paid then.
    life.now = days(-2, third);
    life.passTo(days(-2, third));
    expect(life.invoice(2).status).toBe('paid');
    life.passTo(days(1, third), declines());
    expect(notices(life).at(-1)).toEqual([days(-2, third), 3, 3900, days(3, third)]);
    life.passTo(days(3, third));
    expect(charges(life).at(-1)).toEqual([3, 'recurring', days(3, third)]);
  });

  it('charge a period that waits although the one before is undecided, and keep waiting when that is paid', () => {
    const life = monthly({ version: { interval: 'week' } });
    life.passTo(days(7, START), staysPending);
    const late = days(13, START);
    life.now = late;
    life.passTo(days(14, START), staysPending);
    expect(life.subscription).toMatchObject({ status: 'active', next_attempt_at: days(5, late) });
    life.passTo(days(5, late), staysPending);
    expect(life.charges.map(({ period_no, status }) => [period_no, status])).toEqual([[1, 'captured'], [2, 'pending'], [3, 'pending']]);
    const paid = monthly({ version: { interval: 'week' } });
    paid.passTo(days(7, START), staysPending);
    paid.now = late;
    paid.passTo(days(14, START), staysPending);
    paid.hear(paid.latest, 'captured');
    expect(paid.subscription).toMatchObject({ status: 'active', next_attempt_at: days(5, late) });
  });

  it('that wait have not failed: what failed and came after all leaves the subscription well, whichever news came first', () => {
    const lives = [['declined', 'captured'], ['captured']] as const;
    const [crooked, straight] = lives.map((news) => {
      const life = monthly({ version: { interval: 'week' } });
      life.passTo(days(7, START), staysPending);
      const second = life.latest;
      life.now = days(13, START);
      life.passTo(days(14, START), staysPending);
      for (const status of news) life.hear(second, status);
      return life;
    });
    expect(crooked?.subscription).toEqual(straight?.subscription);
    expect(crooked?.subscription).toMatchObject({ status: 'active', next_attempt_at: days(18, START) });
    crooked?.passTo(days(18, START));
    expect(crooked?.invoices.map(({ status }) => status)).toEqual(['paid', 'paid', 'paid']);
  });
});

describe('a notice is worth something as long as it is the last word', () => {
  const cancelAtEnd = (life: Life): void => life.decide((c) => cancel(c, { at: 'period_end', refund: 'none', reason: null }));

  it('there is none while nothing will renew; an uncancel in time brings it in time, a late one late', () => {
    const life = monthly();
    cancelAtEnd(life);
    life.passTo(days(-2));
    expect(notices(life)).toEqual([]);
    life.decide(uncancel);
    expect(subscriptionView(life.subscription).next_charge_at, 'told at once, so that is when').toEqual(days(3));
    life.passTo(days(3));
    expect(notices(life)).toEqual([[days(-2), 2, 3900, days(3)]]);
    expect(charges(life)).toEqual([[2, 'recurring', days(3)]]);
    const inTime = monthly();
    cancelAtEnd(inTime);
    inTime.passTo(days(-10));
    inTime.decide(uncancel);
    inTime.passTo(RENEWAL);
    expect([notices(inTime), charges(inTime)]).toEqual([[[DUE, 2, 3900, RENEWAL]], [[2, 'recurring', RENEWAL]]]);
  });

  it('a cancel after it takes it back', () => {
    const life = monthly();
    life.passTo(DUE);
    cancelAtEnd(life);
    expect(life.subscription).toMatchObject({ noticed_at: null, renewal_charge_at: null });
    life.passTo(days(-4));
    life.decide(uncancel);
    life.passTo(days(1));
    expect(notices(life)).toEqual([[DUE, 2, 3900, RENEWAL], [days(-4), 2, 3900, days(1)]]);
    expect(charges(life)).toEqual([[2, 'recurring', days(1)]]);
  });

  it('so does a pause without an end; resumed within the period, it is told again', () => {
    const life = monthly();
    life.passTo(DUE);
    life.decide((c) => pause(c, null));
    life.passTo(days(-1));
    life.decide((c) => resume(c, TERMS, 'checkout'));
    life.passTo(days(4));
    expect(notices(life)).toEqual([[DUE, 2, 3900, RENEWAL], [days(-1), 2, 3900, days(4)]]);
    expect([life.invoice(2).period_start, charges(life)]).toEqual([RENEWAL, [[2, 'recurring', days(4)]]]);
  });

  it('a pause with an end within the period changes nothing', () => {
    const life = monthly();
    life.decide((c) => pause(c, days(-3)));
    life.passTo(RENEWAL);
    expect([notices(life), charges(life)]).toEqual([[[DUE, 2, 3900, RENEWAL]], [[2, 'recurring', RENEWAL]]]);
  });

  it('a pause with an end after the period has its resume told before it, on its new date', () => {
    const life = monthly();
    life.decide((c) => pause(c, days(20)));
    expect(subscriptionView(life.subscription).next_charge_at).toEqual(days(20));
    life.passTo(days(20));
    expect(notices(life)).toEqual([[days(15), 2, 3900, days(20)]]);
    expect(life.invoice(2)).toMatchObject({ period_start: days(20), status: 'paid' });
    const late = monthly();
    late.passTo(days(2), captures);
    late.decide((c) => pause(c, days(40)));
    late.now = days(41);
    late.passTo(days(41));
    expect(late.invoice(3), 'the engine was away: a new period begins, its charge waits').toMatchObject({ period_start: days(41), charge_from: days(46) });
    expect(charges(late)).toEqual([[2, 'recurring', RENEWAL]]);
  });

  it('a resume that confirms the charge needs no other notice', () => {
    const life = monthly();
    life.decide((c) => pause(c, null));
    life.passTo(days(10));
    life.agreed.push(life.now);
    life.decide((c) => resume(c, TERMS, 'source'));
    expect([notices(life), charges(life)]).toEqual([[], [[2, 'recurring', days(10)]]]);
    const sooner = monthly();
    sooner.decide((c) => pause(c, days(40)));
    sooner.passTo(days(10));
    sooner.agreed.push(sooner.now);
    sooner.decide((c) => resume(c, TERMS, 'source'));
    expect([notices(sooner), charges(sooner)], 'nor does it where the pause had an end').toEqual([[], [[2, 'recurring', days(10)]]]);
  });

  it('a resume within the period that confirms it keeps to the date that was told', () => {
    const life = monthly();
    life.now = days(-1);
    life.passTo(RENEWAL);
    life.decide((c) => pause(c, null));
    life.passTo(days(2));
    life.decide((c) => resume(c, TERMS, 'source'));
    life.passTo(days(6));
    expect([notices(life), charges(life)]).toEqual([[[days(-1), 2, 3900, days(4)]], [[2, 'recurring', days(4)]]]);
  });

  it('what waited when a pause began is told anew when the pause ends by itself', () => {
    const life = monthly();
    life.now = days(-1);
    life.passTo(RENEWAL);
    expect(life.invoice(2).charge_from).toEqual(days(4));
    life.decide((c) => pause(c, days(10)));
    life.passTo(days(15));
    expect(notices(life)).toEqual([[days(-1), 2, 3900, days(4)], [days(10), 2, 3900, days(15)]]);
    expect(charges(life)).toEqual([[2, 'recurring', days(15)]]);
  });

  it('one that recovers from being unpaid is told of its next period at once, and charged five days later', () => {
    const life = monthly({ policy: { final_action: 'unpaid' } });
    life.passTo(days(20), declines());
    expect(life.subscription).toMatchObject({ status: 'unpaid', notice_due_at: null });
    life.passTo(days(60));
    expect(notices(life)).toHaveLength(1);
    life.decide((c) => c.addCharge('checkout', life.invoice(2), null, c.subscription, c.engineNow));
    life.openRedirect();
    life.pay();
    const paidAt = life.now;
    life.passDays(5);
    expect(notices(life).at(-1)).toEqual([paidAt, 3, 3900, days(5, paidAt)]);
    expect(life.invoice(3)).toMatchObject({ period_start: new Date(paidAt.getTime() + 3_600_000), charge_from: days(5, paidAt) });
    expect(charges(life).at(-1)).toEqual([3, 'recurring', days(5, paidAt)]);
  });
});
