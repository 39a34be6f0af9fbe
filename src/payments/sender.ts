import { Injectable, Logger } from '@nestjs/common';
import type { BillingCase } from '../domain/case.js';
import { type Charge, claimed, isCustomerPresent } from '../domain/charge.js';
import { LEASE_MARGIN_MS, LEASE_MS } from '../domain/sending.js';
import { pause } from '../platform/clock/pause.js';
import { update, write } from '../platform/database/sets.js';
import { Database, type Transaction } from '../platform/database/database.js';
import { Continuity } from '../continuity/continuity.js';
import { ChargeCalls } from './charge.calls.js';
import { Clearance, NEEDS_CLEARANCE } from './clearance.js';
import { RateBudget } from './rate.budget.js';
import { SettlementDoor } from './settlement.door.js';

/** Calls that may be under way at once in one process. */
const MOST_IN_FLIGHT = 1_000;
const LARGEST_SET = 500;
/** How often somebody looks who waits for what another sends for him, and how long (ms) he waits in between. */
const LOOKS = 50;
const LOOK_MS = 100;

const CLAIMED_COLUMNS = [
  'status', 'sends', 'lease_token', 'lease_until', 'first_sent_at', 'last_sent_at', 'requested_at', 'next_check_at', 'checks',
] as const satisfies readonly (keyof Charge)[];

/**
 * Sends charges. A set is claimed and committed as `sending` first; then the calls go out together, outside
 * any transaction, and each answer goes through the settlement door under the lease of its claim.
 */
@Injectable()
export class Sender {
  private readonly log = new Logger(Sender.name);
  private readonly inFlight = new Set<Promise<void>>();

  constructor(
    private readonly database: Database,
    private readonly calls: ChargeCalls,
    private readonly budget: RateBudget,
    private readonly door: SettlementDoor,
    private readonly clearance: Clearance,
    private readonly continuity: Continuity,
  ) {}

  /** Claims what is due to be sent, as far as the rate budget goes, and starts the calls. Returns their number. */
  async run(): Promise<number> {
    const room = MOST_IN_FLIGHT - this.inFlight.size;
    if (room <= 0) {
      await Promise.race(this.inFlight);
      return 1;
    }
    const started = performance.now();
    const charges = await this.database.transaction((tx) => this.claimDue(tx, Math.min(room, LARGEST_SET)));
    void this.start(charges, started);
    return charges.length;
  }

  private async claimDue(tx: Transaction, most: number): Promise<Charge[]> {
    const { quarantined } = await this.continuity.standing(tx);
    if (quarantined) return [];
    const due = await tx.query<Charge>(
      `select * from charges c
        where c.status = 'created' and c.parked_at is null and c.next_check_at <= $1 and not (${NEEDS_CLEARANCE})
        order by c.next_check_at limit $2 for update of c skip locked`,
      [tx.now, most],
    );
    if (due.length === 0) return [];
    return this.claim(tx, due.slice(0, await this.budget.take(tx, 'writes', due.length)));
  }

  /** Sends these charges now and waits for their outcome, whoever sends them: somebody is waiting at the other end. */
  async sendNow(ids: readonly string[]): Promise<void> {
    await this.clearance.clearNow(ids);
    const started = performance.now();
    const charges = await this.database.transaction(async (tx) => {
      const { quarantined } = await this.continuity.standing(tx);
      if (quarantined) return [];
      const due = await tx.query<Charge>(
        `select * from charges c
          where c.id = any($2) and c.status = 'created' and c.parked_at is null and not (${NEEDS_CLEARANCE})
          order by c.id for update of c`,
        [tx.now, ids],
      );
      if (due.length === 0) return [];
      await this.budget.spend(tx, 'writes', due.length);
      return this.claim(tx, due);
    });
    await this.start(charges, started);
    if (charges.length < ids.length) await this.answered(ids);
  }

