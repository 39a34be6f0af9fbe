import { ACCESS_SWITCHES } from './access.switches.js';
import { CLEARING } from './clearing.switches.js';
import { LADDER_SWITCHES } from './dunning.switches.js';
import { MESSAGE_SWITCHES } from './message.switches.js';
import { NOTICES } from './notice.switches.js';
import { at, type Switch } from './switch.js';
import { TELLING } from './telling.switches.js';
import { WALLET_SWITCHES } from './wallet.switches.js';

const LOOKUP = 'src/domain/lookup.ts';
const LOOK_UP = 'src/payments/look.up.ts';
const SENDER = 'src/payments/sender.ts';
const DOOR = 'src/payments/settlement.door.ts';
const SETTLEMENT = 'src/domain/settlement.ts';
const COLLECTION = 'src/domain/collection.ts';
const CHECKOUT = 'src/gateway/checkout/checkout.gateway.ts';
const HTTP = 'src/gateway/checkout/checkout.http.ts';
const MINT = 'src/cases/charge.mint.ts';
const LIVING = 'src/subscriptions/living.ts';
const STORE = 'src/cases/case.store.ts';
const INBOX = 'src/inbox/inbox.ts';
const ENDPOINT = 'src/inbox/inbox.endpoint.ts';
const LOST_ANSWERS = 'test/gateway/lost.answers.test.ts';
const EARLIER = 'test/gateway/earlier.attempts.test.ts';
const COLLECTING = 'migrations/1764000000001-collecting.ts';
const BOOKS = 'migrations/1764000000002-ledger-and-events.ts';

const RESEND_RULE = 'if (at - last >= settle && at - first < window - HOUR)';
const noSettleDelay = at(LOOKUP, RESEND_RULE, 'if (at - first < window - HOUR)');
const settleFromFirst = at(LOOKUP, RESEND_RULE, 'if (at - first >= settle && at - first < window - HOUR)');
const resendAfterWindow = at(LOOKUP, RESEND_RULE, 'if (at - last >= settle)');
const neverResent = at(LOOKUP, RESEND_RULE, 'if (at < first)');
const absentTooEarly = [
  at(LOOKUP, 'const provableFrom = Math.max(first + window + 2 * HOUR, last + Math.max(2 * HOUR, settle));', 'const provableFrom = first;'),
  at(LOOKUP, 'at >= provableFrom && isProof(row, PROOF_SPREAD, now)', 'at >= provableFrom && row.empty_lookups >= 1'),
  neverResent,
];
const noResendGuard = at(COLLECTING, "raise exception 'charge %: may not be sent again', old.id using errcode = 'check_violation';", 'null;');
const noAbsenceGuard = at(COLLECTING, "raise exception 'charge %: is not proven absent', old.id using errcode = 'check_violation';", 'null;');
const noOneOpenIndex = at(COLLECTING, 'create unique index charges_one_open on charges (invoice)', 'create index charges_one_open on charges (invoice)');

/** The ladder's look at what is in flight, the case's refusal, and the index: three layers of "one open charge". */
const noLiveCheck = at(COLLECTION, "  if (c.isBeingCharged(oldest)) {\n    // Its outcome decides", "  if (false as boolean) {\n    // Its outcome decides");
const noMintCheck = at('src/domain/case.ts', '    if (this.isBeingCharged(invoice)) {', '    if (false as boolean) {');

