import { type Person, personOf } from './cast.js';
import type { Engine } from './engine.js';
import { HOUR, SECOND } from './hours.js';
import type { Lab } from './lab.js';
import { countUp, type Luck } from './luck.js';
import { LATEST_CHARGE, moveOf, type Shown, signUp, type Wish } from './moves.js';

/** The people who buy, pay, change their minds, and are replaced when their story has ended. */
export class Society {
  readonly people: Person[] = [];
  readonly moves = new Map<string, number>();
  private births = 0;

  constructor(
    private readonly lab: Lab,
    private readonly luck: Luck,
    /** An engine that answers, if there is one. */
    private readonly anybody: () => Engine | undefined,
  ) {}

  /** When the next of them acts. */
  nextAt(): number {
    return Math.min(Infinity, ...this.people.filter(({ gone }) => !gone).map(({ actsAt }) => actsAt));
  }

  /** Subscriptions that somebody lives with. */
  subscriptions(): string[] {
    return this.people.flatMap(({ gone, subscription }) => (gone || subscription === null ? [] : [subscription]));
  }

  /** Whoever's time has come acts. */
  async act(): Promise<void> {
    const ready = this.people.filter(({ gone, actsAt }) => !gone && actsAt <= this.lab.time.at);
    const overdue = ready.length > 0 ? await this.overdue() : new Set();
    // Whoever acts while something of his is due acts before it; how late that may be is chance, and no period's measure.
    for (const person of ready.filter(({ subscription }) => !overdue.has(subscription))) {
      const engine = this.anybody();
      if (!engine) return;
      person.deeds += 1;
      person.actsAt = this.lab.time.at + 3 * HOUR;
      await this.actOne(engine, person);
    }
  }

  private async overdue(): Promise<Set<string | null>> {
    const { rows } = await this.lab.admin.query<{ id: string }>(
      { name: 'overdue', text: 'select id from subscriptions where due_at <= $1 and parked_at is null', values: [new Date(this.lab.time.at)] },
    );
    return new Set(rows.map(({ id }) => id));
  }

  private async actOne(engine: Engine, person: Person): Promise<void> {
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
    const { chance } = this.luck;
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
    const engine = this.anybody();
    const list = engine && (await this.lab.call(engine, { method: 'GET', path: `/v1/charges?subscription=${id}&status=captured&limit=1`, body: {} }));
    return { ...wish, path: wish.path.replace(LATEST_CHARGE, String(list?.body.data?.[0]?.id ?? 'chg_none')) };
  }

  private patience(shown: Shown, names: (string | number)[]): number {
    const wait = (low: number, high: number): number => this.luck.chance.whole(low, high, ...names, 'wait') * HOUR;
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
    const engine = this.anybody();
    if (!engine) return undefined;
    countUp(this.moves, name);
    const answer = await this.lab.call(engine, wish);
    if (name !== 'sign_up' && this.luck.strikes('call_repeated', person.email, person.deeds)) await this.lab.call(this.anybody() ?? engine, wish);
    return answer;
  }

  private async soldTo(person: Person): Promise<string | null> {
    const engine = this.anybody();
    const list = engine && (await this.lab.call(engine, { method: 'GET', path: `/v1/subscriptions?customer=${person.customer}`, body: {} }));
    return (list?.body.data?.[0]?.id as string | undefined) ?? null;
  }

  private async show(person: Person): Promise<Shown | null> {
    const engine = this.anybody();
    const answer = engine && (await this.lab.call(engine, { method: 'GET', path: `/v1/subscriptions/${person.subscription}`, body: {} }));
    return answer?.status === 200 ? (answer.body as Shown) : null;
  }

  /** The customer opens the pay page after a while, and does what he likes there. */
  private visit(person: Person, url: string): void {
    const names = [person.email, person.deeds];
    const choice = this.luck.chance.pick(['approve', 'approve', 'approve', 'approve', 'approve', 'approve', 'approve', 'decline', 'cancel', 'leave'], ...names, 'choice');
    this.lab.time.after(this.luck.chance.whole(20, 780, ...names, 'pays') * SECOND, () => {
      void this.lab.gateway.handle({ method: 'POST', path: new URL(url).pathname, headers: {}, body: `choice=${choice}` });
    });
  }

  private replace(person: Person): void {
    person.gone = true;
    if (!this.luck.healthy) this.addPerson(this.lab.time.at + this.luck.chance.whole(1, 12, person.email, 'next') * HOUR);
  }

  addPerson(at: number): void {
    this.births += 1;
    this.people.push(personOf(this.births, at, this.luck.chance));
  }
}
