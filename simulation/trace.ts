import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { Lab } from './lab.js';

interface ToldRow {
  email: string;
  type: string;
  at: Date;
  status: string | null;
  period: string | null;
  attempt: string | null;
}

/** What happened to each subscription and at which virtual time, by names that are the same in every run. */
export type Stories = Map<string, string[]>;

export async function readStories(admin: pg.Client, lab: Lab): Promise<Stories> {
  const { rows } = await admin.query<ToldRow>(
    `select u.email, e.type, e.created_at as at, e.data->'object'->>'status' as status,
            e.data->'object'->>'period_no' as period, e.data->'object'->>'attempt' as attempt
       from events e join subscriptions s on s.id = e.subject join customers u on u.id = s.customer
      order by u.email, e.subject, e.sequence`,
  );
  const stories: Stories = new Map();
  const add = (email: string, line: string): void => {
    const story = stories.get(email) ?? [];
    stories.set(email, story);
    story.push(line);
  };
  for (const { email, type, at, status, period, attempt } of rows) {
    const which = [period === null ? '' : `period ${period}`, attempt === null ? '' : `attempt ${attempt}`, status ?? ''].filter(Boolean).join(', ');
    add(email, `${at.toISOString()} ${type} (${which})`);
  }
  for (const entry of lab.gateway.context.store.book.rows.values()) {
    const returned = entry.refunds.map(({ kind, amount }) => ` ${kind} ${amount}`).join('');
    add(entry.customer_email ?? '?', `${new Date(entry.captured_at).toISOString()} book: ${lab.nameOfReference(entry.reference)} ${entry.kind} ${entry.amount}${entry.late ? ' late' : ''}${returned}`);
  }
  return stories;
}

/** One hash over everything that happened to everybody. */
export function hashOf(stories: Stories): string {
  const hash = createHash('sha256');
  for (const email of [...stories.keys()].sort()) hash.update(`${email}\n${(stories.get(email) ?? []).join('\n')}\n`);
  return hash.digest('hex').slice(0, 16);
}
