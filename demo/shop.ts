import { setTimeout as sleep } from 'node:timers/promises';
import { type Deed, PLANS, type Wallet } from './cast.js';
import { inYear } from './calendar.js';
import type { JsonApi } from './json.api.js';
import type { Subscription } from './records.js';

const LANDING = { terminal_type: 'WEB', success_url: 'https://shop.example/thanks', failure_url: 'https://shop.example/again' };
const POLL_MS = 10;
const PATIENCE_MS = 30_000;

/** A shop that sells through the engine, and its customers, who answer and fail through the sandbox. */
export class Shop {
  private readonly subscriptionOf = new Map<string, string>();

  constructor(
    private readonly api: JsonApi,
    private readonly control: JsonApi,
    private readonly clock: string,
  ) {}

  async offerPlans(): Promise<void> {
    for (const { terms: _, ...plan } of PLANS) await this.api.post('/v1/plans', { ...plan, currency: 'CNY' });
  }

  /** Sells the customer his plan; he answers the wallet's page in his own way. */
  async signUp(wallet: Wallet): Promise<void> {
    const { name, email, plan, answer } = wallet;
    const locale = /\p{Script=Han}/u.test(name) ? 'zh-CN' : 'en';
    const customer = await this.api.post<{ id: string }>('/v1/customers', { name, email, locale, test_clock: this.clock });
    const sold = await this.api.post<Subscription>('/v1/subscriptions', { customer: customer.id, plan, ...LANDING });
    this.subscriptionOf.set(email, sold.id);
    switch (answer) {
      case 'pays':
        return this.answer(sold, 'approve');
      case 'declines':
        return this.answer(sold, 'decline');
      case 'declines_then_pays':
        await this.answer(sold, 'decline');
        return this.payThroughCheckout(email);
      case 'leaves':
    }
  }

  /** Lets happen to a wallet, or to its subscription, what is to happen. */
  async letHappen(email: string, deed: Deed): Promise<void> {
    switch (deed.what) {
      case 'runs_dry':
        await this.control.post(`/wallets/${email}/behaviour`, { outcome: 'decline', response_code: '20051', times: deed.tries });
        return;
      case 'revokes':
        await this.control.post(`/wallets/${email}/revoke`);
        return;
      case 'signs_anew':
        return this.payThroughCheckout(email);
      case 'pauses':
        await this.change(email, 'pause', { resumes_at: deed.until && inYear(deed.until).toISOString() });
        return;
      case 'resumes':
        await this.change(email, 'resume', { confirm_charge: true });
        return;
      case 'cancels':
        await this.change(email, 'cancel', { at: deed.at, reason: 'asked by the customer' });
        return;
      case 'uncancels':
        await this.change(email, 'uncancel');
    }
  }

  /** The subscription that was sold to a customer. */
  subscription(email: string): string {
    const id = this.subscriptionOf.get(email);
    if (id === undefined) throw new Error(`${email} has not signed up`);
    return id;
  }

  private async payThroughCheckout(email: string): Promise<void> {
    return this.answer(await this.change(email, 'checkout', LANDING), 'approve');
  }

  private change(email: string, action: string, body?: object): Promise<Subscription> {
    return this.api.post(`/v1/subscriptions/${this.subscription(email)}/${action}`, body);
  }

  /** The customer presses a button on the wallet's page; waits until the engine has heard of it. */
  private async answer({ id }: Subscription, choice: 'approve' | 'decline'): Promise<void> {
    // The link may come a moment after the sale, when the gateway's answer does.
    const { url } = await this.checkoutThatIs('ready', id);
    await fetch(url as string, { method: 'POST', body: new URLSearchParams({ choice }), redirect: 'manual' });
    await this.checkoutThatIs(choice === 'approve' ? 'done' : 'failed', id);
  }

  private async checkoutThatIs(status: string, id: string): Promise<Subscription['checkout']> {
    const giveUpAt = Date.now() + PATIENCE_MS;
    for (;;) {
      const { checkout } = await this.api.get<Subscription>(`/v1/subscriptions/${id}`);
      if (checkout.status === status) return checkout;
      if (Date.now() > giveUpAt) throw new Error(`The checkout of ${id} is ${checkout.status}, not ${status}.`);
      await sleep(POLL_MS);
    }
  }
}
