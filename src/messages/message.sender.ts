import { Injectable, Logger } from '@nestjs/common';
import type { Hours } from '../domain/hours.js';
import type { InvoiceStatus } from '../domain/invoice.js';
import {
  faultCodes, isOvertaken, judge, type MailFault, type MailVerdict, mayGoOutAt, type MessageStatus, nextMessageStatus, restFor, tryAgainAt,
} from '../domain/message.delivery.js';
import { valuesOf, word } from '../domain/message.wording.js';
import type { Template } from '../domain/message.templates.js';
import { Database, type Transaction } from '../platform/database/database.js';
import { Mailer } from './mailer.js';
import { MessageTemplates } from './message.templates.js';
import type { Message } from './message.tables.js';
import { PayLink } from './pay.link.js';

const LARGEST_SET = 100;
/** How long (ms) a claimed message is its sender's alone; nothing is handed to the server after the margin. */
const LEASE_MS = 300_000;
const MARGIN_MS = 60_000;

/** A message that is due, with what decides today whether it goes out. */
interface Due extends Message {
  quiet_hours: Hours | null;
  invoice_status: InvoiceStatus | null;
}

/** What becomes of a message that is not sent now. */
interface Aside extends Pick<Message, 'id' | 'next_attempt_at'> {
  status: MessageStatus;
}

interface Claimed {
  message: Message;
  template: Template;
}

interface Outcome {
  message: Message;
  verdict: 'sent' | MailVerdict;
  error: string | null;
}

/**
 * Sends messages. A set is claimed and committed under a lease first, then handed to the mail server outside
 * any transaction. Who dies in between leaves messages that are due again: at least once, and the
 * Message-ID tells a second copy.
 */
@Injectable()
export class MessageSender {
  private readonly log = new Logger(MessageSender.name);
  private failures = 0;
  private restsUntil = new Date(0);

  constructor(
    private readonly database: Database,
    private readonly mailer: Mailer,
    private readonly templates: MessageTemplates,
    private readonly link: PayLink,
  ) {}

  /** One set of messages that are due. Returns their number. */
  async run(): Promise<number> {
    if (!this.mailer.isThere) return this.keep();
    const started = performance.now();
    const { seen, claimed } = await this.database.transaction((tx) => this.take(tx));
    if (claimed.length === 0) return seen;
    const deadline = started + LEASE_MS - MARGIN_MS;
    const outcomes = (await Promise.all(byCustomer(claimed).map((his) => this.sendInOrder(his, deadline)))).flat();
    await this.settle(await this.reconsider(outcomes));
    return seen;
  }

  /** There was a mail server once, and is none any more. */
  private async keep(): Promise<number> {
    return this.database.transaction(async (tx) => {
      const kept = await tx.query(
        `update messages set status = $3, next_attempt_at = null, error = null, updated_at = $1
          where id in (select id from messages where status = 'pending' and next_attempt_at <= $1
                        order by next_attempt_at limit $2 for update skip locked)
        returning id`,
        [tx.now, LARGEST_SET, nextMessageStatus('pending', 'keep')],
      );
      return kept.length;
    });
  }

  /** A set of those that are due: some came too late, it is night by the clocks of some readers, the others are claimed. */
  private async take(tx: Transaction): Promise<{ seen: number; claimed: Claimed[] }> {
    if (tx.now < this.restsUntil) return { seen: 0, claimed: [] };
    const due = await tx.query<Due>(
      `select m.*, d.quiet_hours, i.status as invoice_status
         from messages m left join subscriptions s on s.id = m.subscription left join plans p on p.id = s.plan
         left join dunning_policies d on d.code = p.dunning_policy left join invoices i on i.id = m.invoice
        where m.status = 'pending' and m.next_attempt_at <= $1
        order by m.next_attempt_at, m.customer, m.id limit $2 for update of m skip locked`,
      // After an outage one message finds out whether the server is back.
      [tx.now, this.failures > 0 ? 1 : LARGEST_SET],
    );
    const aside: Aside[] = [];
    const now: Message[] = [];
    for (const { quiet_hours, invoice_status, ...message } of due) {
      if (isOvertaken(message, invoice_status)) {
        aside.push({ id: message.id, status: nextMessageStatus(message.status, 'keep'), next_attempt_at: null });
        continue;
      }
      const at = mayGoOutAt({ ...message, quiet_hours }, tx.now);
      if (at > tx.now) aside.push({ id: message.id, status: nextMessageStatus(message.status, 'put_off'), next_attempt_at: at });
      else now.push(message);
    }
    await this.setAside(tx, aside);
    return { seen: due.length, claimed: await this.claim(tx, now) };
  }

  private async setAside(tx: Transaction, aside: readonly Aside[]): Promise<void> {
    if (aside.length === 0) return;
    await tx.query(
      `update messages m set status = r.status, next_attempt_at = r.next_attempt_at, updated_at = $2,
              error = case when r.status = m.status then m.error end
         from json_to_recordset($1::json) as r(id text, status text, next_attempt_at timestamptz(3)) where m.id = r.id`,
      [JSON.stringify(aside), tx.now],
    );
  }