/** The protections of an unknown outcome: what is asked, how long is waited, when a new attempt may exist. */
const UNKNOWN: readonly Switch[] = [
  {
    name: 'blind_resend',
    removes: 'the look-up before a resend',
    patches: [at(LOOK_UP, 'if (found.length === 0) return', 'if (found.length >= 0) return')],
    watch: { climate: 'forgetful' },
  },
  {
    name: 'random_key',
    removes: 'the same key for the same charge',
    patches: [at('src/payments/charge.calls.ts', 'idempotencyKey: charge.idempotency_key,', 'idempotencyKey: globalThis.crypto.randomUUID(),')],
    watch: { climate: 'blank' },
  },
  {
    name: 'no_settle_delay',
    removes: 'the wait of S before a resend',
    patches: [noSettleDelay],
    watch: { climate: 'slow' },
  },
  {
    name: 'settle_from_first',
    removes: 'counting S from the last send',
    patches: [settleFromFirst],
    watch: { test: LOST_ANSWERS },
  },
  {
    name: 'unknown_fails_by_timer',
    removes: 'evidence before an unknown charge is given up',
    patches: [at(LOOKUP, "  const provableFrom = Math.max(", "  if (at - first > 26 * MINUTE) return { verdict: 'absent' };\n  const provableFrom = Math.max("), neverResent],
    watch: { climate: 'blank' },
  },
  {
    name: 'absent_too_early',
    removes: 'the whole life of the key before absence is proved',
    patches: absentTooEarly,
    watch: { climate: 'blank' },
  },
  {
    name: 'resend_after_window',
    removes: 'the end of resends before the key dies',
    patches: [resendAfterWindow],
    watch: { climate: 'away' },
  },
  {
    name: 'failed_look_up_counts_as_empty',
    removes: 'the difference between "nothing there" and "could not be asked"',
    patches: [at(LOOK_UP, "return [{ ...base, kind: 'look_up_failed' }];", "return [{ ...base, kind: 'not_found', windows: this.windows.configured }];")],
    watch: { test: LOST_ANSWERS },
  },
  {
    name: 'no_look_up_of_pending',
    removes: 'look-ups of charges whose webhooks never came',
    patches: [at(LOOK_UP, "`select * from charges where status in ('sending', 'pending', 'unknown') and parked_at is null", "`select * from charges where status in ('sending', 'unknown') and parked_at is null")],
    watch: { climate: 'silent' },
  },
  {
    name: 'absent_charge_is_dropped',
    removes: 'the new attempt after a charge was proved absent',
    patches: [at(COLLECTION, '  else c.addCharge(charge.kind, invoice, source, null, c.engineNow, charge.trigger);', '')],
    watch: { test: LOST_ANSWERS, named: 'after the life of the key' },
  },
];

/** The protections of a sending: leases, deadlines, what is committed first. */
const SENDING: readonly Switch[] = [
  {
    name: 'no_fencing',
    removes: 'the lease token of an answer',
    patches: [at(DOOR, "  return row.status === 'sending' && row.lease_token === news.claimed.lease_token;", '  return row.lease_token >= 0;'), at('src/payments/acknowledgements.ts', 'if (leases.get(news.charge) !== news.claimed.lease_token) continue;', 'if (!leases.has(news.charge)) continue;'), at('src/payments/acknowledgements.ts', "and status = 'sending' order by id", "and status in ('sending', 'unknown') order by id")],
    watch: { test: 'test/gateway/dead.worker.test.ts' },
  },
  {
    name: 'no_deadline',
    removes: 'the deadline before the first byte',
    patches: [at(HTTP, 'if (this.over || performance.now() >= this.deadline) {', 'if (this.over) {')],
    watch: { test: 'test/gateway/connection.test.ts' },
  },
  {
    name: 'sent_before_commit',
    removes: 'the commit before the call',
    patches: [at(LIVING, '      await this.cases.save(tx, cases);\n', '      await this.cases.save(tx, cases);\n      this.sender.sendClaimed(charges, started);\n'), at(LIVING, '    this.sender.sendClaimed(charges, started);\n    if (cases', '    if (cases')],
    watch: { test: 'test/gateway/committed.first.test.ts' },
  },
  {
    name: 'claim_sent_before_commit',
    removes: 'the commit of a claim before the call',
    patches: [at(SENDER, '    return this.claim(tx, due.slice(0, await this.budget.take(tx, \'writes\', due.length)));\n', '    const taken = await this.claim(tx, due.slice(0, await this.budget.take(tx, \'writes\', due.length)));\n    void this.start(taken, performance.now());\n    return taken;\n'), at(SENDER, '    void this.start(charges, started);\n    return charges.length;', '    void started;\n    return charges.length;')],
    watch: { test: 'test/gateway/committed.first.test.ts' },
  },
  {
    name: 'advanced_in_its_own_commit',
    removes: 'period, invoice and charge in one transaction',
    patches: [
      at(LIVING, '    const ids = due.map((row) => row.id);', '    const ids = due.map((row) => row.id);\n    await this.database.transaction((tx) => tx.query(\'update subscriptions set due_at = null where id = any($1)\', [ids]));'),
      at(LIVING, 'where id = any($1) and due_at <= $2 and parked_at is null', 'where id = any($1) and $2::timestamptz is not null and parked_at is null'),
    ],
    watch: { climate: 'deadly' },
  },
  {
    name: 'events_outside_the_transaction',
    removes: 'the outbox: events committed with what they tell',
    patches: [at(STORE, '      recording(events, tx.now, ids),\n', ''),
      at(STORE, 'now: tx.now, config: this.config }),\n    ]);', 'now: tx.now, config: this.config }),\n    ]);\n    void tx.manager.connection.transaction((m) => write({ query: (sql: string, values?: unknown[]) => m.query(sql, values) } as never, [recording(events, tx.now, ids)])).catch(() => undefined);')],
    watch: { climate: 'deadly' },
  },
  {
    name: 'lost_lease_is_forgotten',
    removes: 'the look-up of charges whose worker died',
    patches: [at(LOOK_UP, "`select * from charges where status in ('sending', 'pending', 'unknown') and parked_at is null", "`select * from charges where status in ('pending', 'unknown') and parked_at is null")],
    watch: { test: 'test/gateway/dead.worker.test.ts' },
  },
  {
    name: 'poison_stops_the_set',
    removes: 'halving a set until the bad row stands alone',
    patches: [at('src/platform/batching/halving.ts', '    if (isOutage(error)) throw error;', '    throw error;')],
    watch: { test: 'src/platform/batching/batching.spec.ts' },
  },
  {
    name: 'outage_is_poison',
    removes: 'the difference between a bad row and a database that is away',
    patches: [at('src/platform/batching/halving.ts', '    if (isOutage(error)) throw error;', '')],
    watch: { climate: 'deadly' },
  },
  {
    name: 'only_what_is_due_now',
    removes: 'due rows: what nobody looked at in its hour is never looked at again',
    patches: [at(LIVING, '`select id from subscriptions where test_clock is null and due_at <= $1 and parked_at is null', "`select id from subscriptions where test_clock is null and due_at <= $1 and due_at > $1::timestamptz - interval '12 hours' and parked_at is null")],
    watch: { climate: 'away' },
  },
];

