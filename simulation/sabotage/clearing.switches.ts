import { at, type Switch } from './switch.js';

const SENDER = 'src/payments/sender.ts';
const CLEARANCE = 'src/payments/clearance.ts';
const CONTINUITY = 'src/continuity/continuity.ts';
const RESTORED = 'test/scenarios/restored.test.ts';
const EARLIER = 'test/gateway/earlier.attempts.test.ts';

/** What is asked before a charge is sent at all. */
export const CLEARING: readonly Switch[] = [
  {
    name: 'no_look_after_a_gap',
    removes: 'the look before the first sending after a time that nobody remembers',
    patches: [at(CLEARANCE, 'or exists (select 1 from ${MAY_HAVE_BEEN_SENT}))`;', ')`;'), at(SENDER, 'if (quarantined || hasGaps) return [];', 'if (quarantined) return [];')],
    watch: { test: RESTORED },
  },
  {
    name: 'begun_anew_and_not_looked_for',
    removes: 'the look for periods that a lost life began sooner',
    patches: [at(CLEARANCE, 'whole and p.anchor > lower(t) and', 'false and p.anchor > lower(t) and')],
    watch: { test: RESTORED },
  },
  {
    name: 'paid_ahead_and_not_looked_for',
    removes: 'the look for a period that was paid ahead in a time that is forgotten',
    patches: [at(CLEARANCE, 'whole and p.began - 1.2 * p.length', 'false and p.began - 1.2 * p.length')],
    watch: { test: RESTORED, named: 'paid ahead in a time that is forgotten' },
  },
  {
    name: 'one_look_after_a_gap',
    removes: 'the proof that a lost life has not sent it with a key that is forgotten',
    patches: [at('src/domain/clearance.ts', 'if (ended === null || !mayBeForgotten(charge, windows, now))', 'if (ended === null || mayBeForgotten(charge, windows, now) || now > ended)')],
    watch: { test: RESTORED },
  },
  {
    name: 'earlier_attempts_ignored',
    removes: 'looking at all earlier attempts before a new one is sent',
    patches: [at(CLEARANCE, 'and (c.attempt > 1 or exists', 'and (exists')],
    watch: { test: EARLIER },
  },
  {
    name: 'quarantine_ignored',
    removes: 'waiting until what a lost life sent last must be visible',
    patches: [at(CONTINUITY, 'return { quarantined: elsewhere || (state?.quarantined_at ?? null) !== null, hasGaps:', 'return { quarantined: elsewhere && state?.gaps === false, hasGaps:')],
    watch: { test: RESTORED },
  },
];
