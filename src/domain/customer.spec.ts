import { expect, it } from 'vitest';
import { billedCustomer } from './customer.js';
import { aCustomer } from './testing/case.builder.js';

it('an invoice keeps the customer as he was, in his country or in the merchant’s', () => {
  expect(billedCustomer(aCustomer(), 'HK')).toEqual({ email: 'li@example.com', name: 'Li', country: 'CN' });
  expect(billedCustomer({ ...aCustomer(), country: null, name: null }, 'HK')).toEqual({ email: 'li@example.com', name: null, country: 'HK' });
});
