import { PLANS } from './cast.js';
import type { Chance } from './chance.js';
import type { Engine } from './engine.js';
import { DAY, HOUR, MINUTE, SECOND } from './hours.js';
import type { Lab } from './lab.js';
import { Luck } from './luck.js';
import { Misfortunes } from './misfortunes.js';
import { Society } from './society.js';
import type { Swarm } from './swarm.js';

/** How coarsely the engine lives through a day: whatever falls due waits for the next of these marks. */
const GRAINS = [200, 5 * MINUTE, HOUR, HOUR, 2 * HOUR, 3 * HOUR, 3 * HOUR, 4 * HOUR];
const CALM_GRAIN = 12 * HOUR;
/** Absence is proven by several look-ups within two hours, which nobody makes who comes twice a day. */
const DOUBTFUL_GRAIN = 10 * MINUTE;
/** Steps from one vacuum to the next: by steps and not by the server's own clock, as the order of rows depends on it. */
const TIDY_STEPS = 60;
/** Order in which a tick of the scheduler finds them; the draw changes it. */
const TIMERS = ['live', 'clear', 'send', 'gateway_events', 'look_up', 'refund', 'verify'];

interface Due {
  live: Date | null;
  send: Date | null;
  look_up: Date | null;
  gateway_events: Date | null;
  refund: Date | null;
  verify: Date | null;
}

/** One seed's world, alive: people act, engines work, things break. */
export class Life {
  readonly luck: Luck;
  steps = 0;
  private lastBeat = 0;
  private overdue = 0;
  private lab!: Lab;
  private society!: Society;
  private misfortunes!: Misfortunes;

  constructor(
    private readonly chance: Chance,
    private readonly swarm: Swarm,
  ) {
    this.luck = new Luck(chance, swarm.engine);
  }

  get crashes(): number {
    return this.misfortunes.crashes;
  }

  get moves(): ReadonlyMap<string, number> {
    return this.society.moves;
  }

  async begin(lab: Lab, subscriptions: number): Promise<void> {
    this.lab = lab;
    this.society = new Society(lab, this.luck, () => this.anyEngine());
    this.misfortunes = new Misfortunes(lab, this.luck, this.swarm.restore);
    for (const name of ['A', 'B']) await lab.startEngine(name);
    for (const plan of PLANS) {
      const body = { ...plan, name: plan.code, currency: 'CNY', catch_up: 'all', renewal_notice: 'required' };
      await lab.call(this.anyEngine() as Engine, { method: 'POST', path: '/v1/plans', body });
    }
    for (const { type, probability, params, match } of this.swarm.gateway) lab.gateway.context.faults.arm({ type, probability, params, match });
    for (let i = 0; i < subscriptions; i += 1) this.society.addPerson(lab.time.at + this.chance.whole(0, 7, 'cohort', i) * 5 * HOUR);
  }

  /** Lives until that instant, under everything that the swarm holds. */
  async liveUntil(end: number): Promise<void> {
    while (this.lab.time.at < end) {
      const next = Math.min(end, await this.nextMark());
      await this.lab.pass(next);
      await this.step();
    }
  }

  /** All faults end, and what they left behind is mended. */
  heal(): Promise<void> {
    return this.misfortunes.end(this.steps);
  }

  /** Lives on in health, until nothing is open any more. */
  async settleUntil(end: number): Promise<void> {
    await this.liveUntil(end);
    for (let i = 0; i < 40 && (await this.isOpen()); i += 1) {
      await this.lab.pass(this.lab.time.at + 10 * SECOND);
      await this.step();
    }
  }

  private async isOpen(): Promise<boolean> {
    const { rows } = await this.lab.admin.query(
      `select 1 from charges c where status in ('created', 'sending', 'unknown', 'pending') and kind in ('recurring', 'retry')
          and not exists (select 1 from parked_rows p where p.row_id = c.id)
       union all select 1 from gateway_events where next_attempt_at <= $1
       union all select 1 from refunds where status in ('created', 'sending', 'unknown', 'pending') and parked_at is null limit 1`,
      [new Date(this.lab.time.at)],
    );
    return rows.length > 0;
  }

