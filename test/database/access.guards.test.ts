import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { START } from '../../src/domain/testing/case.builder.js';
import { REFUSED, SeededBooks } from '../support/seeded.books.js';

let books: SeededBooks;
beforeAll(async () => {
  books = await SeededBooks.open();
});
afterAll(() => books.close());
beforeEach(() => books.run('begin'));
afterEach(() => books.run('rollback'));

const CLAIMED = {
  id: 'digest', api_key: 'key_1', body_digest: 'body', lease_token: 2, leased_until: START, committed_at: null, resource: null, secret: null,
  status: null, body: null, completed_at: null, created_at: START,
};
const BOUND = { ...CLAIMED, committed_at: START, status: 201, resource: 'cust_1', secret: 'sealed' };
const ANSWERED = { ...BOUND, secret: null, body: 'sealed', completed_at: START };

describe('an idempotency key', () => {
  it('is claimed, bound and answered, in that order; and it may be answered without having bound anything', async () => {
    await books.insert('idempotency_keys', CLAIMED);
    const bind = `update idempotency_keys set committed_at = now(), status = 201, resource = 'cust_1', secret = 'sealed'`;
    expect(await books.refusal(bind)).toBeNull();
    expect(await books.refusal('update idempotency_keys set lease_token = 3, leased_until = now()')).toBeNull();
    expect(await books.refusal(`update idempotency_keys set body = 'sealed', completed_at = now(), secret = null`)).toBeNull();
    await books.insert('idempotency_keys', { ...CLAIMED, id: 'another' });
    expect(await books.refusal(`update idempotency_keys set status = 409, body = 'sealed', completed_at = now() where id = 'another'`)).toBeNull();
  });

  it.each([
    ['a body that is another', CLAIMED, `body_digest = 'other'`],
    ['a lease that was lost before', CLAIMED, 'lease_token = 1'],
    ['an age that it has not', CLAIMED, `created_at = now()`],
    ['a write without the status of its answer', CLAIMED, 'committed_at = now()'],
    ['an answer without a status', CLAIMED, `body = 'sealed', completed_at = now()`],
    ['an end without an answer', CLAIMED, 'status = 409, completed_at = now()'],
    ['a server error for an answer', CLAIMED, `status = 500, body = 'sealed', completed_at = now()`],
    ['a second write', BOUND, 'committed_at = now()'],
    ['a write that is taken back', BOUND, 'committed_at = null'],
    ['a secret that outlives its answer', BOUND, `body = 'sealed', completed_at = now()`],
    ['a second answer', ANSWERED, `body = 'other'`],
  ])('takes not: %s', async (_, row, changes) => {
    await books.insert('idempotency_keys', row);
    expect(await books.refusal(`update idempotency_keys set ${changes}`)).toBe(REFUSED.check);
  });

  it('stands once', async () => {
    await books.insert('idempotency_keys', CLAIMED);
    expect(await books.refusalOfInsert('idempotency_keys', { ...CLAIMED, body_digest: 'other' })).toBe(REFUSED.unique);
  });
});

describe('the audit log', () => {
  const LINE = {
    id: 'aud_1', api_key: 'key_1', api_key_name: 'shop', method: 'POST', route: '/v1/plans', path: '/v1/plans', resource: 'plan_1', status: 201,
    request_id: 'r', before: null, after: {}, created_at: START,
  };

  it('is of writes', async () => {
    expect(await books.refusalOfInsert('audit_log', { ...LINE, method: 'GET' })).toBe(REFUSED.check);
  });

  it.each(['update audit_log set status = 200', 'delete from audit_log', 'truncate audit_log'])('forgets and changes nothing: %s', async (sql) => {
    await books.insert('audit_log', LINE);
    expect(await books.refusal(sql)).toBe(REFUSED.appendOnly);
  });
});
