import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MESSAGE_STATUSES, type MessageStatus, messageTransitions } from '../../src/domain/message.delivery.js';
import { START } from '../../src/domain/testing/case.builder.js';
import { REFUSED, SeededBooks } from '../support/seeded.books.js';

let books: SeededBooks;
beforeAll(async () => {
  books = await SeededBooks.open();
});
afterAll(() => books.close());
beforeEach(() => books.run('begin'));
afterEach(() => books.run('rollback'));

describe('a message', () => {
  const MESSAGE = {
    id: 'msg_1', name: 'receipt', customer: 'cust_1', subscription: 'sub_1', invoice: 'inv_1', locale: 'en', recipient: 'li@example.com',
    data: { plan_name: 'Tea' }, status: 'pending', attempts: 0, next_attempt_at: START, wording: 'a', error: null, sent_at: null,
    created_at: START, recorded_at: START, updated_at: START,
  };
  const VALUES: Record<MessageStatus, string> = {
    pending: 'next_attempt_at = now(), sent_at = null, error = null',
    sent: 'next_attempt_at = null, sent_at = now(), error = null',
    kept: 'next_attempt_at = null, sent_at = null, error = null',
    failed: `next_attempt_at = null, sent_at = null, error = '550'`,
  };

  it('takes the steps of its table, and no others', async () => {
    const pairs = MESSAGE_STATUSES.flatMap((from) => MESSAGE_STATUSES.map((to) => ({ from, to })));
    const taken: typeof pairs = [];
    for (const { from, to } of pairs) {
      await books.run('savepoint pair');
      await books.insert('messages', MESSAGE);
      if (from !== 'pending') await books.run(`update messages set status = $1, ${VALUES[from]}`, [from]);
      if ((await books.refusal(`update messages set status = $1, ${VALUES[to]}`, [to])) === null) taken.push({ from, to });
      await books.run('rollback to savepoint pair');
    }
    expect(taken).toEqual(pairs.filter(({ from, to }) => from === to || Object.values(messageTransitions[from]).includes(to)));
  });

  it.each([
    ['recipient', `'other@example.com'`], ['name', `'canceled'`], ['locale', `'zh-CN'`], ['customer', `'cust_2'`], ['invoice', 'null'],
    ['data', `'{"plan_name":"Coffee"}'`], ['wording', `'b'`], ['id', `'msg_2'`],
  ])('never says something else: its %s is written once', async (column, value) => {
    await books.insert('messages', MESSAGE);
    expect(await books.refusal(`update messages set ${column} = ${value}`)).toBe(REFUSED.check);
    expect(await books.refusal('update messages set attempts = 1')).toBeNull();
  });

  it('is made once per event, with a time to be sent at as long as it is to be sent', async () => {
    await books.insert('messages', MESSAGE);
    expect(await books.refusalOfInsert('messages', MESSAGE)).toBe(REFUSED.unique);
    for (const wrong of [{ next_attempt_at: null }, { status: 'kept' }, { status: 'sent', next_attempt_at: null }, { status: 'failed', next_attempt_at: null }, { name: 'hello' }]) {
      expect([wrong, await books.refusalOfInsert('messages', { ...MESSAGE, id: 'msg_2', ...wrong })]).toEqual([wrong, REFUSED.check]);
    }
  });

  it('can always be read again in its words', async () => {
    await books.insert('message_wordings', { digest: 'a', subject: 'a', text: 'a', html: null });
    for (const change of [`update message_wordings set text = 'b'`, 'delete from message_wordings', 'truncate message_wordings']) {
      expect(await books.refusal(change)).toBe(REFUSED.appendOnly);
    }
  });
});
