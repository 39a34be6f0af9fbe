import { setTimeout as sleep } from 'node:timers/promises';
import { endOfMonth, inYear, MONTHS } from './calendar.js';
import { WALLETS } from './cast.js';
import type { JsonApi } from './json.api.js';
import type { Progress } from './progress.js';
import type { Subscription, TestClock } from './records.js';
import type { Shop } from './shop.js';

const FIRST_POLL_MS = 10;
const SLOWEST_POLL_MS = 200;
const STALLED_MS = 60_000;

interface Happening {
  at: Date;
  happen: () => Promise<void>;
}

/** How many subscriptions were served at the end of each month, trials included. */
export type Headcount = Map<string, number>;

/** A year on one test clock: everybody signs up, lives on and does what he does, in order. */
export class Year {
  private readonly served: Headcount = new Map();

  constructor(
    private readonly api: JsonApi,
    private readonly shop: Shop,
    private readonly clock: string,
    private readonly progress: Progress,
  ) {}

  async live(): Promise<Headcount> {
    for (const { at, happen } of this.happenings()) {
      await this.advance(at);
      await happen();
    }
    return this.served;
  }

  private happenings(): Happening[] {
    const lives = WALLETS.flatMap((wallet) => [
      { at: inYear(wallet.joins), happen: () => this.shop.signUp(wallet) },
      ...wallet.deeds.map((deed) => ({ at: inYear(deed.on), happen: () => this.shop.letHappen(wallet.email, deed) })),
    ]);
    const ends = MONTHS.map((month, i) => ({ at: endOfMonth(i), happen: () => this.endMonth(month) }));
    return [...lives, ...ends].sort((a, b) => a.at.getTime() - b.at.getTime());
  }

  private async endMonth(month: string): Promise<void> {
    const statuses = ['active', 'trialing'];
    const lists = await Promise.all(statuses.map((status) => this.api.all<Subscription>(`/v1/subscriptions?status=${status}`)));
    this.served.set(month, lists.flat().length);
    this.progress.endMonth(month);
  }

  /** Moves the clock and shows how far it has come; it stops by itself wherever something is due. */
  private async advance(to: Date): Promise<void> {
    let clock = await this.api.post<TestClock>(`/v1/test_clocks/${this.clock}/advance`, { to: to.toISOString() });
    let [reached, since] = [clock.now, Date.now()];
    for (let wait = FIRST_POLL_MS; clock.status === 'advancing'; wait = Math.min(wait * 1.5, SLOWEST_POLL_MS)) {
      this.progress.show(new Date(clock.now));
      await sleep(wait);
      clock = await this.api.get<TestClock>(`/v1/test_clocks/${this.clock}`);
      if (clock.now !== reached) [reached, since] = [clock.now, Date.now()];
      if (Date.now() - since > STALLED_MS) {
        throw new Error(`The clock stands still at ${clock.now} and waits for ${clock.waiting_on.join(', ') || 'nothing'}.`);
      }
    }
    if (clock.status === 'failed') throw new Error(`The clock failed at ${clock.now}: ${clock.reason}`);
    this.progress.show(to);
  }
}
