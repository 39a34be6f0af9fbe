import { expect, it } from 'vitest';
import { claimedSince } from './sending.js';
import { aCharge } from './testing/case.builder.js';

it('what a look-up claimed again is what carries the next lease, and nothing that somebody else claimed', () => {
  const leased = (id: string, lease_token: number) => aCharge({ id, lease_token });
  const asked = [leased('resent', 4), leased('left', 4), leased('twice', 4)];
  const now = [leased('left', 4), leased('resent', 5), leased('twice', 6), leased('not_asked', 1)];
  expect(claimedSince(asked, now).map(({ id }) => id)).toEqual(['resent']);
});
