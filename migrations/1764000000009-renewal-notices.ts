import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Whether a renewal needs notice depends on its plan and its customer's country. When one of them begins to
 * demand it, the subscriptions concerned are due at once: then the engine reckons when their notice is.
 */
export class RenewalNotices1764000000009 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
create function look_at_notice(whose text[], engine_now timestamptz) returns void language sql as $$
  with theirs as (
    -- In one order, as every set takes them, so that nobody waits for a ring of others.
    select s.id, coalesce(t.now, engine_now) as at
      from subscriptions s left join test_clocks t on t.id = s.test_clock
     where s.id = any(whose) order by s.id for update of s
  )
  update subscriptions s set notice_due_at = theirs.at, due_at = least(s.due_at, theirs.at)
    from theirs where s.id = theirs.id
$$;
create function plan_notice() returns trigger language plpgsql as $$
begin
  perform look_at_notice(array(
    select id from subscriptions
     where plan = new.id and noticed_at is null and status in ('trialing', 'active', 'past_due', 'paused')), new.updated_at);
  return null;
end $$;
create trigger plan_notice after update of renewal_notice on plans for each row
  when (old.renewal_notice <> 'required' and new.renewal_notice = 'required') execute function plan_notice();
create function customer_notice() returns trigger language plpgsql as $$
begin
  perform look_at_notice(array(
    select id from subscriptions
     where customer = new.id and noticed_at is null and status in ('trialing', 'active', 'past_due', 'paused')), new.updated_at);
  return null;
end $$;
create trigger customer_notice after update of country on customers for each row
  when (old.country is distinct from new.country) execute function customer_notice();`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop trigger plan_notice on plans; drop trigger customer_notice on customers');
    await runner.query('drop function plan_notice, customer_notice, look_at_notice');
  }
}
