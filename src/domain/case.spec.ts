import { describe, expect, it } from 'vitest';
import { BillingCase } from './case.js';
import type { CasePorts, CaseRecords } from './case.records.js';
import type { ChargeKind } from './charge.js';
import type { Invoice } from './invoice.js';
import { aCharge, aCustomer, aPlan, aSubscription, mintCharge, mintRefund, openWallets, START } from './testing/case.builder.js';
import { captures, Life, RENEWAL, staysPending } from './testing/life.story.js';

const LATER = new Date(START.getTime() + 1_000);

let ids = 0;
const PORTS: CasePorts = { newId: (prefix) => `${prefix}_${(ids += 1)}`, mint: mintCharge, mintRefund, wallets: openWallets, defaultCountry: 'CN', surplusPolicy: 'refund' };

function aCase(changes: Partial<CaseRecords> = {}): BillingCase {
  const nothing = { invoices: [], charges: [], refunds: [], sources: [], balance: { amount: 700 } };
  const records = { ...aPlan(), customer: aCustomer(), subscription: aSubscription(), ...nothing, ...changes };
  return new BillingCase(records, START, LATER, PORTS);
}

describe('a case', () => {
  it('says what is to be written: what is new, and of what is old the fields that were patched', () => {
    const c = aCase({ charges: [aCharge({ id: 'chg_old' }), aCharge({ id: 'chg_left' })] });
    c.charges.add(aCharge({ id: 'chg_new' }));
    c.patchCharge('chg_new', { checks: 9 });
    c.patchCharge('chg_old', { surplus: true });
    expect([...c.charges.added]).toEqual(['chg_new']);
    expect([...c.charges.changed]).toEqual(['chg_old']);
    expect([...c.charges.fields].sort()).toEqual(['surplus', 'updated_at']);
    expect(c.charges.pick(c.charges.changed)).toEqual([{ ...aCharge({ id: 'chg_old' }), surplus: true, updated_at: START }]);
    c.patch({ quantity: 2 });
    expect([...c.changed].sort()).toEqual(['due_at', 'quantity', 'updated_at']);
    expect(c.isNew).toBe(false);
  });

  it('puts the subscription where it is due with every change of it', () => {
    const c = aCase();
    c.patch({ expires_at: LATER });
    expect(c.subscription).toMatchObject({ due_at: LATER, updated_at: START });
    c.patch({ status: 'canceled' });
    expect(c.subscription.due_at).toBeNull();
  });

  it('refuses to charge a stored wallet whose notice is too young, whoever asks', () => {
    const late = { ...(Life.signUp().invoices[0] as Invoice), charge_from: LATER };
    const charge = (kind: ChargeKind, from: Date) => {
      const c = aCase({ invoices: [{ ...late, charge_from: from }] });
      return c.addCharge(kind, c.invoices.get(late.id), null, null, LATER).kind;
    };
    for (const kind of ['recurring', 'retry'] as const) {
      expect(() => charge(kind, LATER)).toThrow('may not be charged before 2026-01-31T04:00:01.000Z');
      expect(charge(kind, START)).toBe(kind);
    }
    expect(charge('checkout', LATER), 'the customer pays it himself').toBe('checkout');
  });

  it('plans the notice of its renewal anew with every change, and says what of it is to be written', () => {
    const running = aSubscription({ status: 'active', source: 'psrc_1', period_start: START, period_end: RENEWAL, test_clock: 'clk_1' });
    const { plan, ...terms } = aPlan();
    const c = aCase({ ...terms, plan: { ...plan, renewal_notice: 'required' }, subscription: running });
    c.patch({});
    expect(c.subscription).toMatchObject({ notice_due_at: new Date('2026-02-23T04:00:00Z'), due_at: new Date('2026-02-23T04:00:00Z'), renewal_charge_at: RENEWAL });
    expect([...c.changed].sort()).toEqual(['due_at', 'notice_due_at', 'renewal_charge_at', 'updated_at']);
    const abroad = aCase({ ...terms, plan: { ...plan, renewal_notice: 'required' }, subscription: running, customer: { ...aCustomer(), country: 'US' } });
    abroad.patch({});
    expect([...abroad.changed].sort()).toEqual(['due_at', 'updated_at']);
    const nowhere = aCase({ ...terms, plan: { ...plan, renewal_notice: 'required' }, subscription: running, customer: { ...aCustomer(), country: null } });
    nowhere.patch({});
    expect(nowhere.subscription.notice_due_at, 'the default country counts').toEqual(new Date('2026-02-23T04:00:00Z'));
  });

  it('refuses to know what it does not hold', () => {
    const c = aCase();
    expect(() => c.charges.get('chg_9')).toThrow('The case holds no record "chg_9"');
    expect(c.charges.find('chg_9')).toBeNull();
    expect(c.sources.find(null)).toBeNull();
    expect(c.activeSource()).toBeNull();
  });

  it('counts what it does to the customer’s balance, which other cases share', () => {
    const purse = { amount: 700 };
    const c = aCase({ balance: purse });
    c.changeBalance(-300);
    c.changeBalance(50);
    expect([c.balance, c.balanceChange, purse.amount]).toEqual([450, -250, 450]);
  });

  it('tells what was before a change only where something was', () => {
    const c = aCase();
    c.tellSubscription('subscription.updated', { quantity: 1 });
    c.tellSubscription('dunning.started');
    expect(c.events.map((event) => event.data)).toEqual([
      { object: expect.objectContaining({ id: 'sub_1' }), previous: { quantity: 1 } },
      { object: expect.objectContaining({ id: 'sub_1' }) },
    ]);
    expect(c.events[0]).toMatchObject({ subject: 'sub_1', at: START });
  });

  it('shows a charge with the gateway’s name of its wallet', () => {
    const life = Life.active();
    life.passTo(RENEWAL, staysPending);
    life.decide((c) => {
      c.tellCharge('charge.pending', c.charges.get(life.latest.id));
      expect(c.events[0]?.data.object).toMatchObject({ id: life.latest.id, source: life.wallet?.id });
      c.events.pop();
    });
  });

  it('lists what is owed from the oldest period on, and the charges of one invoice', () => {
    const life = Life.active({ version: { interval: 'day', amount: 1000 } });
    life.passDays(3, staysPending);
    life.decide((c) => {
      expect(c.openInvoices().map((invoice) => invoice.period_no)).toEqual([2, 3, 4]);
      const [second, third] = c.openInvoices();
      if (!second || !third) throw new Error('two are owed');
      // In whatever order they were loaded.
      const { plan, version, policy, customer, subscription } = c;
      const records = { plan, version, policy, customer, subscription, charges: c.charges.all(), refunds: [], sources: c.sources.all(), balance: { amount: 0 } };
      const backwards = new BillingCase({ ...records, invoices: c.invoices.all().toReversed() }, life.now, life.now, PORTS);
      expect(backwards.openInvoices().map((invoice) => invoice.period_no)).toEqual([2, 3, 4]);
      expect(c.chargesOf(third.id).map((charge) => charge.period_no)).toEqual([3]);
      expect(c.liveCharges()).toHaveLength(3);
    });
  });
});

describe('a second payment of one request', () => {
  it('becomes a charge of its own, named after the first, in whatever number', () => {
    const life = Life.renewing();
    const first = life.latest;
    life.hear(first, 'pending');
    life.hear(first, 'captured', { payment_id: 'pay_b' });
    life.hear(first, 'captured', { payment_id: 'pay_c' });
    life.passTo(new Date('2026-03-31T04:00:00Z'), captures);
    const twins = life.charges.filter((charge) => charge.period_no === 2).slice(1);
    expect(twins).toMatchObject([
      { id: expect.stringMatching(/^chg_/), attempt: 2, reference: 'zq-2-1-2', idempotency_key: 'key-2-1-2', gateway_payment_id: 'pay_b', surplus: false, sends: 0 },
      { id: expect.stringMatching(/^chg_/), attempt: 3, reference: 'zq-2-1-3', idempotency_key: 'key-2-1-3', gateway_payment_id: 'pay_c', surplus: true, sends: 0 },
    ]);
    life.hear(life.charge(first.id), 'captured');
    expect(life.postings.filter((posting) => posting.source_key.includes('pay_')).map((posting) => posting.kind)).toEqual(
      ['capture', 'capture', 'surplus', 'capture', 'surplus'],
    );
  });
});
