import { describe, expect, it } from 'vitest';
import { chargeTransitions, nextChargeStatus } from './charge.js';
import { invoiceTransitions, nextInvoiceStatus } from './invoice.js';
import { accepts, IllegalTransition, transition, type Transitions } from './machine.js';
import { stateDiagram } from './machine.diagram.js';
import { nextRefundStatus } from './refund.js';
import { nextSourceStatus, sourceTransitions } from './source.js';
import { nextSubscriptionStatus, subscriptionTransitions } from './subscription.js';
import { deliveryTransitions } from './webhook.js';

type Table = Transitions<string, string>;
const MACHINES: { name: string; table: Table; initial: string[]; ends: string[] }[] = [
  { name: 'subscription', table: subscriptionTransitions, initial: ['incomplete', 'trialing'], ends: ['incomplete_expired', 'canceled'] },
  { name: 'invoice', table: invoiceTransitions, initial: ['draft', 'open'], ends: ['paid', 'void'] },
  { name: 'charge', table: chargeTransitions, initial: ['created'], ends: ['captured'] },
  { name: 'source', table: sourceTransitions, initial: ['pending'], ends: [] },
  { name: 'delivery', table: deliveryTransitions, initial: ['pending'], ends: [] },
];

const stepsOf = (table: Table, state: string): [string, string][] => Object.entries(table[state] ?? {}) as [string, string][];

describe.each(MACHINES)('the $name machine', ({ name, table, initial, ends }) => {
  const states = Object.keys(table);
  const events = [...new Set(states.flatMap((state) => stepsOf(table, state).map(([event]) => event)))];
  const pairs = states.flatMap((state) => events.map((event) => ({ state, event })));

  it.each(pairs)('knows what "$event" does in "$state", or refuses it', ({ state, event }) => {
    const next = table[state]?.[event];
    expect(accepts(table, state, event)).toBe(next !== undefined);
    if (next === undefined) {
      expect(() => transition(name, table, state, event)).toThrow(new IllegalTransition(name, state, event));
    } else {
      expect(states).toContain(transition(name, table, state, event));
    }
  });

  it('refuses an event or a state that nobody has heard of', () => {
    expect(() => transition(name, table, states[0] as string, 'toString_')).toThrow(IllegalTransition);
    expect(() => transition(name, table, 'nowhere', events[0] as string)).toThrow(IllegalTransition);
  });

  it('reaches every state from its beginnings', () => {
    const reached = new Set(initial);
    for (const state of reached) for (const [, next] of stepsOf(table, state)) reached.add(next);
    expect([...reached].sort()).toEqual([...states].sort());
  });

  it('ends where it should, and nowhere else', () => {
    const dead = states.filter((state) => stepsOf(table, state).every(([, next]) => next === state));
    expect(dead.sort()).toEqual([...ends].sort());
  });
});

describe('an illegal step', () => {
  it('names its machine, so that whoever reads the log knows where to look', () => {
    expect(() => nextSubscriptionStatus('canceled', 'renew')).toThrow('subscription: "renew" is not legal in state "canceled"');
    expect(() => nextInvoiceStatus('paid', 'void')).toThrow('invoice: "void" is not legal in state "paid"');
    expect(() => nextChargeStatus('captured', 'claim')).toThrow('charge: "claim" is not legal in state "captured"');
    expect(() => nextRefundStatus('declined', 'claim')).toThrow('refund: "claim" is not legal in state "declined"');
    expect(() => nextSourceStatus('nowhere' as 'active', 'revoke')).toThrow('source: "revoke" is not legal in state "nowhere"');
  });

  it('is not accepted, not even from a state that is none', () => {
    expect(accepts(invoiceTransitions as Table, 'nowhere', 'pay')).toBe(false);
  });
});

describe('a state diagram', () => {
  const light: Transitions<'red' | 'green' | 'off', 'go' | 'hurry' | 'stay' | 'break'> = {
    red: { go: 'green', hurry: 'green', stay: 'red', break: 'off' },
    green: { break: 'off' },
    off: {},
  };

  it('draws every step once, leaves out what changes nothing, and shows where it begins and ends', () => {
    expect(stateDiagram(light, ['red'])).toBe(
      [
        'stateDiagram-v2',
        '    [*] --> red',
        '    red --> green: go, hurry',
        '    red --> off: break',
        '    green --> off: break',
        '    off --> [*]',
      ].join('\n'),
    );
  });
});
