import pg from 'pg';
import type { Charge } from '../../src/domain/charge.js';
import type { Invoice } from '../../src/domain/invoice.js';
import type { Refund } from '../../src/domain/refund.js';
import { aCharge, aCustomer, aPlan, aSubscription, mintRefund, START } from '../../src/domain/testing/case.builder.js';
import { Life } from '../../src/domain/testing/life.story.js';
import { createTestDatabase, type TestDatabase } from './database.js';

/** The SQLSTATEs with which PostgreSQL refuses. */
export const REFUSED = { check: '23514', unique: '23505', foreignKey: '23503', appendOnly: '42501' } as const;

/** A database with one subscription in it, and hands that write SQL as buggy code might. */
export class SeededBooks {
  private constructor(
    private readonly database: TestDatabase,
    private readonly client: pg.Client,
  ) {}

  static async open(): Promise<SeededBooks> {
    const database = await createTestDatabase();
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const books = new SeededBooks(database, client);
    const { plan, version } = aPlan();
    await books.insert('plans', plan);
    await books.insert('plan_versions', version);
    await books.insert('customers', aCustomer());
    await books.insert('subscriptions', aSubscription());
    return books;
  }

  async close(): Promise<void> {
    await this.client.end();
    await this.database.drop();
  }

  async run<Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.client.query<Row>(sql, values)).rows;
  }

  /** The SQLSTATE with which a statement is refused, or null when PostgreSQL lets it through. */
  async refusal(sql: string, values: unknown[] = []): Promise<string | null> {
    return this.attempt(() => this.run(sql, values));
  }

  async refusalOfInsert(table: string, row: object): Promise<string | null> {
    return this.attempt(() => this.insert(table, row));
  }

  async insert(table: string, row: object): Promise<void> {
    await this.run(`insert into ${table} select * from json_populate_record(null::${table}, $1::json)`, [JSON.stringify(row)]);
  }

  /** Puts a row there as if it had grown there: the guards do not look. */
  async plant(table: string, row: object): Promise<void> {
    await this.run(`set local session_replication_role = 'replica'`);
    await this.insert(table, row);
    await this.run(`set local session_replication_role = 'origin'`);
  }

  async invoice(changes: Partial<Invoice> = {}): Promise<Invoice> {
    const invoice = { ...(Life.signUp().invoices[0] as Invoice), id: 'inv_1', number: '2026-000001', created_at: START, ...changes };
    await this.plant('invoices', invoice);
    return invoice;
  }

  async charge(changes: Partial<Charge> = {}): Promise<Charge> {
    const sent = changes.status !== undefined && !['created', 'withdrawn'].includes(changes.status);
    const charge = aCharge({ ...(sent && { sends: 1, lease_token: 1, first_sent_at: START, last_sent_at: START }), ...changes });
    await this.plant('charges', charge);
    return charge;
  }

  async refund(changes: Partial<Refund> = {}): Promise<Refund> {
    const charge = aCharge({ gateway_payment_id: 'pay_1' });
    const draft = { charge, amount: 1_000, cause: 'request', reason: null, number: 1, name: null, sendAt: START, now: START } as const;
    const sent = changes.status !== undefined && changes.status !== 'created';
    const refund = { ...mintRefund(draft), ...(sent && { sends: 1, lease_token: 1, first_sent_at: START, last_sent_at: START }), ...changes };
    await this.plant('refunds', refund);
    return refund;
  }

  private async attempt(work: () => Promise<unknown>): Promise<string | null> {
    await this.run('savepoint attempt');
    try {
      await work();
      await this.run('release savepoint attempt');
      return null;
    } catch (error) {
      await this.run('rollback to savepoint attempt');
      if (!(error instanceof pg.DatabaseError)) throw error;
      return error.code ?? null;
    }
  }
}
