import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is remembered of requests that write: the answers to their repeats, and who did what. */
export class Access1764000000012 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(IDEMPOTENCY);
    await runner.query(AUDIT);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table idempotency_keys, audit_log');
    await runner.query('drop function idempotency_keys_guard');
  }
}

const IDEMPOTENCY = `
create table idempotency_keys (
  -- Digest of the API key, the method, the path and the caller's own key.
  id text collate "C" primary key,
  api_key text collate "C" not null,
  body_digest text not null,
  -- Counts the requests that have taken it on; only the last of them may commit or answer.
  lease_token integer not null,
  leased_until timestamptz(3) not null,
  -- Set in the commit that does the write: from here on it is never done again.
  committed_at timestamptz(3),
  -- What answers a repeat when nobody was left to keep the answer: read as it is then.
  resource text collate "C",
  -- Shown once in the answer, so it is kept until the answer is. Sealed.
  secret text,
  -- Set with the answer, or with the commit that will be answered so.
  status integer check (status between 200 and 499),
  -- The answer. Sealed.
  body text,
  completed_at timestamptz(3),
  created_at timestamptz(3) not null,
  check (committed_at is null or status is not null),
  check ((completed_at is null) = (body is null)),
  check (completed_at is null or (status is not null and secret is null))
);
create index idempotency_keys_created on idempotency_keys (created_at);

create function idempotency_keys_guard() returns trigger language plpgsql as $$
begin
  if new.lease_token < old.lease_token or new.body_digest <> old.body_digest or new.created_at <> old.created_at then
    raise exception 'idempotency key %: what it stands for does not change', old.id using errcode = 'check_violation';
  end if;
  if old.committed_at is not null and new.committed_at is distinct from old.committed_at then
    raise exception 'idempotency key %: its write was committed', old.id using errcode = 'check_violation';
  end if;
  if old.completed_at is not null then
    raise exception 'idempotency key %: it has been answered', old.id using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger guard before update on idempotency_keys for each row execute function idempotency_keys_guard();`;

const AUDIT = `
create table audit_log (
  id text collate "C" primary key,
  api_key text collate "C" not null,
  -- The key may be gone when somebody asks.
  api_key_name text not null,
  method text not null check (method in ('POST', 'PUT', 'PATCH', 'DELETE')),
  route text not null,
  path text not null,
  resource text collate "C",
  status integer not null,
  request_id text not null,
  before json,
  after json,
  created_at timestamptz(3) not null
);
create index audit_log_resource on audit_log (resource, id);
create index audit_log_api_key on audit_log (api_key, id);
create trigger append_only before update or delete or truncate on audit_log
  for each statement execute function append_only();`;
