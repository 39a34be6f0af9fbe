import { describe, expect, it } from 'vitest';
import { openCheckout } from './checkout.js';
import { pause } from './lifecycle.js';
import { payNow } from './operator.js';
import { START } from './testing/case.builder.js';
import { twoInFlight } from './testing/in.flight.story.js';
import { captures, declines, Life, RENEWAL, staysPending, type Gateway } from './testing/life.story.js';

/** When the third period of a daily plan begins. */
const day2 = new Date(START.getTime() + 2 * 86_400_000);
const day = (n: number): Date => new Date(RENEWAL.getTime() + n * 86_400_000);

/** A monthly subscription at the instant its second period begins. */
function atRenewal(gateway: Gateway, terms = {}): Life {
  const life = Life.active(terms);
  life.passTo(RENEWAL, gateway);
  return life;
}

/** The days, counted from the renewal, on which the wallet was tried. */
const triedOn = (life: Life): number[] =>
  life.charges
    .filter((charge) => charge.kind !== 'initial')
    .map((charge) => (charge.created_at.getTime() - RENEWAL.getTime()) / 86_400_000);

describe('the ladder', () => {
  it('tries on days 0, 1, 4, 9 and 16, then cancels and gives the invoice up', () => {
    const life = atRenewal(declines('20051'));
    life.passDays(40, declines('20051'));
    expect(triedOn(life)).toEqual([0, 1, 4, 9, 16]);
    expect(life.subscription).toMatchObject({ status: 'canceled', cancel_reason: 'dunning_exhausted', canceled_at: day(16), due_at: null });
    expect(life.invoice(2)).toMatchObject({ status: 'uncollectible', attempt_count: 5, next_attempt_at: null });
  });

  it('tells the first failure, every try and the end, each once', () => {
    const life = atRenewal(declines('20051'));
    expect(life.news()).toEqual([
      'invoice.finalized', 'charge.created', 'charge.declined', 'invoice.payment_failed',
      'subscription.past_due', 'dunning.started',
    ]);
    life.passTo(day(1), declines('20051'));
    expect(life.news()).toEqual(['charge.created', 'dunning.retried', 'charge.declined', 'invoice.payment_failed']);
    life.passTo(day(15), declines('20051'));
    life.news();
    life.passTo(day(16), declines('20051'));
    expect(life.news()).toEqual([
      'charge.created', 'dunning.retried', 'charge.declined', 'invoice.payment_failed',
      'dunning.exhausted', 'invoice.uncollectible', 'subscription.canceled',
    ]);
  });

  it.each([1, 4, 9, 16])('a success on day %i recovers the subscription on its old anchor', (paidOn) => {
    const life = atRenewal(declines('20051'));
    life.passTo(day(paidOn - 0.5), declines('20051'));
    life.news();
    life.passTo(day(paidOn), captures);
    expect(life.news().slice(-3)).toEqual(['invoice.paid', 'subscription.renewed', 'subscription.recovered']);
    expect(life.subscription).toMatchObject({
      status: 'active', period_no: 2, period_end: new Date('2026-03-31T04:00:00Z'),
      paid_through: new Date('2026-03-31T04:00:00Z'), dunning_step: null, next_attempt_at: null, past_due_reason: null,
    });
  });

  it('shows the next try on the invoice that it will try', () => {
    const life = atRenewal(declines('20051'));
    expect(life.invoice(2).next_attempt_at).toEqual(day(1));
    life.passTo(day(1), declines('20051'));
    expect(life.invoice(2).next_attempt_at).toEqual(day(4));
  });

  it('has no next try while one is being made', () => {
    const life = atRenewal(declines('20051'));
    life.now = day(1);
    life.live();
    expect(life.latest).toMatchObject({ kind: 'retry', status: 'created', created_at: day(1), next_check_at: day(1) });
    expect(life.subscription.next_attempt_at).toBeNull();
  });

  it.each([
    ['cancel', 'uncollectible'],
    ['unpaid', 'open'],
    ['pause', 'open'],
  ] as const)('withdraws at its end what was not sent yet (%s)', (final_action, status) => {
    const life = Life.active({ version: { interval: 'day', amount: 1000 }, policy: { final_action, retries: [{ after: '1d', notify: true }] } });
    life.passDays(1, staysPending);
    const second = life.latest;
    life.now = day2;
    life.live();
    const third = life.latest;
    life.hear(second, 'declined', { response_code: '20051' });
    life.now = life.subscription.next_attempt_at as Date;
    while (life.latest.kind !== 'retry') life.live();
    life.hear(life.send(life.latest), 'declined', { response_code: '20051' });
    expect(life.charge(third.id)).toMatchObject({ status: 'withdrawn', next_check_at: new Date(life.now.getTime() + 14 * 86_400_000), settled_at: life.now });
    expect(life.invoice(3).status).toBe(status);
  });

  it('does not climb while the outcome of a try is open', () => {
    const life = atRenewal(declines('20051'));
    life.passTo(day(20), staysPending);
    expect(triedOn(life)).toEqual([0, 1]);
    expect(life.subscription).toMatchObject({ status: 'past_due', dunning_step: 0 });
  });

  it('ends as the policy says', () => {
    for (const [final_action, status, told] of [
      ['unpaid', 'unpaid', 'subscription.unpaid'],
      ['pause', 'paused', 'subscription.paused'],
    ] as const) {
      const life = atRenewal(declines('20051'), { policy: { final_action } });
      life.passDays(40, declines('20051'));
      expect(life.subscription.status).toBe(status);
      expect(life.invoice(2).status).toBe('open');
      expect(life.news().slice(-2)).toEqual(['dunning.exhausted', told]);
      expect(life.subscription.due_at, 'nothing is invoiced any more').toBeNull();
    }
  });

  it('H10: waits 2, 5, 7 and 7 days when the policy says so', () => {
    const retries = ['2d', '5d', '7d', '7d'].map((after) => ({ after, notify: true }));
    const life = atRenewal(declines('20051'), { policy: { retries } });
    life.passDays(40, declines('20051'));
    expect(triedOn(life)).toEqual([0, 2, 7, 14, 21]);
  });
});

