import type { CommitFate } from './connections.js';
import type { Doom, Engine } from './engine.js';
import { DAY, HOUR, MINUTE, SECOND } from './hours.js';
import type { Lab } from './lab.js';
import type { Luck } from './luck.js';
import type { EngineClass, Restoring } from './swarm.js';

const FATES: Partial<Record<EngineClass, CommitFate>> = {
  killed_before_commit: 'killed_before',
  killed_after_commit: 'killed_after',
  commit_unacknowledged: 'unacknowledged',
  commit_refused: 'refused',
  serialization_failure: 'serialization',
  paused_past_lease: 'paused_after',
};
/** What a fated commit is about: most of all the lives of subscriptions, which hold the most. */
const FATED = ['subscriptions', 'subscriptions', 'charges', 'gateway_events', 'refunds', null];

/** What happens to engines and their database. */
export class Misfortunes {
  crashes = 0;
  /** When the backup was taken that is about to be restored, and when it will be. */
  backup: { taken: number; restoreAt: number } | null = null;
  /** Since when (ms) a database that was restored knows nothing, until the first engine is told. */
  private forgottenSince: number | null = null;
  private readonly rebirths: { name: string; at: number }[] = [];
  private readonly poisoned: string[] = [];

  constructor(
    private readonly lab: Lab,
    private readonly luck: Luck,
    private readonly restoring: Restoring = { lost: [HOUR, 30 * HOUR], retold: true },
  ) {}

  /** What befalls everybody in this step. */
  async befall(step: number, mayBePoisoned: () => readonly string[]): Promise<void> {
    for (const engine of this.lab.engines.filter((one) => one.working)) await this.befallOne(engine, step);
    if (this.luck.strikes('all_engines_down', step)) {
      const back = this.lab.time.at + this.luck.chance.whole(1, 4, 'down', step) * DAY;
      await this.killAll(back);
      for (const rebirth of this.rebirths) rebirth.at = back;
    }
    if (this.luck.strikes('gateway_outage', step)) {
      this.lab.gateway.context.faults.arm({ type: 'outage', for_seconds: this.luck.chance.whole(600, 14_400, 'outage', step) });
    }
    if (this.luck.strikes('poison_row', step)) await this.poison(this.luck.chance.pick(mayBePoisoned(), 'poison', step));
    await this.backUpOrRestore(step);
  }

  /**
   * A backup is taken, life goes on for some hours, and then the backup is all that is left. Nobody sells or changes
   * anything meanwhile: what only the lost database knew, no engine could know again.
   */
  private async backUpOrRestore(step: number): Promise<void> {
    const now = this.lab.time.at;
    if (this.backup === null && this.luck.strikes('restored_backup', step)) {
      await this.killAll(now);
      await this.lab.backUp();
      const [least, most] = this.restoring.lost;
      this.backup = { taken: now, restoreAt: now + this.luck.chance.whole(least / MINUTE, most / MINUTE, 'restore', step) * MINUTE };
      await this.bringBack(step);
    } else if (this.backup !== null && now >= this.backup.restoreAt) {
      await this.restore(this.backup.taken, step);
    }
  }

  private async restore(taken: number, step: number): Promise<void> {
    this.backup = null;
    await this.killAll(this.lab.time.at);
    await this.lab.restore(taken);
    this.forgottenSince = Math.min(taken, this.forgottenSince ?? taken);
    await this.bringBack(step);
  }

  /** As the runbook says: the gateway tells again what it told the database that is lost. */
  private retell(since: number): void {
    const { store } = this.lab.gateway.context;
    for (const event of store.events.rows.values()) if (event.created_at >= since) this.lab.gateway.webhooks.resend(event);
  }

  private async befallOne(engine: Engine, step: number): Promise<void> {
    const names = [engine.name, step] as const;
    engine.napMs = this.luck.chance.whole(150, 7_200, 'nap', ...names) * SECOND;
    for (const [name, fate] of Object.entries(FATES) as [EngineClass, CommitFate][]) {
      if (engine.doom === null && this.luck.threatens(name, ...names)) engine.doom = this.doomOf(name, fate, names);
    }
    const unsent = this.luck.strikes('killed_before_send', ...names);
    if (!unsent && !this.luck.strikes('killed_after_send', ...names)) return;
    // It takes up its work, and is gone before its calls go out, or before it hears of them.
    for (const name of ['live', 'send']) {
      const timer = engine.timers.find((one) => one.name === name);
      timer?.run().catch(() => undefined);
      await this.lab.rest();
      if (!unsent) await this.lab.road.sendOnly();
    }
    await this.kill(engine, this.lab.time.at + this.luck.chance.whole(1, 30, 'rebirth', ...names) * MINUTE);
  }

