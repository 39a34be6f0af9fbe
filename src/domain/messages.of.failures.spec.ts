import { describe, expect, it } from 'vitest';
import { openCheckout } from './checkout.js';
import { revokeSource } from './collection.js';
import type { Invoice } from './invoice.js';
import { cancel, pause } from './lifecycle.js';
import { payNow } from './operator.js';
import { captures, declines, Life, RENEWAL, staysPending } from './testing/life.story.js';
import { active, told } from './testing/mail.story.js';

const day = (n: number) => new Date(RENEWAL.getTime() + n * 86_400_000);

describe('a failure', () => {
  it('is told with the next try, once for each rung that notifies', () => {
    const retries = [{ after: '1d', notify: false }, { after: '3d', notify: true }, { after: '5d', notify: false }];
    const { life, mail } = active({ policy: { retries } });
    life.passTo(RENEWAL, declines());
    expect(mail, 'tried again soon, in silence').toEqual([]);
    life.passTo(day(1), declines());
    expect(mail).toMatchObject([{ name: 'payment_failed', invoice: life.invoice(2).id, data: { amount: 3900, next_date: day(4).toISOString(), payable: true } }]);
    life.passTo(day(4), declines());
    expect(mail).toHaveLength(1);
    life.passTo(day(9), declines());
    expect(mail.slice(1)).toMatchObject([{ name: 'canceled', data: { amount: 3900, date: day(9).toISOString() } }]);
  });

  it.each([['unpaid', 'goes_on'], ['pause', 'stays_paused']] as const)('that ends the ladder with %s still says where to pay, and what that does', (final_action, once_paid) => {
    const { life, mail } = active({ policy: { final_action, retries: [{ after: '1d', notify: true }] } });
    life.passTo(day(5), declines());
    expect(mail.map((message) => message.name)).toEqual(['payment_failed', 'payment_failed']);
    expect(mail[1]?.data).toMatchObject({ payable: true, once_paid });
    expect(mail[1]?.data).not.toHaveProperty('next_date');
    const { status } = life.subscription;
    life.decide((c) => openCheckout(c, c.subscription, null, { defaultCountry: 'CN' }));
    life.openRedirect();
    life.pay();
    expect(life.subscription.status).toBe(once_paid === 'goes_on' ? 'active' : status);
  });

  it.each([
    ['cancel', ['canceled'], undefined], ['unpaid', ['payment_failed'], 'goes_on'], ['pause', ['payment_failed'], 'stays_paused'],
  ] as const)('of a ladder without steps asks nobody to pay by now: %s', (final_action, names, once_paid) => {
    const { life, mail } = active({ policy: { final_action, retries: [] } });
    life.passTo(day(1), declines());
    expect(mail.map((message) => message.name)).toEqual(names);
    expect(mail[0]?.data.once_paid).toBe(once_paid);
    expect(mail[0]?.data).not.toHaveProperty('pay_by');
  });

  it('of a charge that was on its way when the pause began says that the pause goes on', () => {
    const { life, mail } = active();
    life.passTo(RENEWAL, staysPending);
    life.decide((c) => pause(c, null));
    life.hear(life.latest, 'declined', { response_code: '20051' });
    expect(mail).toMatchObject([{ name: 'payment_failed', data: { once_paid: 'stays_paused', payable: true } }]);
  });

  it('of a redirect is nothing that its customer has to be told', () => {
    const { life, news } = told(Life.signUp);
    life.hear(life.latest, 'declined', { response_code: '20051' });
    expect(life.news()).toContain('invoice.payment_failed');
    expect(news()).toEqual([]);
  });

  it('that comes too late, when it is paid or over, says nothing', () => {
    const { life, news } = active();
    life.passTo(RENEWAL, staysPending);
    const charge = life.latest;
    life.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: null }));
    expect(news()).toEqual(['canceled']);
    life.hear(charge, 'declined', { response_code: '20051' });
    expect(life.news().slice(-3)).toContain('invoice.payment_failed');
    expect(news()).toEqual([]);
  });

  it('for a technical reason is tried again soon, in silence, as long as that is hoped for', () => {
    const { life, news } = active();
    life.passTo(new Date(RENEWAL.getTime() + 5 * 3_600_000 - 1), declines('20068'));
    expect(life.news().filter((type) => type === 'invoice.payment_failed')).toHaveLength(2);
    expect(news()).toEqual([]);
    life.passTo(new Date(RENEWAL.getTime() + 5 * 3_600_000), declines('20068'));
    expect(news(), 'now the ladder begins').toEqual(['payment_failed']);
  });

  it('that nobody but us can mend is none of the customer’s business', () => {
    const { life, news } = active();
    life.passTo(RENEWAL, declines('20003'));
    expect(life.subscription).toMatchObject({ status: 'past_due', past_due_class: 'configuration' });
    life.passDays(3);
    expect(news()).toEqual([]);
  });

  it('that is not tried again says until when the customer may pay by himself, whatever the next rung says', () => {
    const { life, mail } = active({ policy: { retries: [{ after: '3d', notify: false }] } });
    life.passTo(RENEWAL, declines('20059'));
    expect(mail).toMatchObject([{ name: 'payment_failed', data: { pay_by: day(3).toISOString(), payable: true } }]);
    expect(mail[0]?.data).not.toHaveProperty('next_date');
  });

  it('of what an operator tried is not told; that it showed the wallet dead is', () => {
    const { life, news } = active();
    life.passTo(RENEWAL, declines());
    expect(news()).toEqual(['payment_failed']);
    life.decide((c) => payNow(c, life.invoice(2)));
    life.hear(life.send(life.latest), 'declined', { response_code: '20051' });
    expect(news()).toEqual([]);
    life.decide((c) => payNow(c, life.invoice(2)));
    life.hear(life.send(life.latest), 'declined', { response_code: '200R1' });
    expect(life.wallet?.status).toBe('revoked');
    expect(news()).toEqual(['reauthorise']);
  });

  it('of an invoice that was paid in another way meanwhile says nothing', () => {
    const { life, news } = active();
    life.passTo(RENEWAL, declines());
    life.decide((c) => c.addCharge('checkout', c.openInvoices()[0] as Invoice, null, c.subscription, c.engineNow));
    const redirect = life.openRedirect();
    life.passTo(day(1), staysPending);
    const retry = life.latest;
    life.hear(redirect, 'captured', { source_id: `src_${redirect.id}` });
    expect(news()).toEqual(['payment_failed', 'recovered']);
    life.hear(retry, 'declined', { response_code: '20051' });
    expect(life.news()).toContain('invoice.payment_failed');
    expect(news()).toEqual([]);
  });

  it('that is made good is followed by one word of thanks', () => {
    const { life, mail, news } = active();
    life.passTo(RENEWAL, declines());
    life.passTo(day(1), captures);
    expect(news()).toEqual(['payment_failed', 'recovered']);
    expect(mail[1]).toMatchObject({ invoice: life.invoice(2).id, data: { amount: 3900, date: day(1).toISOString() } });
  });

  it('of two periods is over with the second payment: the first has a receipt', () => {
    const { life, news } = active({ version: { interval: 'day', amount: 1_000 } });
    life.passDays(1, declines());
    life.passHours(2, declines());
    life.passDays(1, captures);
    life.passHours(2, captures);
    expect(news()).toEqual(['payment_failed', 'receipt', 'recovered']);
  });
});

