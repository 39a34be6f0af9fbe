import { Injectable } from '@nestjs/common';
import type { Health } from '../domain/circuit.js';
import { Config } from '../platform/config/config.js';
import type { Transaction } from '../platform/database/database.js';
import { budgetCalls } from '../platform/telemetry/meters.js';
import { CircuitBreaker } from './circuit.breaker.js';

export type Budget = 'writes' | 'reads';

/**
 * How many calls may go to the gateway now. Per second for the whole account: one bucket in the database,
 * shared by all replicas, that holds one second's worth at most; less, or none, while the gateway is ill.
 */
@Injectable()
export class RateBudget {
  constructor(
    private readonly config: Config,
    private readonly breaker: CircuitBreaker,
  ) {}

  /** Takes up to `wanted` calls out of the budget and returns how many there were. */
  async take(tx: Transaction, budget: Budget, wanted: number): Promise<number> {
    // Reading is how we learn that the gateway is well again, so only writing waits for it.
    const { share, probe } = budget === 'writes' ? await this.breaker.admit(tx) : { share: 1, probe: false };
    if (share === 0) {
      budgetCalls.inc({ budget, result: 'held' }, wanted);
      return 0;
    }
    return this.draw(tx, budget, probe ? 1 : wanted, (available) => `greatest(0, least($4::double precision, floor(${available} * ${share})))`);
  }

  /** The same for work that has time: it leaves half of a second's reads to those who wait for an answer. */
  takeSpare(tx: Transaction, wanted: number): Promise<number> {
    return this.draw(tx, 'reads', wanted, (available) => `greatest(0, least($4::double precision, floor(${available} - floor($2 / 2))))`);
  }

  /** What a call told about the gateway's health. */
  report(health: Health): Promise<void> {
    return this.breaker.report(health);
  }

  /** Takes a call although the bucket may be empty: somebody is waiting for it. The rest waits longer. */
  async spend(tx: Transaction, budget: Budget, calls: number): Promise<void> {
    await this.draw(tx, budget, calls, () => '$4::double precision');
  }

  /** Refills the bucket and takes out of it in one statement; `granted`: SQL for how much of what is available. */
  private async draw(tx: Transaction, budget: Budget, wanted: number, granted: (available: string) => string): Promise<number> {
    const rate = budget === 'writes' ? this.config.CKO_WRITES_PER_SECOND : this.config.CKO_READS_PER_SECOND;
    const full = '$2::double precision';
    const refilled = `least($2, b.tokens + greatest(0, extract(epoch from $3::timestamptz - b.refilled_at)) * $2)`;
    const [row] = await tx.query<{ granted: number }>(
      `insert into rate_budgets as b (name, tokens, refilled_at, granted)
       values ($1, ${full} - ${granted(full)}, $3, ${granted(full)})
       on conflict (name) do update set
         tokens = ${refilled} - ${granted(refilled)},
         granted = ${granted(refilled)},
         refilled_at = greatest(b.refilled_at, $3)
       returning granted`,
      [budget, rate, tx.now, wanted],
    );
    const calls = row?.granted ?? 0;
    budgetCalls.inc({ budget, result: 'granted' }, calls);
    budgetCalls.inc({ budget, result: 'held' }, wanted - calls);
    return calls;
  }
}