/** How answers and news are read. */
const READING: readonly Switch[] = [
  {
    name: '401_is_a_decline',
    removes: 'telling a rotated key from a refused charge',
    patches: [at(CHECKOUT, "      return notTaken('unauthorized', requestId);\n    case 403", "      return { answer: 'refused', codes: ['unauthorized'], requestId };\n    case 403")],
    watch: { climate: 'rebuffed' },
  },
  {
    name: '429_is_a_decline',
    removes: 'telling a rate limit from a refused charge',
    patches: [at(CHECKOUT, "      return notTaken('rate_limited', requestId);", "      return { answer: 'refused', codes: ['rate_limited'], requestId };")],
    watch: { climate: 'rebuffed' },
  },
  {
    name: 'transient_422_is_a_decline',
    removes: 'the list of 422s that say "not now"',
    patches: [at(CHECKOUT, 'if (codes.some((code) => TRANSIENT_CODES.has(code)))', 'if (codes.length > 99)')],
    watch: { climate: 'rebuffed' },
  },
  {
    name: 'amount_mismatch_accepted',
    removes: 'comparing the amount of the news with what was asked',
    patches: [at(SETTLEMENT, 'if (fact.amount !== null && fact.amount !== charge.amount) {', 'if (false as boolean) {')],
    watch: { climate: 'lying' },
  },
  {
    name: 'surplus_counts',
    removes: 'booking a second capture as surplus',
    patches: [at(SETTLEMENT, "accepts(invoiceTransitions, invoice.status, 'pay')", "invoice.status !== 'void'")],
    watch: { test: 'src/domain/late.money.spec.ts' },
  },
  {
    name: 'revocation_retried',
    removes: 'leaving a revoked wallet alone',
    patches: [at(COLLECTION, "  if (failureOf(charge) === 'reauthorise') revokeSource(c, c.sources.find(charge.source), charge.response_code);", '')],
    watch: { climate: 'poor' },
  },
  {
    name: 'suspicion_retried',
    removes: 'leaving a wallet under suspicion alone',
    patches: [at('src/domain/ladder.ts', "      return charge.source === c.subscription.source ? 'wait' : 'ladder';", "      return 'ladder';")],
    watch: { test: 'src/domain/ladder.spec.ts' },
  },
  {
    name: 'operator_moves_the_ladder',
    removes: 'keeping the ladder apart from what an operator tries',
    patches: [at(COLLECTION, "  if (charge.trigger === 'operator') return onOperatorsTryFailed(c, invoice, charge);", '')],
    watch: { test: 'src/domain/operator.spec.ts' },
  },
  {
    name: 'redirect_ignored',
    removes: 'waiting for an open redirect before the wallet is charged',
    patches: [at('src/domain/waiting.ts', '    .filter((end) => end > c.engineNow);', '    .filter((end) => end > c.engineNow && end < c.engineNow);')],
    watch: { test: 'src/domain/redirect.spec.ts' },
  },
  {
    name: 'webhook_is_truth',
    removes: 'asking the gateway what a webhook only hints at',
    patches: [
      at(INBOX, 'this.look(charge, event.payment_id as string, refunds)', 'this.look(charge, event.payment_id as string, refunds, event)'),
      at(INBOX, 'private async look(charge: KnownCharge, paymentId: string, withRefunds: boolean)', 'private async look(charge: KnownCharge, paymentId: string, withRefunds: boolean, event: StoredEvent)'),
      at(INBOX, '      const found = await this.gateway.payment(paymentId, withRefunds);', "      const found = await this.gateway.payment(paymentId, withRefunds);\n      if (found) found.fact.status = event.type === 'payment_captured' ? 'captured' : event.type === 'payment_declined' ? 'declined' : found.fact.status;"),
    ],
    watch: { test: 'test/webhooks/lies.test.ts' },
  },
  {
    name: 'signature_not_checked',
    removes: 'the signature of a webhook',
    patches: [at(ENDPOINT, '    if (!this.isGenuine(bytes, request)) {', '    if (!this.isGenuine(bytes, request) && bytes.length < 0) {')],
    watch: { test: 'test/webhooks/signature.test.ts' },
  },
  {
    name: 'acknowledged_before_stored',
    removes: 'storing a webhook before it is acknowledged',
    patches: [at(ENDPOINT, '    this.arrivals.store(bytes).then(', '    void this.arrivals.store(bytes).catch(() => undefined);\n    Promise.resolve().then(')],
    watch: { test: 'test/webhooks/deliveries.test.ts' },
  },
];

