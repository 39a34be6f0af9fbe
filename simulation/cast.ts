import type { Chance } from './chance.js';

/** A plan as the simulation sells it; amounts in minor units of CNY. */
export interface SoldPlan {
  code: string;
  amount: number;
  interval: 'day' | 'week' | 'month';
  interval_count: number;
  trial_days: number;
  trial_amount: number;
  setup_fee: number;
}

const plan = (code: string, amount: number, interval: SoldPlan['interval'], interval_count = 1, more: Partial<SoldPlan> = {}): SoldPlan => ({
  code,
  amount,
  interval,
  interval_count,
  trial_days: 0,
  trial_amount: 0,
  setup_fee: 0,
  ...more,
});

/** Short periods, so that a virtual season holds many of them; a month, because months are uneven. */
export const PLANS: readonly SoldPlan[] = [
  plan('daily', 990, 'day'),
  plan('daily-again', 1290, 'day'),
  plan('daily-setup', 590, 'day', 1, { setup_fee: 2_000 }),
  plan('daily-paid-trial', 890, 'day', 1, { trial_days: 3, trial_amount: 100 }),
  plan('daily-free-trial', 790, 'day', 1, { trial_days: 4 }),
  plan('two-daily', 1_490, 'day', 2),
  plan('weekly', 3_900, 'week'),
  plan('monthly', 9_900, 'month', 1, { setup_fee: 500 }),
];

/** Somebody with a wallet and, sooner or later, a subscription. */
export interface Person {
  email: string;
  plan: SoldPlan;
  quantity: number;
  customer: string | null;
  subscription: string | null;
  /** Virtual time at which he acts next. */
  actsAt: number;
  /** How often he has acted. */
  deeds: number;
  /** When he goes to a pay page that he was given, if he will. */
  paysAt: number | null;
  /** His story has ended, and somebody else has taken his place. */
  gone: boolean;
}

export function personOf(index: number, at: number, chance: Chance): Person {
  const email = `wallet-${String(index).padStart(4, '0')}@example.com`;
  return {
    email,
    plan: chance.pick(PLANS, email, 'plan'),
    quantity: chance.pick([1, 1, 1, 2, 3], email, 'quantity'),
    customer: null,
    subscription: null,
    actsAt: at,
    deeds: 0,
    paysAt: null,
    gone: false,
  };
}