describe('a wallet that cannot be charged any more', () => {
  it('is asked for anew, by a date, with one message', () => {
    const { life, mail } = active();
    life.passTo(RENEWAL, declines('200R1'));
    expect(mail).toMatchObject([{ name: 'reauthorise', invoice: life.invoice(2).id, data: { amount: 3900, pay_by: day(16).toISOString(), payable: true } }]);
    life.passTo(day(16));
    expect(mail.slice(1)).toMatchObject([{ name: 'canceled' }]);
  });

  it.each(['cancel', 'unpaid', 'pause'] as const)('is asked for with what its deadline brings: %s', (final_action) => {
    const { life, mail } = active({ policy: { final_action } });
    life.passTo(RENEWAL, declines('200R1'));
    expect(mail).toMatchObject([{ name: 'reauthorise', data: { final_action, once_paid: 'goes_on' } }]);
  });

  it('and that an operator tries once all has ended is asked for without a deadline', () => {
    const { life, mail } = active({ policy: { final_action: 'unpaid', retries: [{ after: '1d', notify: true }] } });
    life.passTo(day(5), declines());
    life.decide((c) => payNow(c, life.invoice(2)));
    life.hear(life.send(life.latest), 'declined', { response_code: '200R1' });
    expect(mail.at(-1)).toMatchObject({ name: 'reauthorise', data: { payable: true } });
    for (const missing of ['pay_by', 'final_action']) expect(mail.at(-1)?.data).not.toHaveProperty(missing);
  });

  it('is asked for anew also when it is found dead before anything was tried', () => {
    const { life, news } = active();
    life.decide((c) => revokeSource(c, c.activeSource(), '200R1'));
    expect(news(), 'nothing is owed').toEqual([]);
    life.passTo(RENEWAL);
    expect(news()).toEqual(['reauthorise']);
  });

  it('is promised no charge by the notice of a renewal, which is given all the same', () => {
    const { life, mail } = active({ plan: { renewal_notice: 'required' } });
    life.decide((c) => revokeSource(c, c.activeSource(), '200R1'));
    life.passTo(day(-1));
    expect(mail).toMatchObject([{ name: 'renewal_upcoming', data: { amount: 3900, no_wallet: true } }]);
    life.passTo(RENEWAL);
    expect(mail.slice(1)).toMatchObject([{ name: 'reauthorise', data: { payable: true } }]);
    const { life: held, mail: other } = active({ plan: { renewal_notice: 'required' } });
    held.passTo(day(-1));
    expect(other[0]?.data).not.toHaveProperty('no_wallet');
  });

  it('is not charged either when a trial ends that it paid for', () => {
    const { life, mail } = active({ version: { trial_days: 10, trial_amount: 100 } });
    life.decide((c) => revokeSource(c, c.activeSource(), '200R1'));
    life.passDays(8);
    expect(mail).toMatchObject([{ name: 'trial_ending', data: { no_wallet: true } }]);
    expect(mail[0]?.data).not.toHaveProperty('payable');
  });

  it('is asked for by nobody whose subscription has ended', () => {
    const { life, news } = active({ version: { interval: 'day', amount: 1_000 } });
    life.passDays(1, staysPending);
    const second = life.latest;
    life.passDays(1, staysPending);
    life.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: null }));
    life.hear(second, 'declined', { response_code: '200R1' });
    expect(life.news()).toContain('source.revoked');
    expect(news()).toEqual(['canceled']);
  });

  it('is asked for with the number of the invoice, once that has one', () => {
    const { life, mail } = active();
    life.passTo(RENEWAL, staysPending);
    life.decide((c) => c.patchInvoice(life.invoice(2).id, { number: '2026-000002' }));
    life.hear(life.latest, 'declined', { response_code: '200R1' });
    expect(mail).toMatchObject([{ name: 'reauthorise', data: { invoice_number: '2026-000002' } }]);
    const { life: unnumbered, mail: other } = active();
    unnumbered.passTo(RENEWAL, declines('200R1'));
    expect(other[0]?.data).not.toHaveProperty('invoice_number');
  });

  it('is told as a failure where the merchant has switched the other message off', () => {
    const { life, mail } = active({}, ['reauthorise']);
    life.passTo(RENEWAL, declines('200R1'));
    expect(mail).toMatchObject([{ name: 'payment_failed', data: { payable: true } }]);
  });
});
