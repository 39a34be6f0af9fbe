import { describe, expect, it } from 'vitest';
import { conflict, invalid, invalidFields, missing, notFound, Refusal } from './errors.js';

describe('a refusal', () => {
  it('of what does not exist names it in words and in code', () => {
    expect(notFound('test_clock', 'clock_1')).toMatchObject({
      kind: 'not_found', code: 'test_clock_not_found', message: 'There is no test clock "clock_1".', errors: [],
    });
  });

  it('of something named in a body names the field as well', () => {
    expect(missing('dunning_policy', 'policy.code')).toMatchObject({
      kind: 'not_found', code: 'dunning_policy_not_found', message: 'There is no such dunning policy.',
      errors: [{ path: 'policy.code', message: 'does not exist' }],
    });
  });

  it('because of a state says when to ask again, where that is known', () => {
    expect(conflict('charge_in_progress', 'Wait.', 30)).toMatchObject({ kind: 'conflict', code: 'charge_in_progress', errors: [], retryAfter: 30 });
    expect(conflict('subscription_paused', 'No.').retryAfter).toBeUndefined();
  });

  it('of bad input looks like any other validation error, or has a code of its own', () => {
    const errors = [{ path: 'items.0.amount', message: 'must be above 0' }];
    expect(invalid('items.0.amount', 'must be above 0')).toMatchObject({ kind: 'invalid', code: 'validation_failed', errors });
    expect(invalid('items.0.amount', 'must be above 0', 'amount_too_small')).toMatchObject({ code: 'amount_too_small', errors });
    expect(invalid('a', 'b')).toBeInstanceOf(Refusal);
    expect(invalid('amount', 'must be above 0').message).toBe('The request is not valid: amount must be above 0.');
  });

  it('of bad input tells the first fields in words, and names all of them', () => {
    const errors = ['a', 'b', 'c', 'd', 'e'].map((path) => ({ path, message: 'is wrong' }));
    expect(invalidFields(errors)).toMatchObject({ errors, message: 'The request is not valid: a is wrong; b is wrong; c is wrong; and 2 more.' });
    expect(invalidFields([{ path: '', message: 'must be an object' }]).message).toBe('The request is not valid: the body must be an object.');
  });

  it('writes names as they are written', () => {
    expect(notFound('api_key', 'key_1').message).toBe('There is no API key "key_1".');
  });
});
