import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What customers are told by e-mail, and in which words. */
export class Messages1764000000010 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const part of [MESSAGES, GUARD, TEMPLATES]) await runner.query(part);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table messages, message_wordings, message_templates, message_switches');
    await runner.query('drop function message_guard');
  }
}

const MESSAGES = `
create table messages (
  -- The event's id under another prefix: an event becomes one message, and never a second.
  id text collate "C" primary key,
  name text not null check (name in
    ('receipt', 'renewal_upcoming', 'payment_failed', 'reauthorise', 'recovered', 'canceled', 'trial_ending')),
  -- No foreign keys: each would lock the customer's row for every receipt. Test clocks take their messages along.
  customer text collate "C" not null,
  subscription text collate "C" not null,
  invoice text collate "C",
  locale text not null check (locale in ('zh-CN', 'en')),
  recipient text not null,
  -- What it says, frozen; it is put into words when it is sent.
  data json not null,
  status text not null check (status in ('pending', 'sent', 'kept', 'failed')),
  attempts integer not null,
  next_attempt_at timestamptz(3),
  -- The words that it was sent in.
  wording text collate "C",
  error text,
  sent_at timestamptz(3),
  created_at timestamptz(3) not null,
  -- The engine's clock.
  recorded_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  check ((status = 'pending') = (next_attempt_at is not null)),
  check ((status = 'sent') = (sent_at is not null)),
  check (status <> 'sent' or wording is not null),
  check ((status = 'failed') = (error is not null) or status = 'pending')
) with (fillfactor = 90);
create index messages_customer on messages (customer, id);
-- What falls due in one instant, as a morning does, is sent customer by customer, in the order in which it happened.
create index messages_due on messages (next_attempt_at, customer, id) where status = 'pending';
create index messages_failed on messages (updated_at) where status = 'failed';`;

const GUARD = `
create function message_guard() returns trigger language plpgsql as $$
begin
  if old.status <> new.status and old.status <> 'pending' then
    raise exception 'message %: % cannot become %', old.id, old.status, new.status using errcode = 'check_violation';
  end if;
  if (new.id, new.name, new.customer, new.subscription, new.invoice, new.locale, new.recipient, new.data::text)
     is distinct from
     (old.id, old.name, old.customer, old.subscription, old.invoice, old.locale, old.recipient, old.data::text)
     or (old.wording is not null and old.wording is distinct from new.wording) then
    raise exception 'message %: what it says is written once', old.id using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger message_guard before update on messages for each row execute function message_guard();`;

const TEMPLATES = `
-- The merchant's own wording, in place of the built-in one.
create table message_templates (
  name text not null,
  locale text not null,
  subject text not null,
  text text not null,
  html text,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  primary key (name, locale)
);
-- Messages that the merchant has switched off.
create table message_switches (
  name text primary key,
  updated_at timestamptz(3) not null
);
-- Templates as they were when messages were sent in them, each once: with its data, a message can always be read again.
create table message_wordings (
  digest text collate "C" primary key,
  subject text not null,
  text text not null,
  html text
);
create trigger append_only before update or delete or truncate on message_wordings
  for each statement execute function append_only();`;
