/** Money that goes back: part of what the collecting migration makes. */
export const REFUNDS = `
create table refunds (
  id text collate "C" primary key,
  charge text collate "C" not null references charges (id) on delete cascade,
  customer text collate "C" not null,
  subscription text collate "C" not null,
  -- Null for what others did: the provider, or somebody at the gateway's dashboard.
  number integer check (number > 0),
  cause text not null check (cause in ('request', 'surplus', 'cancel', 'found', 'returned')),
  amount integer not null check (amount between 1 and 999999999),
  currency text not null,
  status text not null check (status in ('created', 'sending', 'pending', 'unknown', 'succeeded', 'declined')),
  reason text,
  reference text not null constraint refunds_reference unique,
  idempotency_key text not null constraint refunds_idempotency_key unique,
  body text not null,
  gateway_payment_id text not null,
  gateway_action_id text constraint refunds_gateway_action_id unique,
  sends integer not null,
  lease_token integer not null,
  lease_until timestamptz(3),
  first_sent_at timestamptz(3),
  last_sent_at timestamptz(3),
  next_check_at timestamptz(3),
  checks integer not null,
  empty_lookups integer not null,
  empty_since timestamptz(3),
  empty_at timestamptz(3),
  response_code text,
  response_summary text,
  gateway_request_id text,
  requested_at timestamptz(3),
  settled_at timestamptz(3),
  parked_at timestamptz(3),
  lost_at timestamptz(3),
  test_clock text collate "C",
  metadata jsonb not null,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  constraint refunds_number unique (charge, number),
  check (status not in ('sending', 'unknown') or first_sent_at is not null),
  check ((sends = 0) = (first_sent_at is null))
);
create index refunds_charge on refunds (charge, id);
create index refunds_subscription on refunds (subscription, id);
create index refunds_customer on refunds (customer, id);
create index refunds_due on refunds (next_check_at)
  where status in ('created', 'sending', 'pending', 'unknown') and parked_at is null;
create function refund_guard() returns trigger language plpgsql as $$
declare promised bigint; available bigint;
begin
  if tg_op = 'INSERT' then
    -- What was found at the gateway begins as it was found.
    if new.status <> 'created' and (new.sends > 0 or new.gateway_action_id is null) then
      raise exception 'refund %: begins as created, not as %', new.id, new.status using errcode = 'check_violation';
    end if;
    -- The charge's row is locked by whoever adds a refund, so this sum cannot be outrun.
    -- What was found has happened, whatever was promised meanwhile: it counts against what went back alone.
    select coalesce(sum(amount), 0) into promised
      from refunds
     where charge = new.charge and status <> 'declined' and (new.gateway_action_id is null or status = 'succeeded');
    select case when status = 'captured' then amount - amount_credited else 0 end into available from charges where id = new.charge;
    if new.status <> 'declined' and promised + new.amount > available then
      raise exception 'refund %: more than charge % has left', new.id, new.charge using errcode = 'check_violation';
    end if;
    return new;
  end if;
  if (new.charge, new.customer, new.subscription, new.number, new.cause, new.amount, new.currency, new.reference,
      new.idempotency_key, new.body, new.gateway_payment_id)
     is distinct from
     (old.charge, old.customer, old.subscription, old.number, old.cause, old.amount, old.currency, old.reference,
      old.idempotency_key, old.body, old.gateway_payment_id) then
    raise exception 'refund %: its identity is written once', old.id using errcode = 'check_violation';
  end if;
  if (old.gateway_action_id is not null and old.gateway_action_id is distinct from new.gateway_action_id)
     or (old.first_sent_at is not null and old.first_sent_at is distinct from new.first_sent_at
         and not (old.status = 'unknown' and new.status = 'created')) then
    raise exception 'refund %: action and first sending are written once', old.id using errcode = 'check_violation';
  end if;
  if new.lease_token < old.lease_token then
    raise exception 'refund %: an older lease cannot write', old.id using errcode = 'check_violation';
  end if;
  if old.status = 'unknown' and new.status = 'sending'
     and not may_resend(old.first_sent_at, old.last_sent_at, new.empty_at, new.last_sent_at) then
    raise exception 'refund %: may not be sent again', old.id using errcode = 'check_violation';
  end if;
  if old.status = 'unknown' and new.status = 'created'
     and not is_absent(old.first_sent_at, old.last_sent_at, new.empty_lookups, new.empty_since, new.empty_at) then
    raise exception 'refund %: is not proven absent', old.id using errcode = 'check_violation';
  end if;
  if old.status <> new.status and (old.status, new.status) not in
     (('created', 'sending'), ('created', 'pending'), ('created', 'succeeded'), ('created', 'declined'),
      ('sending', 'created'), ('sending', 'unknown'), ('sending', 'pending'), ('sending', 'succeeded'), ('sending', 'declined'),
      ('pending', 'succeeded'), ('pending', 'declined'),
      ('unknown', 'sending'), ('unknown', 'created'), ('unknown', 'pending'), ('unknown', 'succeeded'), ('unknown', 'declined'),
      ('declined', 'succeeded')) then
    raise exception 'refund %: % cannot become %', old.id, old.status, new.status using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger refund_guard before insert or update on refunds for each row execute function refund_guard();`;
