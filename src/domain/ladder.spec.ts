import { describe, expect, it } from 'vitest';
import { pause, resume } from './lifecycle.js';
import { twoInFlight } from './testing/in.flight.story.js';
import { captures, declines, type Gateway, Life, RENEWAL, staysPending } from './testing/life.story.js';
import { settle } from './settlement.js';
import { factOf, type Terms } from './testing/case.builder.js';

const HOUR = 3_600_000;
const at = (days: number, hours = 0): Date => new Date(RENEWAL.getTime() + days * 24 * HOUR + hours * HOUR);
const expires: Gateway = () => ({ status: 'expired' });
/** Answers in turn, the last answer for good. */
const inTurn = (...codes: string[]): Gateway => {
  let turn = 0;
  return () => ({ status: 'declined', code: codes[Math.min(turn++, codes.length - 1)] ?? '20051' });
};

function atRenewal(gateway: Gateway, terms: Terms = {}): Life {
  const life = Life.active(terms);
  life.passTo(RENEWAL, gateway);
  return life;
}

/** When each try of the second period was made, and what made it. */
const tries = (life: Life) =>
  life.charges
    .filter((charge) => charge.period_no === 2)
    .map((charge) => [(charge.created_at.getTime() - RENEWAL.getTime()) / HOUR, charge.kind, charge.trigger, charge.dunning_step]);

describe('want of money', () => {
  it('climbs the ladder, step by step, to its end', () => {
    const life = Life.active();
    life.passTo(at(40), declines('20051'));
    expect(tries(life)).toEqual([
      [0, 'recurring', 'schedule', null], [24, 'retry', 'schedule', 1], [96, 'retry', 'schedule', 2],
      [216, 'retry', 'schedule', 3], [384, 'retry', 'schedule', 4],
    ]);
    expect(life.subscription).toMatchObject({ status: 'canceled', canceled_at: at(16) });
    expect(life.latest).toMatchObject({ status: 'declined', decline_class: 'funds', response_code: '20051' });
  });

  it('says why it is past due, as long as it is', () => {
    const life = atRenewal(declines('20051'));
    expect(life.subscription).toMatchObject({ past_due_reason: '20051', past_due_class: 'funds', dunning_step: 0, next_attempt_at: at(1) });
    life.passTo(at(1), declines('30021'));
    expect(life.subscription).toMatchObject({ past_due_reason: '30021', past_due_class: 'funds', dunning_step: 1, next_attempt_at: at(4) });
    life.passTo(at(4), captures);
    expect(life.subscription).toMatchObject({ status: 'active', past_due_reason: null, past_due_class: null, dunning_step: null });
  });

  it('ends a ladder without steps at once', () => {
    const life = atRenewal(declines('20051'), { policy: { retries: [] } });
    expect(life.subscription).toMatchObject({ status: 'canceled', canceled_at: RENEWAL });
  });
});

