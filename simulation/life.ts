import type { Chance } from './chance.js';
import { PLANS, type Person, personOf } from './cast.js';
import type { CommitFate } from './connections.js';
import type { Engine } from './engine.js';
import type { Call, RoadFault } from './gateway.road.js';
import type { Lab } from './lab.js';
import { LATEST_CHARGE, moveOf, type Shown, signUp, type Wish } from './moves.js';
import type { EngineClass, Swarm } from './swarm.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How coarsely the engine lives through a day: whatever falls due waits for the next of these marks. */
const GRAINS = [200, 5 * MINUTE, HOUR, HOUR, 2 * HOUR, 3 * HOUR, 3 * HOUR, 4 * HOUR];
const CALM_GRAIN = 8 * HOUR;
const FATES: Partial<Record<EngineClass, CommitFate>> = {
  killed_before_commit: 'killed_before',
  killed_after_commit: 'killed_after',
  commit_unacknowledged: 'unacknowledged',
  commit_refused: 'refused',
  serialization_failure: 'serialization',
};
/** Order in which a tick of the scheduler finds them; the draw changes it. */
const TIMERS = ['live', 'clear', 'send', 'gateway_events', 'look_up', 'refund'];

interface Due {
  live: Date | null;
  send: Date | null;
  look_up: Date | null;
  gateway_events: Date | null;
  refund: Date | null;
}

/** One seed's world, alive: people act, engines work, things break. */
export class Life {
  readonly people: Person[] = [];
  readonly struck = new Map<string, number>();
  readonly moves = new Map<string, number>();
  steps = 0;
  crashes = 0;
  private healthy = false;
  private readonly rebirths: { name: string; at: number }[] = [];
  private poisoned: string[] = [];
  private lastBeat = 0;
  private births = 0;
  private lab!: Lab;

  constructor(
    private readonly chance: Chance,
    private readonly swarm: Swarm,
  ) {}

  /** What the road does to a call, by the call's name. */
  readonly roadFault = (call: Call): RoadFault => {
    const nth = this.count(`road ${call.name}`, this.roadDraws);
    if (this.strikes('connection_refused', call.name, nth)) return { refused: true };
    if (this.strikes('late_first_byte', call.name, nth)) return { lateMs: this.chance.whole(60, 4_000, 'late', call.name, nth) * SECOND };
    return {};
  };
  private readonly roadDraws = new Map<string, number>();

  async begin(lab: Lab, subscriptions: number): Promise<void> {
    this.lab = lab;
    for (const name of ['A', 'B']) await lab.startEngine(name);
    for (const plan of PLANS) {
      await lab.call(this.anyEngine() as Engine, { method: 'POST', path: '/v1/plans', body: { ...plan, name: plan.code, currency: 'CNY', catch_up: 'all', renewal_notice: 'off' } });
    }
    for (const { type, probability, params, match } of this.swarm.gateway) lab.gateway.context.faults.arm({ type, probability, params, match });
    for (let i = 0; i < subscriptions; i += 1) this.addPerson(lab.time.at + this.chance.whole(0, 7, 'cohort', i) * 5 * HOUR);
  }

  /** Lives until that instant, under everything that the swarm holds. */
  async liveUntil(end: number): Promise<void> {
    while (this.lab.time.at < end) {
      const next = Math.min(end, await this.nextMark());
      await this.lab.pass(next);
      await this.step();
    }
  }

  /** All faults end; what they left behind is mended as an operator would, and everybody is well again. */
  async heal(): Promise<void> {
    this.healthy = true;
    const { gateway, time } = this.lab;
    gateway.context.faults.disarmAll();
    for (const engine of this.lab.engines) engine.doom = null;
    await this.lab.pass(Math.max(time.at, ...this.lab.engines.map((engine) => engine.pausedUntil)) + SECOND);
    for (const rebirth of this.rebirths) rebirth.at = time.at;
    await this.bringBack();
    await this.mendPoisoned();
    // The wallet's provider decides at last what it had left open.
    for (const payment of gateway.context.store.payments.rows.values()) {
      if (payment.kind === 'stored') gateway.settlement.approve(payment);
    }
  }

