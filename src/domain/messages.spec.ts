import { describe, expect, it } from 'vitest';
import type { BillingCase } from './case.js';
import { openCheckout } from './checkout.js';
import { languageOf } from './customer.js';
import { cancel } from './lifecycle.js';
import { MESSAGE_NAMES } from './message.js';
import { mayConcernCustomer, messagesOf } from './messages.js';
import { aCustomer, START } from './testing/case.builder.js';
import { declines, Life, RENEWAL, staysPending } from './testing/life.story.js';
import { active, told } from './testing/mail.story.js';

const DAY = 86_400_000;
const day = (n: number) => new Date(RENEWAL.getTime() + n * DAY);

describe('a payment', () => {
  it('is thanked for, with what it paid and when the next one follows', () => {
    const { life, mail } = told(Life.signUp);
    life.pay();
    expect(mail).toEqual([{
      event: expect.objectContaining({ type: 'invoice.paid' }), name: 'receipt', customer: 'cust_1', subscription: 'sub_1', invoice: 'inv_1',
      locale: 'zh-CN', recipient: 'li@example.com',
      data: {
        plan_name: 'Tea club', customer_name: 'Li', time_zone: 'Asia/Shanghai', currency: 'CNY', amount: 3900, invoice_number: '',
        period_start: START.toISOString(), period_end: RENEWAL.toISOString(), date: START.toISOString(), next_date: RENEWAL.toISOString(),
      },
    }]);
    life.passTo(RENEWAL);
    expect(mail[1]).toMatchObject({ name: 'receipt', data: { date: RENEWAL.toISOString(), next_date: '2026-03-31T04:00:00.000Z' } });
    expect(mail).toHaveLength(2);
  });

  it('is not promised another where it was the last', () => {
    const { life, mail } = active();
    life.now = RENEWAL;
    life.live();
    const charge = life.send(life.latest);
    life.decide((c) => cancel(c, { at: 'period_end', refund: 'none', reason: null }));
    life.hear(charge, 'captured');
    expect(mail.map((message) => message.name)).toEqual(['receipt']);
    expect(mail[0]?.data).not.toHaveProperty('next_date');
  });

  it('tells what the balance paid of it', () => {
    const { life, mail } = active({ balance: 1_000 });
    life.passTo(RENEWAL);
    expect(mail[0]?.data).toMatchObject({ amount: 3900, from_balance: 1_000 });
  });

  it('that changed the wallet and is the customer’s own is acknowledged as well', () => {
    const { life, mail } = active();
    life.decide((c) => void openCheckout(c, c.subscription, 'minimum', { defaultCountry: 'CN' }));
    const redirect = life.openRedirect();
    life.hear(redirect, 'captured', { source_id: 'src_2' });
    expect(mail).toMatchObject([{ name: 'receipt', invoice: redirect.invoice, data: { amount: 10, date: START.toISOString(), next_date: RENEWAL.toISOString() } }]);
    expect(mail[0]?.data).not.toHaveProperty('period_start');
  });

  it('that costs nothing is not worth a word', () => {
    const { life, mail } = active({ version: { amount: 0, setup_fee: 100 } });
    life.passTo(RENEWAL);
    expect(life.invoice(2)).toMatchObject({ status: 'paid', total: 0 });
    expect(mail).toEqual([]);
  });
});

describe('an end', () => {
  it('says until when what was paid for can be used', () => {
    const { life, mail } = active();
    life.passDays(3);
    life.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: 'too much tea' }));
    expect(mail).toMatchObject([{ name: 'canceled', invoice: null, data: { access_until: RENEWAL.toISOString() } }]);
    expect(mail[0]?.data).not.toHaveProperty('amount');
    expect(JSON.stringify(mail[0]?.data)).not.toContain('too much tea');
  });

  it('says what goes back, and promises nothing that was given back', () => {
    const { life, mail } = active();
    life.passDays(3);
    life.decide((c) => cancel(c, { at: 'now', refund: 'full', reason: null }));
    expect(mail).toMatchObject([{ name: 'canceled', data: { refunded: 3_900 } }]);
    expect(mail[0]?.data).not.toHaveProperty('access_until');
  });

  it('that was asked for gives no reasons, whatever is owed', () => {
    const { life, mail } = active();
    life.passTo(RENEWAL, declines());
    life.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: null }));
    expect(life.invoice(2).status).toBe('uncollectible');
    expect(mail.slice(1)).toMatchObject([{ name: 'canceled' }]);
    expect(mail[1]?.data).not.toHaveProperty('amount');
  });

  it('after failures names all that was lost', () => {
    const { life, mail } = active({ version: { interval: 'day', amount: 1_000 }, policy: { retries: [{ after: '2d', notify: true }] } });
    life.passDays(3, declines());
    expect(mail.at(-1)).toMatchObject({ name: 'canceled', data: { amount: life.invoices.filter((i) => i.status === 'uncollectible').length * 1_000 } });
    expect(mail.at(-1)?.data.amount).toBeGreaterThan(1_000);
  });

  it('at the period’s end has nothing left to use', () => {
    const { life, mail } = active();
    life.decide((c) => cancel(c, { at: 'period_end', refund: 'none', reason: null }));
    expect(mail).toEqual([]);
    life.passTo(RENEWAL);
    expect(mail.map((message) => message.name)).toEqual(['canceled']);
    expect(mail[0]?.data).not.toHaveProperty('access_until');
  });

  it('of a sign-up that was never paid was nobody’s', () => {
    const { life, mail } = told(Life.signUp);
    life.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: null }));
    const late = told(Life.signUp);
    late.life.passDays(2);
    expect([...mail, ...late.mail]).toEqual([]);
  });
});