  /** Resolves when none of these is under way any more, or after a while. */
  private async answered(ids: readonly string[]): Promise<void> {
    for (let look = 0; look < LOOKS; look += 1) {
      const underWay = await this.database.query("select 1 from charges where id = any($1) and status = 'sending' limit 1", [ids]);
      if (underWay.length === 0) return;
      await pause(LOOK_MS);
    }
  }

  /**
   * Claims new charges in the very transaction that creates them, as far as the budget goes: one writing
   * instead of two. The caller saves the cases, commits, and then calls {@link sendClaimed}.
   */
  async claimFresh(tx: Transaction, cases: readonly BillingCase[]): Promise<Charge[]> {
    const { quarantined, hasGaps } = await this.continuity.standing(tx);
    // After a gap every charge goes the long way, through clearance.
    if (quarantined || hasGaps) return [];
    const fresh = cases.flatMap((c) =>
      c.charges.pick(c.charges.added).filter((charge) => isFirstTry(charge, tx.now)).map((charge) => ({ c, charge })),
    );
    if (fresh.length === 0) return [];
    const granted = await this.budget.take(tx, 'writes', Math.min(fresh.length, MOST_IN_FLIGHT - this.inFlight.size));
    return fresh.slice(0, granted).map(({ c, charge }) => c.patchCharge(charge.id, claimed(charge, tx.now)));
  }

  /** Starts the calls of charges that were claimed as they were created. */
  sendClaimed(charges: readonly Charge[], claimedAt: number): void {
    void this.start(charges, claimedAt);
  }

  /** Sends charges again that a look-up has claimed; in quarantine they wait for their lease to run out. */
  async resend(charges: readonly Charge[], claimedAt: number): Promise<void> {
    if (charges.length === 0) return;
    const allowed = await this.database.transaction(async (tx) => {
      if ((await this.continuity.standing(tx)).quarantined) return false;
      await this.budget.spend(tx, 'writes', charges.length);
      return true;
    });
    if (allowed) await this.start(charges, claimedAt);
  }

  /**
   * Starts the calls of charges that are claimed already; resolves when all are answered and stored.
   * `claimedAt`: monotonic ms, taken before the claim.
   */
  private async start(charges: readonly Charge[], claimedAt: number): Promise<void> {
    if (charges.length === 0) return;
    const deadline = claimedAt + LEASE_MS - LEASE_MARGIN_MS;
    const names = this.calls.names(charges);
    const calls = charges.map((charge) => {
      const call = this.send(charge, names, deadline)
        .catch((error: unknown) => this.log.error({ charge: charge.id, err: error }, 'what came of a sending could not be stored'))
        .finally(() => this.inFlight.delete(call));
      this.inFlight.add(call);
      return call;
    });
    await Promise.all(calls);
  }

  /** Resolves when no call is under way any more. */
  async idle(): Promise<void> {
    while (this.inFlight.size > 0) await Promise.all(this.inFlight);
  }

  /** Takes the lease of these charges: committed before anything is sent. */
  async claim(tx: Transaction, charges: readonly Charge[]): Promise<Charge[]> {
    const rows = charges.map((charge) => ({ ...charge, ...claimed(charge, tx.now), updated_at: tx.now }));
    await write(tx, [update<Charge>('charges', 'id', CLAIMED_COLUMNS, rows)]);
    return rows;
  }

  private async send(charge: Charge, names: Promise<ReadonlyMap<string, string>>, deadline: number): Promise<void> {
    await this.door.settle({ ...(await this.calls.send(charge, await names, deadline)), claimed: charge });
  }
}

/** A stored wallet's first charge for its period, due at once: nothing has to be asked before it is sent. */
function isFirstTry(charge: Charge, now: Date): boolean {
  const due = charge.next_check_at !== null && charge.next_check_at <= now;
  return charge.status === 'created' && charge.attempt === 1 && !isCustomerPresent(charge.kind) && due;
}
