import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SandboxGateway } from '../../sandbox/gateway.js';
import { isOpen, isPaid, TRANSITIONS, transition, type PaymentChange, type PaymentStatus } from '../../sandbox/payments/transitions.js';
import { VirtualClock } from '../../sandbox/runtime/clock.js';
import { Fifo } from '../../sandbox/runtime/fifo.js';
import type { HttpReply } from '../../sandbox/runtime/ports.js';
import { Random } from '../../sandbox/runtime/random.js';
import { Schedule } from '../../sandbox/runtime/schedule.js';
import { KEY, redirectBody, START, storedBody } from './support.js';

describe('the transition table', () => {
  const changes: PaymentChange[] = ['capture', 'capture_partially', 'capture_late', 'decline', 'expire', 'cancel', 'schedule_retry', 'refund_partially', 'refund_fully'];
  const statuses = Object.keys(TRANSITIONS) as PaymentStatus[];

  test('an illegal transition throws, a legal one does not', () => {
    for (const status of statuses) {
      for (const change of changes) {
        const to = TRANSITIONS[status][change];
        if (to === undefined) expect(() => transition(status, change)).toThrow(`a payment that is ${status} cannot ${change}`);
        else expect(transition(status, change)).toBe(to);
      }
    }
  });

  test('nothing that ended reopens, and only a late capture leaves a failure', () => {
    for (const status of statuses.filter((one) => !isOpen(one))) {
      for (const [change, to] of Object.entries(TRANSITIONS[status])) {
        expect(isOpen(to)).toBe(false);
        expect(isPaid(status) || status === 'Refunded' || change === 'capture_late').toBe(true);
      }
    }
  });
});

test('the schedule hands out items by instant, then by order of entry', () => {
  fc.assert(fc.property(fc.array(fc.nat(50), { maxLength: 200 }), (instants) => {
    const schedule = new Schedule<number>();
    instants.forEach((at, index) => schedule.add(at, index));
    const taken: [number, number][] = [];
    for (let due = schedule.take(100); due !== undefined; due = schedule.take(100)) taken.push([due.at, due.event]);
    expect(taken).toEqual(instants.map((at, index): [number, number] => [at, index]).sort((a, b) => a[0] - b[0] || a[1] - b[1]));
  }));
});

test('the schedule keeps what is not yet due', () => {
  const schedule = new Schedule<string>();
  schedule.add(10, 'later');
  schedule.add(5, 'soon');
  expect(schedule.take(4)).toBeUndefined();
  expect(schedule.nextDueAt()).toBe(5);
  expect([schedule.take(5)?.event, schedule.take(9), schedule.size]).toEqual(['soon', undefined, 1]);
});

test('the queue keeps its order through any mixture of pushes and shifts', () => {
  fc.assert(fc.property(fc.array(fc.option(fc.nat(), { nil: undefined }), { maxLength: 300 }), (steps) => {
    const [fifo, model] = [new Fifo<number>(), [] as number[]];
    for (const step of steps) {
      if (step === undefined) expect(fifo.shift()).toBe(model.shift());
      else {
        fifo.push(step);
        model.push(step);
      }
      expect(fifo.size).toBe(model.length);
    }
  }));
});

test('random: ids in the gateway’s form, delays within their range, seeds that repeat', () => {
  const [one, same, other] = [new Random('a'), new Random('a'), new Random('b')];
  const ids = Array.from({ length: 2000 }, () => one.id('pay'));
  expect(ids).toEqual(Array.from({ length: 2000 }, () => same.id('pay')));
  expect(other.id('pay')).not.toBe(ids[0]);
  expect(new Set(ids).size).toBe(2000);
  for (const id of ids) expect(id).toMatch(/^pay_[a-z2-7]{26}$/);
  const seen = new Set(Array.from({ length: 500 }, () => one.delay([3, 6])));
  expect([...seen].sort()).toEqual([3, 4, 5, 6]);
  expect(one.delay([7, 7])).toBe(7);
});

test('webhooks go out side by side, but not more at a time than allowed', async () => {
  const clock = new VirtualClock(START);
  const waiting: (() => void)[] = [];
  let most = 0;
  let out = 0;
  const sender = {
    send: async () => {
      most = Math.max(most, (out += 1));
      await new Promise<void>((done) => waiting.push(done));
      out -= 1;
      return { status: 200 };
    },
  };
  const gateway = await SandboxGateway.open({ clock, sender, seed: 's', settings: { webhook_url: 'http://merchant.test/', webhook_concurrency: 3 } });
  for (let i = 0; i < 10; i += 1) await gateway.handle({ method: 'POST', path: '/payments', headers: { authorization: `Bearer ${KEY}` }, body: JSON.stringify(redirectBody('Regular')) });
  gateway.runUntil(START + 1000);
  expect([out, gateway.webhooks.sending]).toEqual([3, 10]);
  while (waiting.length > 0) {
    waiting.shift()!();
    await new Promise((done) => setImmediate(done));
  }
  expect([most, gateway.webhooks.counts.delivered]).toEqual([3, 10]);
});

/** A run without any transport or timer: everything that was answered and told, in order. */
async function trace(seed: string): Promise<string[]> {
  const clock = new VirtualClock(START);
  const told: string[] = [];
  const sender = {
    send: async (_url: string, headers: Record<string, string>, body: string) => {
      told.push(`${clock.now() - START} ${headers['cko-signature']} ${body}`);
      return { status: told.length % 7 === 0 ? 500 : 200 };
    },
  };
  const gateway = await SandboxGateway.open({ clock, sender, seed, settings: { webhook_url: 'http://merchant.test/', webhook_key: 'k' }, publicUrl: 'http://gateway.test' });
  gateway.context.faults.arm({ type: 'webhook_out_of_order', probability: 0.2 });
  gateway.context.faults.arm({ type: 'decline', probability: 0.3 });
  const call = async (body: object, key: string): Promise<any> => {
    const reply = await gateway.handle({ method: 'POST', path: '/payments', headers: { authorization: `Bearer ${KEY}`, 'cko-idempotency-key': key }, body: JSON.stringify(body) });
    told.push(JSON.stringify(reply));
    return JSON.parse((reply as HttpReply).body);
  };
  for (let customer = 0; customer < 5; customer += 1) {
    const setUp = await call({ ...redirectBody('Recurring'), reference: `S${customer}` }, `s${customer}`);
    gateway.settlement.approve(gateway.context.store.payments.get(setUp.id)!);
    await gateway.advanceTo(clock.now() + 20_000);
    for (let period = 0; period < 5; period += 1) {
      await call({ ...storedBody(setUp.source.id), reference: `C${customer}-${period}` }, `c${customer}-${period}`);
      await gateway.advanceTo(clock.now() + 30 * 86_400_000);
    }
  }
  told.push(JSON.stringify(gateway.book.totals()));
  return told;
}

test('the same seed gives the same run to the byte, another seed another one', async () => {
  const [one, same, other] = [await trace('seed 1'), await trace('seed 1'), await trace('seed 2')];
  expect(one.length).toBeGreaterThan(80);
  expect(one).toEqual(same);
  expect(one).not.toEqual(other);
});