  /** Lives on in health, until nothing is open any more. */
  async settleUntil(end: number): Promise<void> {
    await this.liveUntil(end);
    for (let i = 0; i < 40 && (await this.isOpen()); i += 1) {
      await this.lab.pass(this.lab.time.at + 10 * SECOND);
      await this.step();
    }
  }

  /** How often each class of the engine's faults struck. */
  struckByClass(): Record<string, number> {
    return Object.fromEntries(this.struck);
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
    const grain = this.healthy ? CALM_GRAIN : this.chance.pick(GRAINS, 'grain', Math.floor(now / DAY));
    const engines = this.lab.engines.map((engine) => engine.pausedUntil).filter((at) => at > now);
    const wanted = [...this.rebirths.map(({ at }) => at), ...engines];
    // What is due while nobody is there to do it waits for somebody to come.
    if (this.anyEngine()) {
      const due = Object.values(await this.due()) as (Date | null)[];
      wanted.push(...due.flatMap((at) => (at === null ? [] : [at.getTime()])));
      if (this.lab.engines.some((engine) => engine.woken.size > 0)) wanted.push(now);
      wanted.push(this.lab.gateway.nextDueAt() ?? Infinity, ...this.people.filter(({ gone }) => !gone).map(({ actsAt }) => actsAt));
    }
    const next = Math.max(now + Math.min(grain, SECOND), Math.min(now + DAY, ...wanted));
    return Math.ceil(next / grain) * grain;
  }

  private async due(): Promise<Due> {
    const { rows } = await this.lab.admin.query<Due>(`select
      (select min(due_at) from subscriptions where due_at is not null and parked_at is null and test_clock is null) as live,
      (select min(next_check_at) from charges where status = 'created' and parked_at is null) as send,
      (select min(next_check_at) from charges where status in ('sending', 'pending', 'unknown') and parked_at is null) as look_up,
      (select min(next_attempt_at) from gateway_events where next_attempt_at is not null) as gateway_events,
      (select min(next_check_at) from refunds where status in ('created', 'sending', 'pending', 'unknown') and parked_at is null) as refund`);
    return rows[0] as Due;
  }

  private async step(): Promise<void> {
    this.steps += 1;
    await this.bringBack();
    await this.misfortunes();
    // Whoever acts while nobody looks at what is due would act before it.
    if (!this.strikes('tick_lost', this.steps)) {
      await this.work();
      await this.actions();
    }
    await this.lab.calm();
    await this.clearAway();
  }

  private async work(): Promise<void> {
    const due = await this.due();
    const now = this.lab.time.at;
    const isDue = (name: string): boolean => {
      const at = due[(name === 'clear' ? 'send' : name) as keyof Due];
      // The live timer leaves new charges for the others.
      return name === 'send' || name === 'clear' || (at !== null && at.getTime() <= now);
    };
    const isWoken = (engine: Engine, name: string): boolean => (engine.woken as Set<string>).has(name);
    for (const name of this.chance.shuffled(TIMERS, 'order', this.steps)) {
      const twice = this.strikes('tick_doubled', this.steps, name);
      const workers = this.chance.shuffled(this.lab.engines.filter((engine) => engine.working), 'who', this.steps, name);
      const chosen = workers.filter((engine, i) => isWoken(engine, name) || (isDue(name) && i < (twice ? 2 : 1)));
      for (const engine of chosen) await this.lab.run(engine, name);
    }
    if (now - this.lastBeat >= MINUTE) {
      this.lastBeat = now;
      const engine = this.anyEngine();
      if (engine) await this.lab.run(engine, 'heartbeat');
    }
  }

  private async misfortunes(): Promise<void> {
    for (const engine of this.lab.engines.filter((one) => one.working)) await this.befall(engine);
    if (this.strikes('all_engines_down', this.steps)) {
      const back = this.lab.time.at + this.chance.whole(1, 4, 'down', this.steps) * DAY;
      for (const engine of [...this.lab.engines]) await this.kill(engine, back);
      for (const rebirth of this.rebirths) rebirth.at = back;
    }
    if (this.strikes('gateway_outage', this.steps)) {
      this.lab.gateway.context.faults.arm({ type: 'outage', for_seconds: this.chance.whole(600, 14_400, 'outage', this.steps) });
    }
    if (this.strikes('poison_row', this.steps)) await this.poison();
  }

