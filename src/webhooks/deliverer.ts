import { Injectable, Logger } from '@nestjs/common';
import { payloadOf } from '../domain/webhook.js';
import { walletOf } from '../domain/wallet.naming.js';
import { eventView, walletNames } from '../events/event.view.js';
import { Batcher } from '../platform/batching/batcher.js';
import { Wake } from '../platform/batching/wake.js';
import { Database } from '../platform/database/database.js';
import { deliveryDuration } from '../platform/telemetry/meters.js';
import { beginStep } from '../platform/telemetry/tracing.js';
import { Wallets } from '../wallets/wallets.js';
import { Courier } from './courier.js';
import { type ClaimedDelivery, claimDeliveries } from './delivery.claims.js';
import { type Tried, writeOutcomes } from './delivery.outcomes.js';
import { Signing } from './signing.js';

const LARGEST_SET = 500;
const UNSENT = { status: null, body: null, duration_ms: 0 } as const;

type Names = ReadonlyMap<string, string>;

/**
 * Sends what is due. Every delivery goes its own way: nobody waits for a slow receiver but what is behind it
 * in its own endpoint.
 */
@Injectable()
export class Deliverer {
  private readonly log = new Logger(Deliverer.name);
  private readonly inHand = new Set<Promise<void>>();
  /** How many came to their end since `run` looked last: they make room for others, and let theirs come next. */
  private ended = 0;
  private readonly outcomes = new Batcher<Tried>((tried) => this.write(tried), LARGEST_SET);

  constructor(
    private readonly database: Database,
    private readonly courier: Courier,
    private readonly signing: Signing,
    private readonly wake: Wake,
    private readonly wallets: Wallets,
  ) {}

  /** Claims what is due and begins to send it. Returns how much there was to do, or has come to its end meanwhile. */
  async run(): Promise<number> {
    const { ended } = this;
    this.ended = 0;
    const { claimed, moved, now, names } = await this.database.transaction(async (tx) => {
      const claims = await claimDeliveries(tx);
      const names = await walletNames(tx, this.wallets, claims.claimed.map(({ told }) => told));
      return { ...claims, names, now: tx.now };
    });
    for (const delivery of claimed) {
      const work = this.send(delivery, names, now)
        // Its lease runs out, and it is sent again under the same id.
        .catch((error: unknown) => this.log.error({ delivery: delivery.id, err: error }, 'an outcome is lost'))
        .finally(() => this.inHand.delete(work));
      this.inHand.add(work);
    }
    return claimed.length + moved + ended;
  }

  /** Resolves when nothing is under way any more. */
  async idle(): Promise<void> {
    while (this.inHand.size > 0) await Promise.all(this.inHand);
  }

  private async send(delivery: ClaimedDelivery, names: Names, now: Date): Promise<void> {
    const step = beginStep('webhook delivery', 'client');
    const call = () => this.call(delivery, names, now);
    const answer = await (step ? step.within(call) : call());
    const result = answer.error === null ? 'delivered' : 'failed';
    deliveryDuration.observe({ result }, answer.duration_ms / 1_000);
    const ids = { delivery: delivery.id, endpoint: delivery.to.id, event: delivery.told.id };
    step?.end({ ...ids, outcome: result, 'http.response.status_code': answer.status, ...(answer.error !== null && { 'error.type': result }) });
    await this.outcomes.add({ delivery, answer });
    this.ended += 1;
    this.wake.now('webhooks');
  }

  private async call({ told, to }: ClaimedDelivery, names: Names, now: Date) {
    const wallet = walletOf(told.data.object);
    // Told without it, the event would not be the same at every try.
    if (wallet !== null && !names.has(wallet)) return { ...UNSENT, error: 'names a wallet that cannot be read: see the log' };
    const body = payloadOf(eventView(told, names));
    try {
      return await this.courier.deliver(to.url, this.signing.headers(to, told.id, body, now), body);
    } catch (error) {
      // The secret does not open: until an operator gives us the one that it was sealed with, nothing can be sent.
      this.log.error({ endpoint: to.id, err: error }, 'a delivery cannot be signed');
      return { ...UNSENT, error: 'cannot be signed: see the log' };
    }
  }

  private async write(tried: readonly Tried[]): Promise<void> {
    await this.database.transaction((tx) => writeOutcomes(tx, tried));
  }
}
