import { expect, it } from 'vitest';
import { aCharge, aSubscription } from './testing/case.builder.js';
import { Life } from './testing/life.story.js';
import { chargeView, sourceView, subscriptionView } from './views.js';
import { walletOf, withWallet } from './wallet.naming.js';

const NAMES = new Map([['psrc_1', 'src_1']]);

it('charges and wallets name a row, and are told by the gateway’s name of it', () => {
  const charge = chargeView(aCharge({ source: 'psrc_1' }));
  expect(walletOf(charge)).toBe('psrc_1');
  expect(withWallet(charge, NAMES)).toEqual({ ...charge, source: 'src_1' });
  const wallet = Life.active().wallet;
  const source = { ...sourceView(wallet as NonNullable<typeof wallet>), id: 'psrc_1' };
  expect(withWallet(source, NAMES)).toEqual({ ...source, id: 'src_1' });
});

it('a name that nobody could open is told as none', () => {
  expect(withWallet(chargeView(aCharge({ source: 'psrc_2' })), NAMES)).toMatchObject({ source: null });
});

it('what names no wallet stays as it is, whatever somebody wrote into it', () => {
  for (const thing of [
    chargeView(aCharge({ source: null, metadata: { source: 'psrc_1' } })),
    { ...subscriptionView(aSubscription()), id: 'psrc_1' },
    { object: 'constructor', source: 'psrc_1', id: 'psrc_1' },
    { source: 'psrc_1' },
  ]) {
    expect(walletOf(thing)).toBeNull();
    expect(withWallet(thing, NAMES)).toBe(thing);
  }
});
