import { at, type Switch } from './switch.js';

const SEALING = 'src/platform/crypto/sealing.ts';
const SEALED = 'test/security/sealed.test.ts';

/** What keeps the names of wallets, which move money. */
export const WALLET_SWITCHES: readonly Switch[] = [
  {
    name: 'sealed_for_any_row',
    removes: 'the binding of a sealed text to its row',
    patches: [at(SEALING, ', nonce).setAAD(Buffer.from(place));', ', nonce);'), at(SEALING, '\n      .setAAD(Buffer.from(place))', '')],
    watch: { test: SEALED },
  },
  {
    name: 'bytes_not_compared',
    removes: 'comparing what is sent with the hash that was frozen',
    patches: [at('src/cases/payment.body.ts', 'if (hashOf(bytes) !== body_hash) throw', 'if (body_hash === bytes) throw')],
    watch: { test: SEALED },
  },
  {
    name: 'webhooks_kept_whole',
    removes: 'keeping webhooks without the names of wallets',
    patches: [at('src/inbox/gateway.event.ts', "body: raw.replace(WALLET, 'src_[redacted]'),", 'body: WALLET.global ? raw : raw,')],
    watch: { test: SEALED },
  },
];