  private async claim(tx: Transaction, due: readonly Message[]): Promise<Claimed[]> {
    if (due.length === 0) return [];
    const inUse = await this.templates.inUse(tx);
    const before = await this.templates.kept(tx, due.map((message) => message.wording));
    // Every try of a message says the same.
    const templates = due.map(({ wording, name, locale }) => before.get(wording ?? '') ?? inUse(name, locale));
    const digests = await this.templates.keep(tx, templates);
    const leaseUntil = new Date(tx.now.getTime() + LEASE_MS);
    await tx.query(
      `update messages m set attempts = m.attempts + 1, next_attempt_at = $3, wording = r.wording, updated_at = $4
         from unnest($1::text[], $2::text[]) as r(id, wording) where m.id = r.id`,
      [due.map((message) => message.id), digests, leaseUntil, tx.now],
    );
    return due.map((message, i) => ({
      message: { ...message, attempts: message.attempts + 1 },
      template: templates[i] as Template,
    }));
  }

  /** What one customer is told reaches him in the order in which it happened. */
  private async sendInOrder(his: readonly Claimed[], deadline: number): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const one of his) outcomes.push(await this.send(one, deadline));
    return outcomes;
  }

  private async send({ message, template }: Claimed, deadline: number): Promise<Outcome> {
    try {
      const values = valuesOf(message.name, message.data, message.locale, this.link.url(message));
      await this.mailer.send(message, word(template, values, message.locale), deadline - performance.now());
      return { message, verdict: 'sent', error: null };
    } catch (error) {
      const fault = error as MailFault;
      // Not of the mail client's making, so nobody's address stands in it.
      if (fault.code === undefined) this.log.error({ message: message.id, err: error }, 'message could not be put into words');
      return { message, verdict: judge(fault), error: faultCodes(fault) };
    }
  }

  /** A server that is there after all was not out of reach: then something is wrong with the message itself. */
  private async reconsider(outcomes: Outcome[]): Promise<Outcome[]> {
    const unreached = outcomes.filter(({ verdict }) => verdict === 'out_of_reach');
    if (unreached.length === 0 || (await this.mailer.answers())) {
      this.failures = 0;
      return outcomes.map((outcome) => (outcome.verdict === 'out_of_reach' ? { ...outcome, verdict: 'later' } : outcome));
    }
    this.failures += 1;
    this.log.error({ codes: unreached[0]?.error, failures: this.failures }, 'the mail server is out of reach; messages wait');
    return outcomes;
  }

  private async settle(outcomes: readonly Outcome[]): Promise<void> {
    await this.database.transaction(async (tx) => {
      this.restsUntil = this.failures > 0 ? new Date(tx.now.getTime() + restFor(this.failures)) : new Date(0);
      const rows = outcomes.map((outcome) => this.settled(outcome, tx.now));
      await tx.query(
        `update messages m set status = r.status, attempts = r.attempts, next_attempt_at = r.next_attempt_at, error = r.error,
                sent_at = r.sent_at, updated_at = $2
           from json_to_recordset($1::json) as r(id text, claimed int, status text, attempts int,
                next_attempt_at timestamptz(3), error text, sent_at timestamptz(3))
          where m.id = r.id and m.status = 'pending' and m.attempts = r.claimed`,
        [JSON.stringify(rows), tx.now],
      );
    });
  }

  private settled({ message, verdict, error }: Outcome, now: Date) {
    const row = { id: message.id, claimed: message.attempts, attempts: message.attempts, next_attempt_at: null, error, sent_at: null };
    switch (verdict) {
      case 'sent':
        return { ...row, status: nextMessageStatus('pending', 'send'), sent_at: now };
      case 'out_of_reach':
        // Not the message's fault, and not one of its tries.
        return { ...row, status: nextMessageStatus('pending', 'put_off'), attempts: message.attempts - 1, next_attempt_at: this.restsUntil };
      case 'refused':
        return this.failed(row);
      case 'later': {
        const next = tryAgainAt(message.attempts, now);
        return next ? { ...row, status: nextMessageStatus('pending', 'put_off'), next_attempt_at: next } : this.failed(row);
      }
    }
  }

  private failed<Row extends { id: string; error: string | null }>(row: Row) {
    this.log.warn({ message: row.id, codes: row.error }, 'message failed');
    return { ...row, status: nextMessageStatus('pending', 'fail') };
  }
}

function byCustomer(claimed: readonly Claimed[]): Claimed[][] {
  const groups = new Map<string, Claimed[]>();
  for (const one of claimed) {
    const his = groups.get(one.message.customer);
    if (his) his.push(one);
    else groups.set(one.message.customer, [one]);
  }
  return [...groups.values()];
}