  private async nextMark(): Promise<number> {
    const now = this.lab.time.at;
    const grain = this.luck.healthy ? await this.calmGrain() : this.chance.pick(this.swarm.grains ?? GRAINS, 'grain', Math.floor(now / DAY));
    const wanted = this.misfortunes.marks();
    // What is due while nobody is there to do it waits for somebody to come.
    if (this.anyEngine()) {
      const due = Object.values(await this.due()) as (Date | null)[];
      wanted.push(...due.flatMap((at) => (at === null ? [] : [at.getTime()])));
      if (this.lab.engines.some((engine) => TIMERS.some((name) => isWoken(engine, name)))) wanted.push(now);
      const { backup } = this.misfortunes;
      wanted.push(this.lab.gateway.nextDueAt() ?? Infinity, backup?.restoreAt ?? this.society.nextAt());
    }
    const soonest = Math.min(now + DAY, ...wanted);
    // What stays due whatever is done waits for something else: it is looked at ever more seldom.
    this.overdue = soonest <= now ? this.overdue + 1 : 0;
    const patience = Math.min(HOUR, Math.min(grain, SECOND) * 2 ** this.overdue);
    const next = Math.max(now + patience, soonest);
    return Math.ceil(next / grain) * grain;
  }

  private async calmGrain(): Promise<number> {
    const { rows } = await this.lab.admin.query(
      `select from charges where status = 'unknown' and empty_at > $1 union all select from refunds where status = 'unknown' and empty_at > $1 limit 1`,
      [new Date(this.lab.time.at - HOUR)],
    );
    return rows.length > 0 ? DOUBTFUL_GRAIN : CALM_GRAIN;
  }

  private async due(): Promise<Due> {
    const { rows } = await this.lab.admin.query<Due>({ name: 'due', text: `select
      (select min(due_at) from subscriptions where due_at is not null and parked_at is null and test_clock is null) as live,
      (select min(next_check_at) from charges where status = 'created' and parked_at is null) as send,
      (select min(next_check_at) from charges where status in ('sending', 'pending', 'unknown') and parked_at is null) as look_up,
      (select min(next_attempt_at) from gateway_events where next_attempt_at is not null) as gateway_events,
      (select min(next_check_at) from refunds where status in ('created', 'sending', 'pending', 'unknown') and parked_at is null) as refund,
      (select min(next_check_at) from charges where status not in ('created', 'sending', 'pending', 'unknown') and next_check_at is not null and parked_at is null) as verify` });
    return rows[0] as Due;
  }

  private async step(): Promise<void> {
    this.steps += 1;
    if (this.steps % TIDY_STEPS === 0) await this.lab.admin.query('vacuum (analyze) charges, gateway_events, invoices, refunds, subscriptions');
    await this.misfortunes.bringBack(this.steps);
    await this.misfortunes.befall(this.steps, () => this.society.subscriptions());
    // Whoever acts while nobody looks at what is due would act before it.
    if (!this.luck.strikes('tick_lost', this.steps)) {
      await this.work();
      // What only a lost database knew no engine could know again, so nobody acts before it is lost.
      if (this.misfortunes.backup === null) await this.society.act();
    }
    await this.lab.calm();
    await this.misfortunes.clearAway(this.steps);
  }

  private async work(): Promise<void> {
    const due = await this.due();
    const now = this.lab.time.at;
    const isDue = (name: string): boolean => {
      const at = due[(name === 'clear' ? 'send' : name) as keyof Due];
      // The live timer leaves new charges for the others.
      return name === 'send' || name === 'clear' || (at !== null && at.getTime() <= now);
    };
    for (const name of this.chance.shuffled(TIMERS, 'order', this.steps)) {
      const twice = this.luck.strikes('tick_doubled', this.steps, name);
      const workers = this.chance.shuffled(this.lab.engines.filter((engine) => engine.working), 'who', this.steps, name);
      const chosen = workers.filter((engine, i) => isWoken(engine, name) || (isDue(name) && i < (twice ? 2 : 1)));
      for (const engine of chosen) await this.lab.run(engine, name);
    }
    if (now - this.lastBeat >= MINUTE) {
      this.lastBeat = now;
      const engine = this.anyEngine();
      for (const name of engine ? ['heartbeat', 'quarantine', 'orphans'] : []) await this.lab.run(engine as Engine, name);
    }
  }

  private anyEngine(): Engine | undefined {
    return this.chance.shuffled(this.lab.engines.filter((engine) => engine.working), 'any', this.steps)[0];
  }
}

function isWoken(engine: Engine, name: string): boolean {
  return (engine.woken as Set<string>).has(name);
}