  private async befall(engine: Engine): Promise<void> {
    const names = [engine.name, this.steps] as const;
    for (const [name, fate] of Object.entries(FATES) as [EngineClass, CommitFate][]) {
      if (engine.doom === null && this.strikes(name, ...names)) engine.doom = { fate, after: this.chance.whole(1, 4, 'doom', ...names) };
    }
    if (this.strikes('paused_past_lease', ...names)) {
      engine.napMs = this.chance.whole(150, 7_200, 'nap', ...names) * SECOND;
      engine.doom = { fate: 'paused_after', after: this.chance.whole(1, 3, 'doom', ...names) };
    }
    const unsent = this.strikes('killed_before_send', ...names);
    if (!unsent && !this.strikes('killed_after_send', ...names)) return;
    // It takes up its work, and is gone before its calls go out, or before it hears of them.
    for (const name of ['live', 'send']) {
      const timer = engine.timers.find((one) => one.name === name);
      timer?.run().catch(() => undefined);
      await this.lab.rest();
      if (!unsent) await this.lab.road.sendOnly();
    }
    await this.kill(engine, this.lab.time.at + this.chance.whole(1, 30, 'rebirth', ...names) * MINUTE);
  }

  private async kill(engine: Engine, back: number): Promise<void> {
    engine.die();
    this.crashes += 1;
    this.rebirths.push({ name: engine.name, at: back });
    await this.lab.bury(engine);
  }

  /** Engines that a commit's fate has killed. */
  private async clearAway(): Promise<void> {
    for (const engine of this.lab.engines.filter(({ dead }) => dead)) {
      await this.kill(engine, this.lab.time.at + this.chance.whole(0, 20, 'rebirth', engine.name, this.steps) * MINUTE);
    }
  }

  private async bringBack(): Promise<void> {
    await this.clearAway();
    for (const rebirth of this.rebirths.splice(0)) {
      if (rebirth.at > this.lab.time.at) this.rebirths.push(rebirth);
      else await this.lab.startEngine(rebirth.name);
    }
  }

  /** A row that no flow can work on: somebody wrote a time zone by hand. */
  private async poison(): Promise<void> {
    const alive = this.people.filter(({ gone, subscription }) => !gone && subscription !== null);
    const victim = this.chance.pick(alive, 'poison', this.steps);
    if (!victim) return;
    this.poisoned.push(victim.subscription as string);
    await this.lab.admin.query(`update subscriptions set time_zone = 'Nowhere/Land' where id = $1`, [victim.subscription]);
  }

  private async mendPoisoned(): Promise<void> {
    await this.lab.admin.query(`update subscriptions set time_zone = 'Asia/Shanghai', parked_at = null where id = any($1)`, [this.poisoned]);
    await this.lab.admin.query('update parked_rows set released_at = $2 where row_id = any($1)', [this.poisoned, new Date(this.lab.time.at)]);
  }

  private async actions(): Promise<void> {
    for (const person of this.people.filter(({ gone, actsAt }) => !gone && actsAt <= this.lab.time.at)) {
      const engine = this.anyEngine();
      if (!engine) return;
      person.deeds += 1;
      person.actsAt = this.lab.time.at + 3 * HOUR;
      await this.act(engine, person);
    }
  }

  private async act(engine: Engine, person: Person): Promise<void> {
    if (person.customer === null) {
      const made = await this.lab.call(engine, { method: 'POST', path: '/v1/customers', body: { email: person.email, name: 'Li Na' } });
      if (made?.status !== 201) return;
      person.customer = made.body.id as string;
    }
    if (person.subscription === null) {
      const sold = await this.ask(person, 'sign_up', signUp(person.customer, person.plan.code, person.quantity));
      // Without an answer nobody knows whether it was sold: the shop looks before it sells again.
      person.subscription = (sold?.body.id as string | undefined) ?? (await this.soldTo(person));
      if (person.subscription === null) return;
    }
    const shown = await this.show(person);
    if (!shown) return;
    if (shown.status === 'canceled' || shown.status === 'incomplete_expired') return this.replace(person);
    await this.move(person, shown);
  }

