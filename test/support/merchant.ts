import { Receiver } from './receiver.js';
import type { World } from './world.js';

type Json = Record<string, any>;

/** A merchant with a server of his own, who has things happen and looks at what is told of them. */
export class Merchant {
  private constructor(
    private readonly world: World,
    readonly receiver: Receiver,
  ) {}

  static async open(world: World): Promise<Merchant> {
    return new Merchant(world, await Receiver.open());
  }

  /** Takes all endpoints away, and the server. */
  async close(): Promise<void> {
    for (const { id } of await this.world.list('/v1/webhook_endpoints?limit=100')) await this.world.call('delete', `/v1/webhook_endpoints/${id}`).expect(204);
    await this.receiver.close();
  }

  /** A new endpoint at the server; what comes there from now on must be signed with its secret. */
  async endpoint(fields: object = {}): Promise<{ id: string; secret: string }> {
    const made = await this.world.post('/v1/webhook_endpoints', { url: this.receiver.url, events: ['*'], ...fields });
    this.receiver.secrets = [made['secret']];
    return { id: made['id'], secret: made['secret'] };
  }

  /** Something that can be told of: its first event is its creation. */
  async customer(): Promise<string> {
    return (await this.world.post('/v1/customers', {}))['id'];
  }

  /** One more event of a customer. */
  async rename(customer: string, name: string): Promise<void> {
    await this.world.call('patch', `/v1/customers/${customer}`).send({ name }).expect(200);
  }

  /** Deliveries to an endpoint, oldest event first. */
  async deliveriesOf(endpoint: string, query = ''): Promise<Json[]> {
    return (await this.world.list(`/v1/webhook_endpoints/${endpoint}/deliveries?limit=100${query}`)).toReversed();
  }

  /** Lets time pass, through every instant at which something is tried again. */
  async live(milliseconds: number): Promise<void> {
    const { clock, database } = this.world;
    const end = clock.at + milliseconds;
    for (;;) {
      await this.world.settle();
      const [next] = await database.query<{ at: Date | null }>('select min(next_attempt_at) as at from webhook_deliveries where next_attempt_at > $1', [
        new Date(clock.at),
      ]);
      if (!next?.at || next.at.getTime() > end) break;
      clock.moveTo(next.at.getTime());
    }
    await this.world.pass(end - clock.at);
  }
}
