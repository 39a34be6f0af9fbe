import pg from 'pg';

/** What the engine does with each table. A table that stands not here, the engine cannot even read. */
export const RIGHTS: Readonly<Record<string, readonly string[]>> = {
  select: ['migrations'],
  // What is written once, for good.
  'select, insert': ['audit_log', 'events', 'ledger_entries', 'ledger_transactions', 'message_wordings', 'plan_versions'],
  // Of these there is as much as there ever was; money is among them, so nothing of it can go.
  'select, update': ['gateway_circuit', 'gateway_windows', 'measurement_turns'],
  'select, insert, update': [
    'api_keys', 'charges', 'customer_balances', 'dunning_policies', 'engine_state', 'event_subjects', 'gateway_events', 'invoice_numbers', 'invoices',
    'parked_rows', 'plans', 'rate_budgets', 'refunds', 'sources', 'subscriptions',
  ],
  // What is somebody's to take away, or has had its time.
  'select, insert, update, delete': [
    'customers', 'idempotency_keys', 'measurements', 'message_switches', 'message_templates', 'messages', 'test_clocks', 'webhook_deliveries', 'webhook_endpoints',
  ],
};

/**
 * Gives a role what the engine needs, and takes from it everything else that it may have had. As the owner of
 * the tables; may be repeated, and must be after a migration. Throws for a role that nothing would bind.
 */
export async function grantTo(url: string, role: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('begin');
    await refuseUnbound(client, role);
    const { rows: views } = await client.query<{ name: string }>(`select viewname as name from pg_views where schemaname = 'public'`);
    const to = pg.escapeIdentifier(role);
    const granted = Object.entries(RIGHTS).map(([rights, tables]) => `grant ${rights} on ${tables.join(', ')} to ${to}`);
    for (const sql of [
      `revoke all on all tables in schema public from ${to}`,
      `revoke all on schema public from ${to}`,
      'revoke create on schema public from public',
      `grant usage on schema public to ${to}`,
      ...granted,
      ...views.map(({ name }) => `grant select on ${pg.escapeIdentifier(name)} to ${to}`),
    ]) await client.query(sql);
    await client.query('commit');
  } finally {
    await client.end();
  }
}

async function refuseUnbound(client: pg.Client, role: string): Promise<void> {
  const { rows } = await client.query<{ rolsuper: boolean; owns: boolean }>(
    `select rolsuper, exists (select from pg_class where relnamespace = 'public'::regnamespace and pg_has_role(r.oid, relowner, 'member')) as owns
       from pg_roles r where rolname = $1`,
    [role],
  );
  if (!rows[0]) throw new Error(`There is no role "${role}": create role ${pg.escapeIdentifier(role)} login password '…'`);
  if (rows[0].rolsuper || rows[0].owns) throw new Error(`"${role}" is a superuser, or owns the tables: no grant would bind it.`);
}
