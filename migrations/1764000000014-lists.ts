import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the lists of the interface are found by. `test/database/lists.test.ts` asks for each. */
export class Lists1764000000014 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const part of [CUSTOMERS, SUBSCRIPTIONS, INVOICES, CHARGES, REFUNDS, EVENTS, MESSAGES, DELIVERIES, AUDIT]) await runner.query(part);
  }

  async down(runner: QueryRunner): Promise<void> {
    const made = [CUSTOMERS, SUBSCRIPTIONS, INVOICES, CHARGES, REFUNDS, EVENTS, MESSAGES, DELIVERIES, AUDIT].join('');
    const names = [...made.matchAll(/^create index (\w+)/gm)].map(([, name]) => name);
    await runner.query(`drop index ${names.join(', ')};
      create index customers_test_clock on customers (test_clock) where test_clock is not null;
      create index invoices_failed on invoices (status, id) where status in ('draft', 'void', 'uncollectible');
      create index charges_failed on charges (status, id) where status not in ('created', 'sending', 'pending', 'captured');
      create index refunds_charge on refunds (charge, id);
      create index webhook_deliveries_parked on webhook_deliveries (endpoint) where status = 'parked';`);
  }
}

// A date with the id behind it: what is asked for by a date comes in its order. New rows go to the end of such an
// index, which costs little.
const CUSTOMERS = `
drop index customers_test_clock;
create index customers_test_clock on customers (test_clock, id) where test_clock is not null;
create index customers_created on customers (created_at, id);
create index customers_locale on customers (locale, id);
create index customers_country on customers (country, id);`;

const SUBSCRIPTIONS = `
create index subscriptions_created on subscriptions (created_at, id);
create index subscriptions_test_clock on subscriptions (test_clock, id) where test_clock is not null;
create index subscriptions_past_due_class on subscriptions (past_due_class, id) where past_due_class is not null;
create index subscriptions_ending on subscriptions (id) where cancel_at_period_end;
create index sources_gateway_source_index on sources (gateway_source_index);`;

// Nearly all end in one way, which a list finds without help; the others deserve an index. Lists say "status" under
// another collation than the engine's own work: so its plans cannot take an index of a list for one of its queues.
const INVOICES = `
drop index invoices_failed;
create index invoices_status on invoices (status collate "C", id) where status collate "C" <> 'paid';
create index invoices_void on invoices (subscription, id) where status = 'void';
create index invoices_void_reason on invoices (void_reason, id) where void_reason is not null;
create index invoices_currency on invoices (currency, id) where currency <> 'CNY';
create index invoices_created on invoices (created_at, id);`;

const CHARGES = `
drop index charges_failed;
create index charges_status on charges (status collate "C", id) where status collate "C" <> 'captured';
create index charges_kind on charges (kind, id) where kind <> 'recurring';
create index charges_trigger on charges (trigger, id) where trigger <> 'schedule';
create index charges_decline_class on charges (decline_class, id) where decline_class is not null;
create index charges_currency on charges (currency, id) where currency <> 'CNY';
create index charges_created on charges (created_at, id);`;

// By their charge refunds are found by their numbers.
const REFUNDS = `
drop index refunds_charge;
create index refunds_status on refunds (status collate "C", id);
create index refunds_cause on refunds (cause, id);
create index refunds_currency on refunds (currency, id);
create index refunds_payment on refunds (gateway_payment_id, id);
create index refunds_created on refunds (created_at, id);`;

const EVENTS = `
create index events_created on events (created_at, id);`;

const MESSAGES = `
create index messages_status on messages (status collate "C", id) where status collate "C" <> 'sent';
create index messages_name on messages (name, id) where name <> 'receipt';
create index messages_created on messages (created_at, id);`;

const DELIVERIES = `
drop index webhook_deliveries_parked;
create index webhook_deliveries_parked on webhook_deliveries (endpoint, id) where status = 'parked';
create index webhook_deliveries_created on webhook_deliveries (endpoint, created_at, id);`;

const AUDIT = `
create index audit_log_created on audit_log (created_at, id);
create index audit_log_method on audit_log (method, id);
create index audit_log_route on audit_log (route, id);
create index audit_log_request_id on audit_log (request_id, id);`;
