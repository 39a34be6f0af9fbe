import { expect, test } from 'vitest';
import { callerOf } from './caller.address.js';

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('%s stands for %s', (address, caller) => {
  expect(callerOf(address)).toBe(caller);
});

test('who has no address is somebody too', () => {
  expect(callerOf(undefined)).toBe('');
});