describe('the end of a trial', () => {
  const FREE = { version: { trial_days: 10, trial_amount: 0, setup_fee: 100 } };

  it('is told three days before and when it has come, with the link', () => {
    const { life, mail } = told(Life.signUp, FREE);
    life.passDays(7);
    expect(mail).toMatchObject([{ name: 'trial_ending', invoice: null, data: { amount: 4_000, date: '2026-02-10T04:00:00.000Z', payable: true } }]);
    expect(mail[0]?.data).not.toHaveProperty('pay_by');
    life.passDays(3);
    expect(mail.slice(1)).toMatchObject([{ name: 'trial_ending', invoice: life.invoice(1).id, data: { amount: 4_000, pay_by: '2026-02-11T04:00:00.000Z', payable: true } }]);
  });

  it('asks nobody who has paid before', () => {
    const { life, news } = told(Life.signUp, FREE);
    life.decide((c) => openCheckout(c, c.subscription, 'next_renewal', { defaultCountry: 'CN' }));
    life.openRedirect();
    life.pay();
    expect(news()).toEqual(['receipt']);
    life.passDays(10);
    expect(life.subscription).toMatchObject({ status: 'active', period_no: 1 });
    expect(news()).toEqual([]);
  });

  it('asks nobody who has cancelled to pay', () => {
    const { life, mail, news } = told(Life.signUp, FREE);
    life.decide((c) => cancel(c, { at: 'period_end', refund: 'none', reason: null }));
    life.passDays(20);
    expect(news()).toEqual(['canceled']);
    expect(mail[0]?.data).not.toHaveProperty('access_until');
  });

  it('asks for no wallet that is held already', () => {
    const { life, mail } = active({ version: { trial_days: 10, trial_amount: 100, setup_fee: 100 } });
    life.passDays(7);
    expect(mail).toMatchObject([{ name: 'trial_ending', data: { amount: 3_900 } }]);
    expect(mail[0]?.data).not.toHaveProperty('payable');
  });
});

describe('a trial whose first charge calls for a notice', () => {
  const PAID = { version: { trial_days: 10, trial_amount: 100 }, plan: { renewal_notice: 'required' as const } };

  it('is told of once, by that notice', () => {
    const { life, mail } = active(PAID);
    life.passDays(9);
    expect(mail.map((message) => message.name)).toEqual(['renewal_upcoming']);
  });

  it('is told of by its own message where the merchant has switched the notice off', () => {
    const { life, mail } = active(PAID, ['renewal_upcoming']);
    life.passDays(9);
    expect(mail.map((message) => message.name)).toEqual(['trial_ending']);
  });
});

it('a renewal is announced with its date, its amount and its period', () => {
  let kept: BillingCase | null = null;
  const life = Life.active();
  life.onKept = (c) => (kept = c);
  life.passTo(RENEWAL);
  const period = { start: RENEWAL, end: day(31) };
  const event = { type: 'subscription.renewal_upcoming', subject: 'sub_1', at: day(-5), data: { object: { amount: 4_200, charge_at: RENEWAL, period } } } as const;
  const c = Object.assign(Object.create(kept) as BillingCase, { events: [event] });
  expect(messagesOf(c, new Set(), 'CN')).toMatchObject([{
    event, name: 'renewal_upcoming', invoice: null,
    data: { amount: 4_200, date: RENEWAL.toISOString(), period_start: RENEWAL.toISOString(), period_end: day(31).toISOString() },
  }]);
});

it('facts that have nothing to do with each other stay two messages, and dates are those of the subscription where the customer has no zone', () => {
  let kept: BillingCase | null = null;
  const life = Life.active();
  life.onKept = (c) => (kept = c);
  life.passTo(RENEWAL);
  const paid = (kept as unknown as BillingCase).events.find((event) => event.type === 'invoice.paid');
  life.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: null }));
  const ended = kept as unknown as BillingCase;
  const customer = { ...aCustomer(), time_zone: null };
  const c = Object.assign(Object.create(ended) as BillingCase, { customer, events: [paid, ...ended.events] });
  const messages = messagesOf(c, new Set(), 'CN');
  expect(messages.map((message) => message.name)).toEqual(['receipt', 'canceled']);
  expect(messages[0]?.data.time_zone).toBe('Asia/Shanghai');
});

describe('who is written to', () => {
  it('nobody without an address', () => {
    const asked: boolean[] = [];
    const life = Life.active();
    life.onKept = (c) => {
      const nobody = Object.assign(Object.create(c) as BillingCase, { customer: { ...aCustomer(), email: null } });
      asked.push(mayConcernCustomer(c), mayConcernCustomer(nobody), messagesOf(nobody, new Set(), 'CN').length > 0);
    };
    life.passTo(RENEWAL, staysPending);
    expect(asked.some(Boolean), 'nothing has happened yet that concerns him').toBe(false);
    asked.length = 0;
    life.hear(life.latest, 'captured');
    expect(asked).toEqual([true, false, false]);
  });

  it('in the language of his own, of his country, or of the installation', () => {
    expect([languageOf({ locale: 'en', country: 'CN' }, 'CN'), languageOf({ locale: null, country: 'CN' }, 'SG'),
      languageOf({ locale: null, country: 'SG' }, 'CN'), languageOf({ locale: null, country: null }, 'CN'), languageOf({ locale: null, country: null }, 'SG'),
    ]).toEqual(['en', 'zh-CN', 'en', 'zh-CN', 'en']);
  });

  it('about nothing that is switched off', () => {
    const { life, mail } = active({}, [...MESSAGE_NAMES]);
    life.passTo(RENEWAL, declines());
    life.passDays(40, declines('200R1'));
    expect(mail).toEqual([]);
  });
});