describe('a technical failure', () => {
  it('is tried again within hours, and then climbs as want of money does', () => {
    const life = Life.active();
    life.passTo(at(40), declines('20068'));
    expect(tries(life)).toEqual([
      [0, 'recurring', 'schedule', null], [1, 'retry', 'technical', null], [5, 'retry', 'technical', null],
      [29, 'retry', 'schedule', 1], [101, 'retry', 'schedule', 2], [221, 'retry', 'schedule', 3], [389, 'retry', 'schedule', 4],
    ]);
    expect(life.subscription.status).toBe('canceled');
  });

  it('uses up no step', () => {
    const life = atRenewal(inTurn('20096', '20051'));
    expect(life.subscription).toMatchObject({ status: 'past_due', past_due_class: 'technical', dunning_step: 0, next_attempt_at: at(0, 1) });
    life.passTo(at(0, 1), declines('20051'));
    expect(life.subscription).toMatchObject({ past_due_class: 'funds', dunning_step: 0, next_attempt_at: at(1, 1) });
  });

  it('of the last step is tried again as that of any other', () => {
    const life = Life.active({ policy: { retries: [{ after: '1d', notify: true }] } });
    life.passTo(at(3), inTurn('20051', '20068', '20051'));
    expect(tries(life)).toEqual([[0, 'recurring', 'schedule', null], [24, 'retry', 'schedule', 1], [25, 'retry', 'technical', null]]);
    expect(life.subscription).toMatchObject({ status: 'canceled', canceled_at: at(1, 1) });
  });

  it('recovers as soon as the trouble is over', () => {
    const life = atRenewal(declines('20118'));
    life.passTo(at(0, 1), captures);
    expect(life.subscription).toMatchObject({ status: 'active', past_due_class: null });
    expect(life.news()).toContain('dunning.retried');
  });

  it('has so many tries per invoice, wherever on the ladder it happens', () => {
    const life = Life.active();
    life.passTo(at(1), inTurn('20096', '20051'));
    expect(tries(life)).toEqual([[0, 'recurring', 'schedule', null], [1, 'retry', 'technical', null]]);
    life.passTo(at(3), declines('20096'));
    expect(tries(life).slice(2), 'a step, and the last technical retry').toEqual([[25, 'retry', 'schedule', 1], [29, 'retry', 'technical', null]]);
    expect(life.subscription).toMatchObject({ dunning_step: 1, next_attempt_at: at(4, 5) });
  });

  it('of the last step is tried again before the end', () => {
    const life = Life.active();
    life.passTo(at(9), declines('20051'));
    life.passTo(at(16), declines('20092'));
    expect(life.subscription).toMatchObject({ status: 'past_due', dunning_step: 4, next_attempt_at: at(16, 1) });
    life.passTo(at(16, 1), declines('20051'));
    expect(life.subscription).toMatchObject({ status: 'canceled', canceled_at: at(16, 1) });
  });

  it('is also what nobody decided in time', () => {
    const life = atRenewal(expires);
    expect(life.latest).toMatchObject({ status: 'expired', decline_class: null });
    expect(life.subscription).toMatchObject({ past_due_class: 'technical', next_attempt_at: at(0, 1) });
  });

  it('climbs at once where the policy has no technical retries', () => {
    expect(atRenewal(declines('20068'), { policy: { technical_retries: [] } }).subscription.next_attempt_at).toEqual(at(1));
  });

  it('is what a refusal may be as well', () => {
    const life = Life.renewing();
    life.observe({ charge: life.latest.id, request_id: null, kind: 'refused', codes: ['service_unavailable'] });
    expect(life.latest).toMatchObject({ status: 'refused', decline_class: 'technical', response_code: 'service_unavailable' });
    expect(life.subscription.next_attempt_at).toEqual(at(0, 1));
  });
});

