import type { Chance } from './chance.js';

/** A subscription as the interface shows it. */
export interface Shown {
  id: string;
  status: string;
  cancel_at_period_end: boolean;
  checkout: { status: string; url: string | null };
  latest_invoice: string | null;
}

export interface Wish {
  method: string;
  path: string;
  body: object;
}

/** Something a merchant or a customer does through the interface. */
interface Move {
  name: string;
  weight: number;
  /** Whether it makes sense at all; a few senseless ones are asked for too, and must be refused. */
  fits: (s: Shown) => boolean;
  wish: (s: Shown, days: number, now: number) => Wish;
}

const PAGES = { success_url: 'https://shop.example/yes', failure_url: 'https://shop.example/no' };
const DAY_MS = 86_400_000;
const on = (s: Shown, action: string, body: object = {}): Wish => ({ method: 'POST', path: `/v1/subscriptions/${s.id}/${action}`, body });
const running = ({ status }: Shown): boolean => status === 'active' || status === 'past_due';

/** Stands in a path for the id of the latest charge that was captured. */
export const LATEST_CHARGE = '{latest_charge}';
const refund = (body: object): Wish => ({ method: 'POST', path: `/v1/charges/${LATEST_CHARGE}/refunds`, body });

/** The table of moves; a new one needs a row here and nothing else. */
export const MOVES: readonly Move[] = [
  { name: 'cancel_now', weight: 1, fits: (s) => running(s) || ['trialing', 'incomplete', 'paused'].includes(s.status), wish: (s) => on(s, 'cancel', { at: 'now', reason: 'enough' }) },
  { name: 'cancel_at_period_end', weight: 3, fits: running, wish: (s) => on(s, 'cancel', { at: 'period_end' }) },
  { name: 'uncancel', weight: 12, fits: (s) => s.cancel_at_period_end, wish: (s) => on(s, 'uncancel') },
  { name: 'pause', weight: 3, fits: running, wish: (s) => on(s, 'pause') },
  {
    name: 'pause_for_a_while',
    weight: 3,
    fits: running,
    wish: (s, days, now) => on(s, 'pause', { resumes_at: new Date(now + days * DAY_MS).toISOString() }),
  },
  { name: 'resume', weight: 60, fits: (s) => s.status === 'paused', wish: (s) => on(s, 'resume', { confirm_charge: true }) },
  { name: 'resume_by_checkout', weight: 60, fits: (s) => s.status === 'paused', wish: (s) => on(s, 'resume') },
  { name: 'checkout', weight: 60, fits: (s) => s.status === 'past_due' || s.status === 'incomplete', wish: (s) => on(s, 'checkout', { terminal_type: 'WAP', os_type: 'IOS', ...PAGES }) },
  { name: 'checkout_unowed', weight: 1, fits: (s) => s.status === 'active', wish: (s) => on(s, 'checkout', { terminal_type: 'WEB', ...PAGES }) },
  { name: 'cancel_and_refund', weight: 1, fits: running, wish: (s) => on(s, 'cancel', { at: 'now', refund: 'full', reason: 'changed my mind' }) },
  { name: 'refund_part', weight: 6, fits: running, wish: () => refund({ amount: 150, reason: 'a cup was broken' }) },
  { name: 'refund_rest', weight: 5, fits: running, wish: () => refund({}) },
  { name: 'refund_too_much', weight: 0.5, fits: running, wish: () => refund({ amount: 99_999_999 }) },
  { name: 'senseless_resume', weight: 0.5, fits: (s) => s.status === 'active', wish: (s) => on(s, 'resume') },
];

export function signUp(customer: string, plan: string, quantity: number): Wish {
  return { method: 'POST', path: '/v1/subscriptions', body: { customer, plan, quantity, terminal_type: 'WEB', ...PAGES } };
}

/** How much weighs that he is content with how things are. */
const CONTENT = 12;

/** The move somebody makes now, or null when he leaves it at that. */
export function moveOf(s: Shown, chance: Chance, names: (string | number)[]): Move | null {
  const fitting = MOVES.filter((move) => move.fits(s));
  const total = fitting.reduce((sum, { weight }) => sum + weight, CONTENT);
  let mark = chance.draw(...names, 'move') * total;
  for (const move of fitting) {
    mark -= move.weight;
    if (mark < 0) return move;
  }
  return null;
}