  private doomOf(name: EngineClass, fate: CommitFate, names: readonly (string | number)[]): Doom {
    const { chance } = this.luck;
    return { fate, table: chance.pick(FATED, 'fated', name, ...names), after: chance.whole(1, 2, 'doom', name, ...names), struck: () => this.luck.note(name) };
  }

  private async killAll(back: number): Promise<void> {
    for (const engine of this.lab.engines) await this.kill(engine, back);
  }

  private async kill(engine: Engine, back: number): Promise<void> {
    engine.die();
    this.crashes += 1;
    this.rebirths.push({ name: engine.name, at: back });
    await this.lab.bury(engine);
  }

  /** Engines that a commit's fate has killed. */
  async clearAway(step: number): Promise<void> {
    for (const engine of this.lab.engines.filter(({ dead }) => dead)) {
      await this.kill(engine, this.lab.time.at + this.luck.chance.whole(0, 20, 'rebirth', engine.name, step) * MINUTE);
    }
  }

  async bringBack(step: number): Promise<void> {
    await this.clearAway(step);
    for (const rebirth of this.rebirths.splice(0)) {
      if (rebirth.at > this.lab.time.at) this.rebirths.push(rebirth);
      else await this.startEngine(rebirth.name);
    }
  }

  /** Whoever comes first after a restore, however late, is told of it. */
  private async startEngine(name: string): Promise<void> {
    const since = this.forgottenSince;
    await this.lab.startEngine(name, since !== null);
    this.forgottenSince = null;
    if (since !== null && this.restoring.retold) this.retell(since);
  }

  /** A row that no flow can work on: somebody wrote a time zone by hand. */
  private async poison(subscription: string | undefined): Promise<void> {
    if (subscription === undefined) return;
    this.poisoned.push(subscription);
    await this.lab.admin.query(`update subscriptions set time_zone = 'Nowhere/Land' where id = $1`, [subscription]);
  }

  /** Everybody is well again; what misfortunes left behind is mended as an operator would. */
  async end(step: number): Promise<void> {
    if (this.backup !== null) await this.restore(this.backup.taken, step);
    this.luck.healthy = true;
    const { gateway, time } = this.lab;
    gateway.context.faults.disarmAll();
    for (const engine of this.lab.engines) engine.doom = null;
    await this.lab.pass(Math.max(time.at, ...this.lab.engines.map((engine) => engine.pausedUntil)) + SECOND);
    for (const rebirth of this.rebirths) rebirth.at = time.at;
    await this.bringBack(step);
    await this.mendPoisoned();
    // The wallet's provider decides at last what it had left open.
    for (const payment of gateway.context.store.payments.rows.values()) {
      if (payment.kind === 'stored') gateway.settlement.approve(payment);
    }
  }

  /** When somebody comes back, wakes up, or the backup is restored. */
  marks(): number[] {
    const asleep = this.lab.engines.map((engine) => engine.pausedUntil).filter((at) => at > this.lab.time.at);
    return [...this.rebirths.map(({ at }) => at), ...asleep];
  }

  /** The operator mends the rows and releases what was parked about them. */
  private async mendPoisoned(): Promise<void> {
    const { admin, engines } = this.lab;
    await admin.query(`update subscriptions set time_zone = 'Asia/Shanghai' where id = any($1)`, [this.poisoned]);
    const { rows } = await admin.query<{ id: string }>(
      `select id from parked_rows p where released_at is null and kind in ('subscription', 'charge')
          and (row_id = any($1) or exists (select 1 from charges c where c.id = p.row_id and c.subscription = any($1) and c.parked_at is not null))
        order by parked_at, row_id`,
      [this.poisoned],
    );
    for (const { id } of rows) await this.lab.call(engines[0] as Engine, { method: 'POST', path: `/v1/parked/${id}/release`, body: {} });
  }
}