describe('an unpaid subscription whose customer begins to pay', () => {
  /** It owes three weeks, of which only the first was tried. */
  function owing(): Life {
    const life = Life.active({ version: { interval: 'week', amount: 1000 }, policy: { final_action: 'unpaid', retries: [{ after: '15d', notify: true }] } });
    life.passDays(25, declines('20051'));
    expect(life.subscription).toMatchObject({ status: 'unpaid', next_attempt_at: null });
    expect(life.invoices.filter(({ status }) => status === 'open')).toHaveLength(3);
    return life;
  }
  /** He pays the oldest debt at the wallet. */
  function begun(): Life {
    const life = owing();
    life.decide((c) => openCheckout(c, c.subscription, null, { defaultCountry: 'CN' }));
    life.openRedirect();
    life.pay();
    return life;
  }
  const anHourLater = (life: Life): Date => new Date(life.now.getTime() + 3_600_000);

  it('is asked for one debt an hour after the other, and is well again with the last', () => {
    const life = begun();
    const before = life.charges.length;
    expect(life.subscription).toMatchObject({ status: 'unpaid', next_attempt_at: anHourLater(life) });
    life.passHours(1.5);
    expect(life.latest).toMatchObject({ kind: 'recurring', trigger: 'schedule', period_no: 3, status: 'captured' });
    expect(life.subscription.status).toBe('unpaid');
    life.passHours(1);
    expect(life.charges.slice(before).map(({ period_no }) => period_no)).toEqual([3, 4]);
    expect(life.subscription).toMatchObject({ status: 'active', next_attempt_at: null });
  });

  it('is asked for no more once that fails: no ladder begins', () => {
    const life = begun();
    life.passDays(30, declines('20051'));
    expect(life.charges.filter(({ period_no }) => period_no === 3)).toHaveLength(1);
    expect(life.charges.filter(({ period_no }) => period_no > 3)).toEqual([]);
    expect(life.subscription).toMatchObject({ status: 'unpaid', next_attempt_at: null, dunning_started_at: null });
  });

  it('is tried again as a retry where the next debt has failed before', () => {
    const life = owing();
    life.hear(life.send(life.decide((c) => payNow(c, c.invoices.get(life.invoice(4).id)))), 'captured');
    life.passHours(1);
    expect(life.latest).toMatchObject({ kind: 'retry', period_no: 2 });
  });

  it('is left alone while he pays the next debt himself, too', () => {
    const life = begun();
    const charges = life.charges.length;
    life.decide((c) => openCheckout(c, c.subscription, null, { defaultCountry: 'CN' }));
    life.passHours(0.9);
    life.openRedirect();
    life.passHours(1);
    expect(life.charges).toHaveLength(charges + 1);
    expect(life.subscription).toMatchObject({ status: 'unpaid', next_attempt_at: null });
  });

  it('is asked for nothing where no wallet is stored any more', () => {
    const life = begun();
    life.now = anHourLater(life);
    life.live();
    life.hear(life.send(life.latest), 'declined', { response_code: '200R1' });
    expect(life.wallet?.status).toBe('revoked');
    life.passDays(10);
    expect(life.subscription).toMatchObject({ status: 'unpaid', next_attempt_at: null });
  });
});

