import { at, type Switch } from './switch.js';

const LADDER = 'src/domain/ladder.ts';
const RECOVERY = 'src/domain/recovery.ts';
const DUNNING = 'src/domain/dunning.ts';
const COLLECTION = 'src/domain/collection.ts';
const WALLET = 'src/domain/wallet.ts';
const SELLING = 'migrations/1764000000000-selling.ts';
const LADDERS = 'src/domain/ladder.spec.ts';
const TRIES = 'src/domain/ladder.tries.spec.ts';
const WAITS = 'src/domain/somebody.acts.spec.ts';

/** Which failures are tried again, by what, and how often. */
const TRYING: readonly Switch[] = [
  {
    name: 'technical_try_takes_a_step',
    removes: 'keeping the ladder’s steps for what the wallet itself refused',
    patches: [at(LADDER, "const isStep = charge.kind === 'retry' && charge.trigger === 'schedule';", "const isStep = charge.kind === 'retry';")],
    watch: { test: LADDERS },
  },
  {
    name: 'technical_tries_without_end',
    removes: 'the number of technical retries that an invoice has',
    patches: [at(DUNNING, 'policy.technical_retries[used]', 'policy.technical_retries[Math.min(used, 0)]')],
    watch: { test: LADDERS },
  },
  {
    name: 'unknown_reasons_without_end',
    removes: 'the number of tries in the dark, for reasons that nobody knows',
    patches: [at(LADDER, 'return dark.length >= MOST_UNKNOWN_FAILURES;', 'return dark.length > 99 * MOST_UNKNOWN_FAILURES;')],
    watch: { test: LADDERS },
  },
  {
    name: 'own_fault_retried',
    removes: 'waiting for us where our own request or account was refused',
    patches: [at(LADDER, "    case 'configuration':\n      return 'wait';", "    case 'configuration':\n      return 'ladder';")],
    watch: { test: LADDERS },
  },
  {
    name: 'customers_try_is_ours',
    removes: 'the difference between a customer’s own attempt that fails and one of the ladder’s',
    patches: [at('src/domain/settlement.ts', '    onCheckoutFailed(c, charge);\n    return;', '    onCheckoutFailed(c, charge);')],
    watch: { test: 'src/domain/wallet.spec.ts' },
  },
  {
    name: 'customers_try_counts',
    removes: 'judging the next try by the engine’s own tries alone',
    patches: [at(LADDER, "return !isCustomerPresent(charge.kind) && charge.trigger !== 'operator';", "return charge.trigger !== 'operator';")],
    watch: { test: TRIES },
  },
];

/** When somebody has to act first: what must not be taken for his acting, and how long he has. */
const WAITING: readonly Switch[] = [
  {
    name: 'wait_undone_by_a_failure',
    removes: 'that another payment’s failure plans no try while somebody has to act first',
    patches: [at(LADDER, 'if (c.subscription.dunning_ends_at !== null) return;', '')],
    watch: { test: LADDERS },
  },
  {
    name: 'wait_undone_by_a_pause',
    removes: 'that a pause which ends by itself does not clear a wallet of suspicion',
    patches: [at(RECOVERY, 'const failure = confirmed ? null', 'const failure = confirmed || (true as boolean) ? null')],
    watch: { test: WAITS },
  },
  {
    name: 'wait_undone_by_a_payment',
    removes: 'that another payment which goes through does not clear a wallet of suspicion',
    patches: [at(RECOVERY, "c.subscription.past_due_class === 'risk';", 'c.subscription.past_due_class === null;')],
    watch: { test: WAITS },
  },
  {
    name: 'end_while_somebody_pays',
    removes: 'putting off the end of a wait while somebody pays',
    patches: [at(LADDER, 'if (paying) c.patch({ dunning_ends_at:', 'if (false as boolean) c.patch({ dunning_ends_at:')],
    watch: { test: WAITS },
  },
  {
    name: 'doubt_waited_for_ever',
    removes: 'the end of a wait for a payment that is in doubt for days',
    patches: [at(LADDER, 'return isOpen(charge.status) && now.getTime() < (charge.last_sent_at ?? now).getTime() + MOST_PATIENCE_MS;', 'return isOpen(charge.status);')],
    watch: { test: WAITS },
  },
  {
    name: 'no_time_to_act',
    removes: 'the days that whoever has to act is given at least',
    patches: [at(DUNNING, 'Math.max(end.getTime(), addDuration(from, `${LEAST_WAIT_DAYS}d`).getTime())', 'end.getTime()')],
    watch: { test: WAITS },
  },
];

