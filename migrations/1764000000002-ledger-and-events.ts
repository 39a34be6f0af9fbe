import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The books that balance, and the outbox of everything that happened. */
export class LedgerAndEvents1764000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(LEDGER);
    await runner.query(EVENTS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table ledger_entries, ledger_transactions, events, event_subjects cascade');
    await runner.query('drop function ledger_balances, append_only');
  }
}

const LEDGER = `
create table ledger_transactions (
  -- Names the money fact (pay_…:capture), so that it can be booked only once.
  source_key text collate "C" primary key,
  kind text not null,
  currency text not null,
  customer text collate "C" not null,
  subscription text collate "C",
  at timestamptz(3) not null,
  recorded_at timestamptz(3) not null
);
create index ledger_transactions_customer on ledger_transactions (customer);
create table ledger_entries (
  -- That its transaction exists is checked once per statement, below.
  source_key text collate "C" not null,
  account text not null,
  amount bigint not null check (amount <> 0),
  primary key (source_key, account)
);

-- Checked once per statement, so that a set of a thousand entries costs one look.
create function ledger_balances() returns trigger language plpgsql as $$
declare bad text;
begin
  -- What is there balances already, and stays; so it is enough that each statement's own entries do.
  select source_key into bad from added group by source_key having sum(amount) <> 0 limit 1;
  if bad is not null then
    raise exception 'ledger transaction % does not balance', bad using errcode = 'check_violation';
  end if;
  select a.source_key into bad
    from added a
    left join ledger_transactions t using (source_key)
   where t.source_key is null
   limit 1;
  if bad is not null then
    raise exception 'ledger transaction % does not exist', bad using errcode = 'foreign_key_violation';
  end if;
  return null;
end $$;
create trigger ledger_balances after insert on ledger_entries
  referencing new table as added for each statement execute function ledger_balances();

create function append_only() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end $$;
create trigger append_only before update or delete or truncate on ledger_transactions
  for each statement execute function append_only();
create trigger append_only before update or delete or truncate on ledger_entries
  for each statement execute function append_only();`;

const EVENTS = `
create table event_subjects (
  subject text collate "C" primary key,
  last_sequence integer not null
) with (fillfactor = 70);
create table events (
  id text collate "C" primary key,
  type text not null,
  subject text collate "C" not null,
  sequence integer not null,
  -- Told as it was written, never looked into: text is cheaper to write than jsonb.
  data json not null,
  created_at timestamptz(3) not null,
  recorded_at timestamptz(3) not null,
  constraint events_sequence unique (subject, sequence)
);
create index events_type on events (type, id);
create trigger append_only before update or delete or truncate on events
  for each statement execute function append_only();`;