/** What SQL itself keeps, and the code that keeps the same. */
const TABLES: readonly Switch[] = [
  { name: 'no_index_one_per_period', removes: 'the unique index of invoice and period', patches: [at(COLLECTING, 'create unique index invoices_one_per_period', 'create index invoices_one_per_period')], watch: { test: 'test/database/guards.test.ts' } },
  { name: 'no_index_one_open', removes: 'the unique index of open charges', patches: [noOneOpenIndex], watch: { test: 'test/database/guards.test.ts' } },
  { name: 'no_ledger_key', removes: 'the unique key of money facts', patches: [at(BOOKS, 'source_key text collate "C" primary key,', 'source_key text collate "C" not null,')], watch: { test: 'test/database/append.only.test.ts' } },
  { name: 'no_write_once', removes: 'the trigger that freezes a charge’s identity', patches: [at(COLLECTING, "raise exception 'charge %: its identity is written once', old.id using errcode = 'check_violation';", 'null;')], watch: { test: 'test/database/guards.test.ts' } },
  { name: 'no_balance_check', removes: 'the trigger that balances the books', patches: [at(BOOKS, "raise exception 'ledger transaction % does not balance', bad using errcode = 'check_violation';", 'null;')], watch: { test: 'test/database/append.only.test.ts' } },
];

/** Two mechanisms that keep the same: each alone may go unmissed, both never. */
const PAIRS: readonly Switch[] = [
  { name: 'no_resend_guard', removes: 'SQL’s own refusal of a resend outside S and W', patches: [noResendGuard], watch: { test: 'test/database/guards.test.ts' } },
  { name: 'no_settle_delay_and_no_guard', removes: 'S, in code and in SQL', patches: [noSettleDelay, noResendGuard], watch: { climate: 'slow' } },
  { name: 'settle_from_first_and_no_guard', removes: 'counting S from the last send, in code and in SQL', patches: [settleFromFirst, noResendGuard], watch: { climate: 'slow' } },
  { name: 'resend_after_window_and_no_guard', removes: 'the end of resends, in code and in SQL', patches: [resendAfterWindow, noResendGuard], watch: { test: LOST_ANSWERS, named: 'after the life of the key' } },
  { name: 'absent_too_early_and_no_guard', removes: 'the proof of absence, in code and in SQL', patches: [...absentTooEarly, noAbsenceGuard], watch: { climate: 'blank' } },
  { name: 'live_charge_unseen', removes: 'the ladder’s look at charges in flight', patches: [noLiveCheck], watch: { test: EARLIER } },
  { name: 'mint_unguarded', removes: 'the case’s own refusal of a second open charge', patches: [noMintCheck], watch: { test: 'src/domain/late.money.spec.ts' } },
  { name: 'double_charge', removes: 'all three: the look, the refusal and the index', patches: [noLiveCheck, noMintCheck, noOneOpenIndex], watch: { test: EARLIER } },
  { name: 'random_reference', removes: 'references and keys that a restored database repeats', patches: [at(MINT, "const tag = this.secret.token('reference', 20, ...fact);", "const tag = this.secret.token('reference', 20, ...fact, newId('chg'));"), at(MINT, "idempotency_key: this.secret.uuid('idempotency-key', ...fact),", "idempotency_key: this.secret.uuid('idempotency-key', ...fact, newId('chg')),")], watch: { climate: 'restored' } },
];

export const SWITCHES: readonly Switch[] = [...UNKNOWN, ...SENDING, ...CLEARING, ...READING, ...NOTICES, ...LADDER_SWITCHES, ...MESSAGE_SWITCHES, ...TABLES, ...PAIRS, ...TELLING, ...ACCESS_SWITCHES, ...WALLET_SWITCHES];
