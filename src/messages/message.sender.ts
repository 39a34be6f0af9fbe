import { Injectable, Logger } from '@nestjs/common';
import { faultCodes, judge, type MailFault, type MailVerdict, nextMessageStatus, restFor, tryAgainAt } from '../domain/message.delivery.js';
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
    const claimed = await this.database.transaction((tx) => this.claim(tx));
    if (claimed.length === 0) return 0;
    const deadline = started + LEASE_MS - MARGIN_MS;
    const outcomes = await Promise.all(claimed.map((one) => this.send(one, deadline)));
    await this.settle(await this.reconsider(outcomes));
    return claimed.length;
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

  private async claim(tx: Transaction): Promise<Claimed[]> {
    if (tx.now < this.restsUntil) return [];
    const due = await tx.query<Message>(
      `select * from messages where status = 'pending' and next_attempt_at <= $1
        order by next_attempt_at limit $2 for update skip locked`,
      // After an outage one message finds out whether the server is back.
      [tx.now, this.failures > 0 ? 1 : LARGEST_SET],
    );
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