describe('a try that never was, of a wallet that has died meanwhile,', () => {
  it('leaves the ladder to whoever brings another wallet, with the time of the whole ladder', () => {
    const { life, second, third } = twoInFlight();
    life.hear(second, 'declined', { response_code: '20051' });
    life.now = life.subscription.next_attempt_at as Date;
    while (life.latest.kind !== 'retry') life.live();
    const retry = life.send(life.latest);
    life.observe({ charge: retry.id, request_id: null, kind: 'unknown', reason: 'time-out' });
    life.hear(third, 'declined', { response_code: '200R1' });
    const waitsUntil = life.subscription.dunning_ends_at;
    expect(waitsUntil).not.toBeNull();
    life.proveAbsent(retry);
    expect(life.subscription).toMatchObject({ status: 'past_due', next_attempt_at: null, dunning_ends_at: waitsUntil });
    expect(life.charges.filter(({ period_no }) => period_no === 2)).toHaveLength(2);
  });
});

/** The answer of the charge made last is lost, and look-ups prove in the end that the gateway never had it. */
function lost(life: Life, meanwhile = (): void => {}): Life {
  if (life.latest.status === 'created') life.send(life.latest);
  const { id } = life.latest;
  life.observe({ charge: id, request_id: null, kind: 'unknown', reason: 'time-out' });
  meanwhile();
  life.now = new Date(life.now.getTime() + 26 * 3_600_000);
  for (let n = 0; n < 8 && life.charge(id).status !== 'absent'; n += 1) {
    life.observe({ charge: id, request_id: null, kind: 'not_found', windows: { settleSeconds: 1_800, idempotencyHours: 24 } });
    life.now = new Date(life.now.getTime() + 1_800_000);
  }
  expect(life.charge(id).status).toBe('absent');
  return life;
}

describe('a renewal', () => {
  it('that the gateway never had is charged again at once, as the same try', () => {
    const life = lost(Life.renewing());
    expect(life.charges.map(({ kind, attempt, status }) => ({ kind, attempt, status })).slice(1)).toEqual([
      { kind: 'recurring', attempt: 1, status: 'absent' },
      { kind: 'recurring', attempt: 2, status: 'created' },
    ]);
    expect(life.subscription).toMatchObject({ status: 'active', dunning_step: null });
  });

  it('that the gateway never had is not charged again once its invoice is paid', () => {
    const life = Life.renewing();
    const late = life.latest;
    life.hear(late, 'declined', { response_code: '20051' });
    life.now = day(1);
    life.live();
    life.send(life.latest);
    const charges = life.charges.length;
    lost(life, () => life.hear(late, 'captured'));
    expect(life.latest.status).toBe('absent');
    expect(life.charges).toHaveLength(charges);
  });

  it.each([
    ['declined', (life: Life) => life.hear(life.latest, 'declined', { response_code: '20051' })],
    ['never there', (life: Life) => void lost(life)],
  ])('that was in flight at a pause and is %s stays owed, and nothing is tried', (_, ends) => {
    const life = Life.renewing();
    life.decide((c) => pause(c, null));
    ends(life);
    expect(life.invoice(2)).toMatchObject({ status: 'open', amount_due: 3900 });
    expect(life.charges).toHaveLength(2);
    expect(life.subscription.status).toBe('paused');
  });

  it('is spread over the minutes of its plan by the tail of its id, and not at all under a test clock', () => {
    const sendAfter = (id: string, test_clock: string | null): number => {
      const life = Life.active({ plan: { spread_minutes: 60 }, subscription: { id, test_clock } });
      life.now = RENEWAL;
      life.live();
      return ((life.latest.next_check_at as Date).getTime() - RENEWAL.getTime()) / 60_000;
    };
    const slots = Array.from({ length: 40 }, (_, i) => sendAfter(`sub_0000${i * 7_919 + 10_007}`, null));
    expect(new Set(slots).size, 'many slots are used').toBeGreaterThan(15);
    expect(slots.filter((minutes) => minutes < 0 || minutes >= 60 || !Number.isInteger(minutes))).toEqual([]);
    expect(sendAfter('sub_x_same_tail', null)).toBe(sendAfter('sub_y_same_tail', null));
    expect(sendAfter('sub_000010007', 'clock_1')).toBe(0);
  });
});