  private async move(person: Person, before: Shown): Promise<void> {
    const { chance } = this;
    const names = [person.email, person.deeds];
    let shown = before;
    const openPage = shown.checkout.url !== null && shown.checkout.status === 'ready';
    const move = openPage ? null : moveOf(shown, chance, names);
    if (move && (shown.status !== 'incomplete' || chance.happens(0.5, ...names, 'again'))) {
      const wish = move.wish(shown, chance.whole(1, 6, ...names, 'days'), this.lab.time.at);
      const answer = await this.ask(person, move.name, await this.completed(wish, shown));
      if (answer && answer.status < 300 && answer.body.object === 'subscription') shown = answer.body as Shown;
    }
    if (shown.checkout.status === 'ready' && shown.checkout.url !== null) this.visit(person, shown.checkout.url);
    person.actsAt = this.lab.time.at + this.patience(shown, names);
  }

  /** A wish may be about the latest money that came in. */
  private async completed(wish: Wish, { id }: Shown): Promise<Wish> {
    if (!wish.path.includes(LATEST_CHARGE)) return wish;
    const engine = this.anyEngine();
    const list = engine && (await this.lab.call(engine, { method: 'GET', path: `/v1/charges?subscription=${id}&status=captured&limit=1`, body: {} }));
    return { ...wish, path: wish.path.replace(LATEST_CHARGE, String(list?.body.data?.[0]?.id ?? 'chg_none')) };
  }

  private patience(shown: Shown, names: (string | number)[]): number {
    const wait = (low: number, high: number): number => this.chance.whole(low, high, ...names, 'wait') * HOUR;
    switch (shown.status) {
      case 'incomplete':
        return wait(2, 8);
      case 'trialing':
        return wait(10, 20);
      case 'past_due':
        return wait(12, 120);
      case 'paused':
        return wait(12, 96);
      default:
        return shown.cancel_at_period_end ? wait(2, 24) : wait(120, 1_000);
    }
  }

  private async ask(person: Person, name: string, wish: Wish) {
    const engine = this.anyEngine();
    if (!engine) return undefined;
    this.count(name, this.moves);
    const answer = await this.lab.call(engine, wish);
    if (name !== 'sign_up' && this.strikes('call_repeated', person.email, person.deeds)) await this.lab.call(this.anyEngine() ?? engine, wish);
    return answer;
  }

  private async soldTo(person: Person): Promise<string | null> {
    const engine = this.anyEngine();
    const list = engine && (await this.lab.call(engine, { method: 'GET', path: `/v1/subscriptions?customer=${person.customer}`, body: {} }));
    return (list?.body.data?.[0]?.id as string | undefined) ?? null;
  }

  private async show(person: Person): Promise<Shown | null> {
    const engine = this.anyEngine();
    const answer = engine && (await this.lab.call(engine, { method: 'GET', path: `/v1/subscriptions/${person.subscription}`, body: {} }));
    return answer?.status === 200 ? (answer.body as Shown) : null;
  }

  /** The customer opens the pay page after a while, and does what he likes there. */
  private visit(person: Person, url: string): void {
    const names = [person.email, person.deeds];
    const choice = this.chance.pick(['approve', 'approve', 'approve', 'approve', 'approve', 'approve', 'approve', 'decline', 'cancel', 'leave'], ...names, 'choice');
    this.lab.time.after(this.chance.whole(20, 780, ...names, 'pays') * SECOND, () => {
      void this.lab.gateway.handle({ method: 'POST', path: new URL(url).pathname, headers: {}, body: `choice=${choice}` });
    });
  }

  private replace(person: Person): void {
    person.gone = true;
    if (!this.healthy) this.addPerson(this.lab.time.at + this.chance.whole(1, 12, person.email, 'next') * HOUR);
  }

  private addPerson(at: number): void {
    this.births += 1;
    this.people.push(personOf(this.births, at, this.chance));
  }

  private anyEngine(): Engine | undefined {
    return this.chance.shuffled(this.lab.engines.filter((engine) => engine.working), 'any', this.steps)[0];
  }

  private strikes(name: EngineClass, ...names: (string | number)[]): boolean {
    const rate = this.swarm.engine[name];
    if (this.healthy || rate === undefined || !this.chance.happens(rate, name, ...names)) return false;
    this.count(name, this.struck);
    return true;
  }

  private count(name: string, counts: Map<string, number>): number {
    const times = (counts.get(name) ?? 0) + 1;
    counts.set(name, times);
    return times;
  }
}