/** When a try is due: in the hours that the policy keeps, and at a distance from a success. */
const TIMING: readonly Switch[] = [
  {
    name: 'step_at_any_hour',
    removes: 'the allowed hours of steps and technical retries',
    patches: [at(DUNNING, 'withinHours(addDuration(from, rung.after), policy.allowed_hours, timeZone)', 'addDuration(from, rung.after)')],
    watch: { test: LADDERS },
  },
  {
    name: 'later_try_at_any_hour',
    removes: 'the allowed hours of what follows a success, a resume or a wait',
    patches: [at(LADDER, 'return withinHours(at, c.policy.allowed_hours, c.subscription.time_zone);', 'return at;')],
    watch: { test: LADDERS },
  },
  {
    name: 'next_debt_at_once',
    removes: 'the hour between a payment and the next debt of the ladder',
    patches: [at(RECOVERY, 'if (oldest && !c.isBeingCharged(oldest)) setNextAttempt(c, nextInvoiceAt(c));', 'if (oldest && !c.isBeingCharged(oldest)) setNextAttempt(c, laterTry(c, c.now));')],
    watch: { test: 'src/domain/dunning.spec.ts' },
  },
  {
    name: 'unpaid_debt_at_once',
    removes: 'the hour between a payment and the next debt of who is unpaid',
    patches: [at(RECOVERY, 'null : nextInvoiceAt(c));\n      return recoverUnpaid(c);', 'null : laterTry(c, c.now));\n      return recoverUnpaid(c);')],
    watch: { test: WAITS },
  },
  {
    name: 'next_period_at_once',
    removes: 'the hour between the last payment of who was unpaid and his next period',
    patches: [at(RECOVERY, 'const next = addDuration(c.now, `${NEXT_INVOICE_HOURS}h`);', 'const next = c.now;')],
    watch: { test: 'src/domain/owed.spec.ts' },
  },
];

/** The ladder’s end, and the wallet’s. */
const ENDING: readonly Switch[] = [
  {
    name: 'ladder_without_end',
    removes: 'the end of a ladder whose steps are used up',
    patches: [at(LADDER, '  if (next === null) exhaust(c);', '')],
    watch: { test: LADDERS },
  },
  {
    name: 'used_up_step_tried',
    removes: 'that a ladder which is used up tries no other invoice',
    patches: [at(COLLECTION, "  if (tried && trigger === 'schedule' && isUsedUp(c)) return exhaust(c);", '')],
    watch: { test: 'src/domain/operator.spec.ts' },
  },
  {
    name: 'always_canceled',
    removes: 'the policy’s own final action',
    patches: [at(LADDER, 'switch (c.policy.final_action) {', "switch ('cancel' as typeof c.policy.final_action) {")],
    watch: { test: LADDERS },
  },
  {
    name: 'ladder_after_its_end',
    removes: 'that what fails after the end begins no ladder',
    patches: [at(COLLECTION, "return c.subscription.status === 'active' || c.subscription.status === 'past_due';", "return c.subscription.status !== 'canceled';")],
    watch: { test: 'src/domain/collection.spec.ts' },
  },
  {
    name: 'unsent_after_the_end',
    removes: 'withdrawing at the end what was not sent yet',
    patches: [at(LADDER, "'give_up_unpaid'), ...noDunning });\n      withdrawUnsent(c);", "'give_up_unpaid'), ...noDunning });")],
    watch: { test: 'src/domain/collection.spec.ts' },
  },
  {
    name: 'old_wallet_lives_on',
    removes: 'that a new wallet supersedes the old one',
    patches: [at(WALLET, 'if (before && before.id !== held.id) retireSource(c, before);', '')],
    watch: { test: 'src/domain/wallet.spec.ts' },
  },
  {
    name: 'old_wallet_charged',
    removes: 'that the wallet which paid last is the one that is charged',
    patches: [at(WALLET, '  c.patch({ source: held.id });', '  if (before === null) c.patch({ source: held.id });')],
    watch: { test: 'src/domain/wallet.spec.ts' },
  },
  {
    name: 'late_wallet_lives',
    removes: 'retiring a wallet that came too late',
    patches: [at('src/domain/settlement.ts', ' && (ended || source.id !== c.subscription.source)) retireSource(c, source);', ' && ended) retireSource(c, source);')],
    watch: { test: 'src/domain/wallet.spec.ts' },
  },
  {
    name: 'no_index_one_wallet',
    removes: 'the unique index of active wallets',
    patches: [at(SELLING, 'create unique index sources_one_active', 'create index sources_one_active')],
    watch: { test: 'test/database/append.only.test.ts' },
  },
];

/** What the ladder tries, when, how often, and what it waits for. */
export const LADDER_SWITCHES: readonly Switch[] = [...TRYING, ...WAITING, ...TIMING, ...ENDING];