describe('suspicion, and our own faults', () => {
  it.each([['20059', 'risk'], ['43102', 'risk'], ['20003', 'configuration'], ['50150', 'configuration']] as const)(
    '%s (%s) is not tried again by itself; the wallet stays, and the ladder’s time runs out',
    (code, name) => {
      const life = atRenewal(declines(code));
      expect(life.wallet?.status).toBe('active');
      expect(life.subscription).toMatchObject({
        status: 'past_due', past_due_reason: code, past_due_class: name, next_attempt_at: null, dunning_ends_at: at(16),
      });
      life.passTo(at(40), captures);
      expect(tries(life)).toEqual([[0, 'recurring', 'schedule', null]]);
      expect(life.subscription).toMatchObject({ status: 'canceled', canceled_at: at(16) });
    },
  );

  it('stop a ladder on which the customer stood, and give him its whole time anew', () => {
    const life = atRenewal(declines('20051'));
    life.passTo(at(1), declines('20059'));
    expect(life.subscription).toMatchObject({ past_due_class: 'risk', dunning_step: 1, next_attempt_at: null, dunning_ends_at: at(17) });
  });

  it('hold back the periods that begin meanwhile, and those whose first try is under way', () => {
    const { life, second, third } = twoInFlight();
    life.hear(second, 'declined', { response_code: '20059' });
    const ends = life.subscription.dunning_ends_at;
    life.hear(third, 'declined', { response_code: '20051' });
    expect(life.subscription).toMatchObject({ next_attempt_at: null, dunning_ends_at: ends });
    const charges = life.charges.length;
    life.passDays(3, captures);
    expect(life.charges).toHaveLength(charges);
  });

  it('do not hold when it is a retry that fails for want of money afterwards', () => {
    const { life, second, third } = twoInFlight();
    life.hear(second, 'declined', { response_code: '20051' });
    life.passDays(1, staysPending);
    const retry = life.latest;
    expect(retry).toMatchObject({ kind: 'retry', period_no: 2 });
    life.hear(third, 'declined', { response_code: '20059' });
    life.hear(retry, 'declined', { response_code: '20051' });
    expect(life.subscription.next_attempt_at, 'somebody has to act first').toBeNull();
    expect(life.subscription.dunning_ends_at).not.toBeNull();
  });

  it('are told to a human where the fault is ours', () => {
    const alerts = (code: string | null): unknown => {
      const life = Life.renewing();
      const fact = factOf(life.latest, 'declined', { response_code: code, response_summary: code && 'so it says' });
      return life.decide((c) => {
        settle(c, { charge: life.latest.id, request_id: null, kind: 'fact', fact });
        return c.alerts;
      });
    };
    expect(alerts('20003')).toEqual([{ charge: 'chg_2-1', message: 'our request or account was refused: 20003, so it says' }]);
    expect(alerts('29999')).toEqual([{ charge: 'chg_2-1', message: 'failed for a reason that nobody knows: 29999, so it says' }]);
    expect(alerts(null)).toEqual([{ charge: 'chg_2-1', message: 'failed for a reason that nobody knows: no code' }]);
    for (const code of ['20051', '20059', '20068', '200R1']) expect(alerts(code)).toEqual([]);
  });
});

describe('a reason that nobody knows', () => {
  it('is tried once more, then waited for', () => {
    const life = Life.active();
    life.passTo(at(40), declines('29999'));
    expect(tries(life)).toEqual([[0, 'recurring', 'schedule', null], [24, 'retry', 'schedule', 1]]);
    expect(life.subscription).toMatchObject({ status: 'canceled', canceled_at: at(17) });
    expect(life.latest).toMatchObject({ decline_class: 'funds', response_code: '29999' });
  });

  it('counts wherever it is given, and known ones do not', () => {
    const life = Life.active();
    life.passTo(at(4), inTurn('20051', '29999', '20051'));
    expect(life.subscription.next_attempt_at).toEqual(at(9));
    life.passTo(at(9), declines('28888'));
    expect(life.subscription).toMatchObject({ next_attempt_at: null, dunning_ends_at: at(25) });
  });

  it('is also none at all, but not that the wallet called it off', () => {
    const life = Life.active();
    life.passTo(at(40), () => ({ status: 'declined' }));
    expect(tries(life)).toHaveLength(2);
    const off = Life.active();
    off.passTo(at(40), () => ({ status: 'canceled' }));
    expect(tries(off)).toHaveLength(5);
  });
});

describe('a wallet that took the place of another', () => {
  const swapped = (code: string): Life => {
    const { life, second, third } = twoInFlight();
    life.hear(second, 'declined', { response_code: '20051' });
    life.decide((c) => c.addCharge('checkout', c.invoices.get(second.invoice), null, c.subscription, c.engineNow));
    const redirect = life.openRedirect();
    life.hear(redirect, 'captured', { source_id: `src_${redirect.id}` });
    life.hear(third, 'declined', { response_code: code });
    return life;
  };

  it.each(['20059', '200R1'])('is tried, whatever is said of the other (%s)', (code) => {
    const life = swapped(code);
    expect(life.wallet).toMatchObject({ status: 'active' });
    expect(life.subscription.next_attempt_at).not.toBeNull();
    expect(life.subscription.dunning_ends_at).toBeNull();
  });

  it('is not tried where our own request is wrong', () => expect(swapped('20003').subscription.next_attempt_at).toBeNull());
});

