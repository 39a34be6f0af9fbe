import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is sold, to whom: plans, customers on their clocks, subscriptions, wallets. */
export class Selling1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(PLANS);
    await runner.query(CUSTOMERS);
    await runner.query(SUBSCRIPTIONS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop table sources, subscriptions, customer_balances, customers, test_clocks,
      plan_versions, plans cascade`);
  }
}

// Ids sort by byte, not by a language's rules: the "C" collation makes that so, and fast.
const PLANS = `
create table plans (
  id text collate "C" primary key,
  code text not null constraint plans_code unique,
  name text not null,
  description text,
  version integer not null,
  active boolean not null,
  dunning_policy text not null,
  catch_up text not null check (catch_up in ('all', 'latest')),
  renewal_notice text not null check (renewal_notice in ('required', 'off')),
  spread_minutes integer not null check (spread_minutes >= 0),
  metadata jsonb not null,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null
);
create table plan_versions (
  plan text collate "C" not null references plans (id),
  version integer not null check (version > 0),
  amount integer not null check (amount between 0 and 999999999),
  currency text not null,
  interval text not null check (interval in ('day', 'week', 'month', 'year')),
  interval_count integer not null check (interval_count > 0),
  trial_days integer not null check (trial_days >= 0),
  trial_amount integer not null check (trial_amount between 0 and 999999999),
  setup_fee integer not null check (setup_fee between 0 and 999999999),
  proration text not null check (proration in ('second', 'day')),
  created_at timestamptz(3) not null,
  primary key (plan, version)
);`;

const CUSTOMERS = `
create table test_clocks (
  id text collate "C" primary key,
  now timestamptz(3) not null,
  target timestamptz(3),
  status text not null check (status in ('ready', 'advancing', 'failed')),
  reason text,
  metadata jsonb not null,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  check ((status = 'ready') = (target is null))
);
create index test_clocks_advancing on test_clocks (id) where status = 'advancing';
create table customers (
  id text collate "C" primary key,
  email text,
  name text,
  phone text,
  locale text check (locale in ('zh-CN', 'en')),
  time_zone text,
  country text,
  external_id text,
  test_clock text collate "C" references test_clocks (id) on delete cascade,
  metadata jsonb not null,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null
);
create index customers_email on customers (email, id);
create index customers_external_id on customers (external_id, id);
create index customers_test_clock on customers (test_clock) where test_clock is not null;
create table customer_balances (
  customer text collate "C" not null references customers (id) on delete cascade,
  currency text not null,
  amount bigint not null check (amount >= 0),
  primary key (customer, currency)
);`;

const SUBSCRIPTIONS = `
create table subscriptions (
  id text collate "C" primary key,
  customer text collate "C" not null references customers (id) on delete cascade,
  plan text collate "C" not null,
  plan_version integer not null,
  status text not null check (status in
    ('incomplete', 'incomplete_expired', 'trialing', 'active', 'past_due', 'unpaid', 'paused', 'canceled')),
  quantity integer not null check (quantity > 0),
  currency text not null,
  trial_days integer not null,
  trial_amount integer not null,
  time_zone text not null,
  test_clock text collate "C",
  terminal_type text not null check (terminal_type in ('WEB', 'WAP', 'APP')),
  os_type text check (os_type in ('ANDROID', 'IOS')),
  success_url text not null,
  failure_url text not null,
  source text collate "C",
  billing_anchor timestamptz(3),
  epoch integer not null,
  epoch_first_period integer not null,
  period_no integer not null check (period_no >= 0),
  period_start timestamptz(3),
  period_end timestamptz(3),
  paid_through timestamptz(3),
  trial_end timestamptz(3),
  trial_end_told_at timestamptz(3),
  cancel_at_period_end boolean not null,
  canceled_at timestamptz(3),
  cancel_reason text,
  ended_by text check (ended_by in ('request', 'dunning')),
  cancel_refund text check (cancel_refund in ('none', 'full')),
  paused_at timestamptz(3),
  resumes_at timestamptz(3),
  resumes_when_paid boolean not null,
  expires_at timestamptz(3),
  latest_invoice text collate "C",
  advance_invoice text collate "C",
  past_due_reason text,
  past_due_class text,
  dunning_started_at timestamptz(3),
  dunning_step integer,
  dunning_ends_at timestamptz(3),
  next_attempt_at timestamptz(3),
  -- What the customer was told of his next renewal, or will be.
  notice_due_at timestamptz(3),
  noticed_at timestamptz(3),
  noticed_period_no integer,
  noticed_amount integer,
  renewal_charge_at timestamptz(3),
  due_at timestamptz(3),
  parked_at timestamptz(3),
  metadata jsonb not null,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  foreign key (plan, plan_version) references plan_versions (plan, version),
  check (period_start < period_end),
  check (notice_due_at is null or noticed_at is null),
  check ((noticed_at is null) = (noticed_period_no is null) and (noticed_at is null) = (noticed_amount is null)),
  check ((status = 'canceled') = (canceled_at is not null))
) with (fillfactor = 80);
-- The queue: what is not due costs nothing, what lives on a test clock waits for that clock.
create index subscriptions_due on subscriptions (due_at)
  where due_at is not null and parked_at is null and test_clock is null;
create index subscriptions_due_on_clock on subscriptions (test_clock, due_at)
  where due_at is not null and parked_at is null and test_clock is not null;
create index subscriptions_customer on subscriptions (customer, id);
create index subscriptions_plan on subscriptions (plan, id);
create index subscriptions_status on subscriptions (status, id);
create table sources (
  id text collate "C" primary key,
  -- The gateway's name, which moves money: sealed with the installation secret for this very row, and found by a
  -- keyed digest. It stands nowhere else.
  gateway_source_id text not null,
  gateway_source_index text collate "C" not null,
  customer text collate "C" not null,
  subscription text collate "C" not null references subscriptions (id) on delete cascade,
  charge text collate "C" not null,
  status text not null check (status in ('pending', 'active', 'revoked', 'superseded')),
  ended_reason text,
  ended_at timestamptz(3),
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  constraint sources_once unique (subscription, gateway_source_index)
);
create unique index sources_one_active on sources (subscription) where status = 'active';`;
