import type { Dice } from './dice.js';
import type { World } from './world.js';

const LANDING = { terminal_type: 'WEB', success_url: 'https://shop.example/yes', failure_url: 'https://shop.example/no' };
const AT_ONCE = 10;
/** Of a hundred wallets so many are empty on a day. */
const EMPTY_WALLETS = 3;
const REFUND = 100;
const email = (i: number): string => `wallet-${i}@example.com`;

/** A shop in the storm: it sells beforehand, and its customers' wallets run dry now and then. */
export class Shop {
  private wallets = 0;

  constructor(
    private readonly world: World,
    private readonly dice: Dice,
  ) {}

  /** Sells a daily plan to so many customers, who pay at once. */
  async open(wallets: number): Promise<void> {
    const { world } = this;
    this.wallets = wallets;
    await world.post('/v1/plans', { code: 'tea', name: 'Tea of the day', amount: 900, currency: 'CNY', interval: 'day', renewal_notice: 'off' });
    let next = 0;
    const seller = async (): Promise<void> => {
      for (let i = next++; i < wallets; i = next++) {
        const customer = await world.post('/v1/customers', { email: email(i) });
        const sold = await world.post('/v1/subscriptions', { customer: customer.id, plan: 'tea', ...LANDING });
        const charge = await world.one<{ gateway_payment_id: string }>('select gateway_payment_id from charges where subscription = $1', [sold.id]);
        await world.control('POST', `/payments/${charge?.gateway_payment_id}/approve`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, seller));
    await world.until('everybody has paid', async () => (await world.one(`select 1 from subscriptions where status <> 'active' limit 1`)) === null);
  }

  /** Some wallets are empty today. */
  async vary(): Promise<void> {
    for (let i = 0; i < this.wallets; i += 1) {
      if (this.dice.below(100) >= EMPTY_WALLETS) continue;
      await this.world.control('POST', `/wallets/${email(i)}/behaviour`, { outcome: 'decline', response_code: '20051', times: 1 });
    }
  }

  /** Everybody has money again. */
  async calm(): Promise<void> {
    for (let i = 0; i < this.wallets; i += 1) {
      await this.world.control('POST', `/wallets/${email(i)}/behaviour`, { outcome: 'capture' });
    }
  }

  /** Some money goes back, if the engine that is asked lives long enough to hear it. */
  async giveBack(): Promise<void> {
    try {
      const charge = await this.world.one<{ id: string }>(
        `select id from charges where status = 'captured' and amount_refunded = 0 order by md5(id || $1) limit 1`,
        [String(this.dice.below(1e6))],
      );
      if (charge) await this.world.post(`/v1/charges/${charge.id}/refunds`, { amount: REFUND });
    } catch {
      // Then it is not given back, or it is although nobody heard so: the books must agree either way.
    }
  }
}