describe('hours that the policy keeps', () => {
  const NINE_TO_ELEVEN = { allowed_hours: { from: '09:00', to: '11:00' } };

  it('move each try of the ladder to the next of them, on the customer’s clocks; the first try is made on its date', () => {
    // It renews at noon in Shanghai.
    const life = Life.active({ policy: NINE_TO_ELEVEN });
    life.passTo(at(40), declines('20051'));
    expect(tries(life).map(([hours]) => hours)).toEqual([0, 45, 45 + 72, 45 + 72 + 120, 45 + 72 + 120 + 168]);
  });

  it('move technical retries, and what follows after a success', () => {
    expect(atRenewal(declines('20068'), { policy: NINE_TO_ELEVEN }).subscription.next_attempt_at).toEqual(at(0, 21));
    const life = Life.active({ policy: NINE_TO_ELEVEN, version: { interval: 'day', amount: 1000 } });
    life.passDays(2, declines('20051'));
    life.passTo(new Date(life.subscription.next_attempt_at ?? 0), captures);
    expect(life.subscription.status).toBe('past_due');
    expect(life.subscription.next_attempt_at?.toISOString().slice(11)).toBe('02:00:00.000Z');
    life.passDays(1, declines('20051'));
  });

  it('move the try with which a resume begins', () => {
    const life = atRenewal(declines('20051'), { policy: NINE_TO_ELEVEN });
    life.decide((c) => pause(c, null));
    life.decide((c) => void resume(c, { defaultCountry: 'CN' }, 'source'));
    expect(life.subscription).toMatchObject({ status: 'past_due', past_due_class: null, next_attempt_at: at(0, 21) });
  });
});

describe('the final action', () => {
  it.each([['unpaid', 'unpaid'], ['pause', 'paused'], ['cancel', 'canceled']] as const)('%s leaves it %s, and nothing is tried again', (action, status) => {
    const life = Life.active({ policy: { final_action: action } });
    life.passTo(at(16), declines('20051'));
    expect(life.subscription).toMatchObject({ status, past_due_reason: null, past_due_class: null, next_attempt_at: null, dunning_ends_at: null });
    const charges = life.charges.length;
    life.passTo(at(200), captures);
    expect(life.charges).toHaveLength(charges);
  });
});

describe('a try that is proven never to have existed', () => {
  it('is made anew in the next hours that the policy keeps', () => {
    const life = atRenewal(declines('20051'), { policy: { allowed_hours: { from: '09:00', to: '11:00' } } });
    life.now = at(0, 45);
    life.live();
    const retry = life.send(life.latest);
    life.proveAbsent(retry);
    expect(life.latest.id, 'it is past eleven').toBe(retry.id);
    expect(life.subscription).toMatchObject({ dunning_step: 0, next_attempt_at: at(0, 45 + 48) });
    life.passTo(at(0, 45 + 48), staysPending);
    expect(life.latest).toMatchObject({ kind: 'retry', dunning_step: 1, status: 'pending' });
  });

  it('is not made anew while somebody has to act first', () => {
    const life = Life.active({ version: { interval: 'day', amount: 1000 } });
    life.passDays(1, staysPending);
    const second = life.latest;
    life.now = new Date(life.now.getTime() + 24 * HOUR);
    life.live();
    const third = life.send(life.latest);
    life.hear(second, 'declined', { response_code: '20059' });
    life.proveAbsent(third);
    expect(life.charge(third.id).status).toBe('absent');
    expect(life.latest.id).toBe(third.id);
  });
});
