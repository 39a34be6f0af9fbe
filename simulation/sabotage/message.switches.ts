import { at, type Switch } from './switch.js';

const MESSAGES = 'src/domain/messages.ts';
const OUTBOX = 'src/messages/message.outbox.ts';
const SENDER = 'src/messages/message.sender.ts';
const STORE = 'src/cases/case.store.ts';
const TABLES = 'migrations/1764000000010-messages.ts';
const GUARDS = 'test/database/message.guards.test.ts';
const MAIL = 'test/scenarios/mail.test.ts';
const ONCE = 'test/scenarios/mail.once.test.ts';

/** What becomes a message, and that it is stored with what it tells. */
const STORED: readonly Switch[] = [
  {
    name: 'message_outside_the_transaction',
    removes: 'the commit of a message with its event',
    patches: [
      at(STORE, '      messages(cases, { ids, switchedOff, now: tx.now, config: this.config }),\n', ''),
      at(STORE, '    noteEvents(tx, events);\n', '    noteEvents(tx, events);\n    void tx.manager.connection.transaction((m) => write({ query: (sql: string, values?: unknown[]) => m.query(sql, values) } as never, [messages(cases, { ids, switchedOff, now: tx.now, config: this.config })])).catch(() => undefined);\n'),
    ],
    watch: { test: ONCE, named: 'stored with the event' },
  },
  {
    name: 'message_id_of_its_own',
    removes: 'the event’s id in that of its message, of which there is one then',
    patches: [at(OUTBOX, "return `msg_${id.slice(id.indexOf('_') + 1)}`;", "return `msg_${id.slice(id.indexOf('_') + 1)}x`;")],
    watch: { test: ONCE, named: 'stored with the event' },
  },
  {
    name: 'no_message_key',
    removes: 'SQL’s own refusal of a second message for one event',
    patches: [at(TABLES, 'id text collate "C" primary key,\n  name text not null check', 'id text collate "C" not null,\n  name text not null check')],
    watch: { test: GUARDS },
  },
  {
    name: 'one_fact_two_messages',
    removes: 'that of what is told in one breath one message stands in for the others',
    patches: [at(MESSAGES, 'if (replaced >= 0) drafts.splice(replaced, 1);', '')],
    watch: { test: 'src/domain/messages.of.failures.spec.ts' },
  },
  {
    name: 'switched_off_and_written',
    removes: 'leaving out the messages that the merchant has switched off',
    patches: [at(MESSAGES, ' || switchedOff.has(rule.name)', '')],
    watch: { test: 'src/domain/messages.spec.ts' },
  },
  {
    name: 'switches_not_read',
    removes: 'asking which messages the merchant has switched off',
    patches: [at(OUTBOX, 'return new Set(off.map((row) => row.name));', 'return new Set(off.slice(0, 0).map((row) => row.name));')],
    watch: { test: 'test/api/messages.test.ts', named: 'switched off' },
  },
  {
    name: 'message_rewritten',
    removes: 'SQL’s own refusal of a message that says something else than it said',
    patches: [at(TABLES, "raise exception 'message %: what it says is written once', old.id using errcode = 'check_violation';", 'null;')],
    watch: { test: GUARDS },
  },
  {
    name: 'message_sent_again_in_sql',
    removes: 'SQL’s own refusal of a message that comes back from its end',
    patches: [at(TABLES, "raise exception 'message %: % cannot become %', old.id, old.status, new.status using errcode = 'check_violation';", 'null;')],
    watch: { test: GUARDS },
  },
];

const sentAtNight = at(SENDER, 'if (at > tx.now) aside.push(', 'if (at > tx.now && at < tx.now) aside.push(');

/** That a message is handed to the mail server, once, and kept where there is none. */
const SENT: readonly Switch[] = [
  {
    name: 'message_without_lease',
    removes: 'the lease under which a message is handed over',
    patches: [at(SENDER, 'attempts = m.attempts + 1, next_attempt_at = $3,', 'attempts = m.attempts + 1, next_attempt_at = least(m.next_attempt_at, $3),')],
    watch: { test: ONCE, named: 'has it to himself' },
  },
  {
    name: 'message_unfenced',
    removes: 'the attempt that an outcome belongs to',
    patches: [at(SENDER, " and m.attempts = r.claimed`", '`')],
    watch: { test: ONCE, named: 'too late' },
  },
  {
    name: 'tried_again_at_night',
    removes: 'the quiet hours of what is tried again',
    patches: [sentAtNight],
    watch: { test: MAIL, named: 'not tried again in the night' },
  },
  {
    name: 'written_to_at_night',
    removes: 'the quiet hours, both where a message is stored and where it is sent',
    patches: [at(OUTBOX, 'c.policy.quiet_hours', 'null'), sentAtNight],
    watch: { test: MAIL, named: 'keeps quiet' },
  },
  {
    name: 'overtaken_and_sent',
    removes: 'keeping back a message that what happened in the night has overtaken',
    patches: [at(SENDER, 'if (isOvertaken(message, invoice_status)) {', 'if (false as boolean) {')],
    watch: { test: MAIL, named: 'without what was paid meanwhile' },
  },
  {
    name: 'sent_again_in_other_words',
    removes: 'the words that a message was first sent in',
    patches: [at(SENDER, "before.get(wording ?? '') ?? inUse(name, locale)", 'inUse(name, locale)')],
    watch: { test: ONCE, named: 'in the words' },
  },
  {
    name: 'outage_uses_up_tries',
    removes: 'the difference between a message that is not taken and a mail server that is away',
    patches: [at(SENDER, 'attempts: message.attempts - 1, next_attempt_at: this.restsUntil', 'next_attempt_at: this.restsUntil')],
    watch: { test: MAIL, named: 'away for an hour' },
  },
  {
    name: 'mail_server_hammered',
    removes: 'the rest of a mail server that is out of reach',
    patches: [at(SENDER, 'if (tx.now < this.restsUntil) return', 'if (tx.now < new Date(0)) return')],
    watch: { test: MAIL, named: 'away for an hour' },
  },
  {
    name: 'message_lost_without_server',
    removes: 'keeping what waits when there is no mail server any more',
    patches: [at(SENDER, 'if (!this.mailer.isThere) return this.keep();', 'if (!this.mailer.isThere) return 0;')],
    watch: { test: MAIL, named: 'taken away' },
  },
];

/** What customers are told: with what happened, once, and to those alone who are to hear it. */
export const MESSAGE_SWITCHES: readonly Switch[] = [...STORED, ...SENT];
