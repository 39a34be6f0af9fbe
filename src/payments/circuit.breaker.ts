import { Injectable, Logger } from '@nestjs/common';
import { type Circuit, type Health, mayProbe, onHealth, probing, share } from '../domain/circuit.js';
import { Batcher } from '../platform/batching/batcher.js';
import { Database, type Transaction } from '../platform/database/database.js';

const LARGEST_SET = 1_000;

/** The circuit between us and the gateway: one row for all replicas, touched only when something is wrong. */
@Injectable()
export class CircuitBreaker {
  private readonly log = new Logger(CircuitBreaker.name);
  private readonly reports = new Batcher<Health>((set) => this.apply(set), LARGEST_SET);
  private troubled = false;

  constructor(private readonly database: Database) {}

  /** The share of the rate budget that may be used now, and whether only a single probe may go. */
  async admit(tx: Transaction): Promise<{ share: number; probe: boolean }> {
    const circuit = await this.read(tx);
    this.troubled = circuit.state !== 'closed' || circuit.failures > 0;
    if (mayProbe(circuit, tx.now)) {
      await this.write(tx, probing(circuit, tx.now));
      return { share: 1, probe: true };
    }
    return { share: share(circuit, tx.now), probe: false };
  }

  /** What a call told about the gateway. Costs nothing while all is well. */
  async report(health: Health): Promise<void> {
    if (health === 'well' && !this.troubled) return;
    this.troubled = true;
    await this.reports.add(health);
  }

  private async apply(set: readonly Health[]): Promise<void> {
    await this.database.transaction(async (tx) => {
      const before = await this.read(tx, 'for update');
      const after = set.reduce((circuit, health) => onHealth(circuit, health, tx.now), before);
      if (after.state !== before.state) {
        const { state, reason, failures, openings, since } = after;
        this.log[state === 'open' ? 'error' : 'warn']({ state, reason, failures, openings, since }, `gateway circuit ${state}`);
      }
      await this.write(tx, after);
      this.troubled = after.state !== 'closed' || after.failures > 0;
    });
  }

  private async read(tx: Transaction, lock = ''): Promise<Circuit> {
    const [circuit] = await tx.query<Circuit>(
      `select state, failures, openings, reason, since from gateway_circuit ${lock}`,
    );
    if (!circuit) throw new Error('The gateway’s circuit is missing');
    return circuit;
  }

  private async write(tx: Transaction, c: Circuit): Promise<void> {
    await tx.query('update gateway_circuit set state = $1, failures = $2, openings = $3, reason = $4, since = $5', [
      c.state,
      c.failures,
      c.openings,
      c.reason,
      c.since,
    ]);
  }
}
