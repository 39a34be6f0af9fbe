import type pg from 'pg';
import type { LifeEvent } from './model.js';

export interface SubscriptionRow {
  id: string;
  email: string;
  plan: string;
  quantity: number;
  status: string;
  /** What was paid, or is asked for, before its period begins. */
  advance_invoice: string | null;
}

export interface InvoiceRow {
  id: string;
  subscription: string;
  period_no: number;
  status: string;
  total: number;
  period_start: Date | null;
  period_end: Date | null;
}

export interface ChargeRow {
  id: string;
  invoice: string;
  subscription: string;
  period_no: number;
  attempt: number;
  kind: string;
  status: string;
  surplus: boolean;
  amount: number;
  amount_refunded: number;
  reference: string;
  gateway_payment_id: string | null;
  alerted: boolean;
  booked: string | null;
}

export interface RefundRow {
  charge: string;
  status: string;
  amount: number;
  gateway_action_id: string | null;
}

export interface ParkedRow {
  row_id: string;
  kind: string;
  parked_at: Date;
  released_at: Date | null;
}

export interface Tables {
  subscriptions: SubscriptionRow[];
  invoices: Map<string, InvoiceRow[]>;
  charges: Map<string, ChargeRow[]>;
  events: Map<string, LifeEvent[]>;
  refunds: Map<string, RefundRow[]>;
  parked: Map<string, ParkedRow[]>;
}

/** Everything that the engine wrote down, by whom it is about. */
export async function readTables(admin: pg.Client): Promise<Tables> {
  const rows = async <T extends pg.QueryResultRow>(sql: string): Promise<T[]> => (await admin.query<T>(sql)).rows;
  const subscriptions = await rows<SubscriptionRow>(
    `select s.id, u.email, p.code as plan, s.quantity, s.status, s.advance_invoice from subscriptions s
       join customers u on u.id = s.customer join plans p on p.id = s.plan order by u.email, s.id`,
  );
  const invoices = await rows<InvoiceRow>('select id, subscription, period_no, status, total, period_start, period_end from invoices order by id');
  const charges = await rows<ChargeRow>(
    `select c.*, t.kind as booked, exists (select 1 from parked_rows p where p.row_id = c.id) as alerted
       from charges c left join ledger_transactions t on t.source_key = c.gateway_payment_id || ':capture' order by c.id`,
  );
  const parked = await rows<ParkedRow>('select row_id, kind, parked_at, released_at from parked_rows');
  const events = await rows<LifeEvent & { subject: string; at: Date | number }>(
    `select subject, type, created_at as at, data->'object' as object from events
      where type like 'subscription.%' order by subject, sequence`,
  );
  const refunds = await rows<RefundRow>('select charge, status, amount, gateway_action_id from refunds order by id');
  for (const event of events) event.at = Number(event.at);
  return { subscriptions, invoices: by(invoices, 'subscription'), charges: by(charges, 'subscription'), events: by(events, 'subject'), refunds: by(refunds, 'charge'), parked: by(parked, 'row_id') };
}

function by<K extends string, T extends Record<K, string>>(rows: readonly T[], key: K): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(row[key]);
    if (group) group.push(row);
    else groups.set(row[key], [row]);
  }
  return groups;
}
