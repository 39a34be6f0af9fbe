import type { DeclineClass } from './decline.js';
import { type Transitions, transition } from './machine.js';

export const SUBSCRIPTION_STATUSES = [
  'incomplete',
  'incomplete_expired',
  'trialing',
  'active',
  'past_due',
  'unpaid',
  'paused',
  'canceled',
] as const;
export type SubscriptionStatus = (typeof SUBSCRIPTION_STATUSES)[number];

export type SubscriptionEvent =
  | 'start_trial'
  | 'activate'
  | 'expire'
  /** A free trial ended and the first payment is asked for. */
  | 'await_payment'
  | 'renew'
  | 'fall_past_due'
  | 'recover'
  | 'give_up_unpaid'
  | 'pause'
  | 'resume'
  | 'cancel';

export const subscriptionTransitions: Transitions<SubscriptionStatus, SubscriptionEvent> = {
  incomplete: { start_trial: 'trialing', activate: 'active', expire: 'incomplete_expired', cancel: 'canceled' },
  incomplete_expired: {},
  trialing: {
    await_payment: 'incomplete',
    renew: 'active',
    cancel: 'canceled',
  },
  active: { renew: 'active', fall_past_due: 'past_due', pause: 'paused', cancel: 'canceled' },
  past_due: {
    // The next period is invoiced on its date although this one is still owed.
    renew: 'past_due',
    fall_past_due: 'past_due',
    recover: 'active',
    give_up_unpaid: 'unpaid',
    pause: 'paused',
    cancel: 'canceled',
  },
  unpaid: { recover: 'active', cancel: 'canceled' },
  paused: { resume: 'active', activate: 'active', cancel: 'canceled' },
  canceled: {},
};

export function nextSubscriptionStatus(status: SubscriptionStatus, event: SubscriptionEvent): SubscriptionStatus {
  return transition('subscription', subscriptionTransitions, status, event);
}

export const TERMINAL_TYPES = ['WEB', 'WAP', 'APP'] as const;
export const OS_TYPES = ['ANDROID', 'IOS'] as const;

const ENDED: readonly SubscriptionStatus[] = ['canceled', 'incomplete_expired'];

export function isEnded(s: Pick<Subscription, 'status'>): boolean {
  return ENDED.includes(s.status);
}

export const CANCEL_REFUNDS = ['none', 'full'] as const;
/** What a cancel gives back of the current period. */
export type CancelRefund = (typeof CANCEL_REFUNDS)[number];

/** Where the customer pays and where he is sent afterwards. */
export interface CheckoutTerms {
  terminal_type: (typeof TERMINAL_TYPES)[number];
  os_type: (typeof OS_TYPES)[number] | null;
  success_url: string;
  failure_url: string;
}

/** What the customer was told of his next renewal, or will be. Customer clock. */
export interface Notice {
  /** When it falls due to be told; null when it was told, or need not be. */
  notice_due_at: Date | null;
  noticed_at: Date | null;
  noticed_period_no: number | null;
  /** Minor units that were announced; 0 where a balance was to pay and nothing was told. */
  noticed_amount: number | null;
  /** When the next renewal will be charged: as it was told, or as it will be. Null where no notice is called for. */
  renewal_charge_at: Date | null;
}

/** One customer on one plan. All instants but `created_at`/`updated_at` live on the customer's clock. */
export interface Subscription extends CheckoutTerms, Notice {
  id: string;
  customer: string;
  plan: string;
  plan_version: number;
  status: SubscriptionStatus;
  quantity: number;
  currency: string;
  trial_days: number;
  trial_amount: number;
  /** The customer's zone when he signed up; it decides what a day is, for good. */
  time_zone: string;
  test_clock: string | null;
  source: string | null;
  /** Start of period `epoch_first_period`; all later periods of the epoch are counted from it. */
  billing_anchor: Date | null;
  /** Counts the anchors: a resume into a new period starts a new epoch, never a new `period_no`. */
  epoch: number;
  epoch_first_period: number;
  period_no: number;
  period_start: Date | null;
  period_end: Date | null;
  /** End of the last period that was paid for. */
  paid_through: Date | null;
  trial_end: Date | null;
  trial_end_told_at: Date | null;
  cancel_at_period_end: boolean;
  canceled_at: Date | null;
  /** What the merchant gave as the reason, in his own words. */
  cancel_reason: string | null;
  /** What ended it: late money of a subscription that dunning ended is given back. */
  ended_by: 'request' | 'dunning' | null;
  /** What the cancel gives back, also of money that was still on its way then; null until it is cancelled. */
  cancel_refund: CancelRefund | null;
  paused_at: Date | null;
  resumes_at: Date | null;
  /** A resume was asked for that waits for a checkout of what is owed. */
  resumes_when_paid: boolean;
  /** When an unpaid sign-up ends. */
  expires_at: Date | null;
  latest_invoice: string | null;
  /** Written for the next period before it is owed: open, paid, or void. Null again once that period begins. */
  advance_invoice: string | null;
  /** Response code of the last failure of a try of our own, or `source_revoked`, or `owed_before_pause`. */
  past_due_reason: string | null;
  /** The class of that failure: who can mend it, and whether it is tried again. */
  past_due_class: DeclineClass | null;
  dunning_started_at: Date | null;
  /** Index of the ladder's next try. */
  dunning_step: number | null;
  /** When dunning ends with the final action, if nothing else happens. */
  dunning_ends_at: Date | null;
  /** The next merchant-initiated try of the oldest open invoice. */
  next_attempt_at: Date | null;
  /** The earliest instant at which anything happens by itself, as `dueAt` computes it. */
  due_at: Date | null;
  parked_at: Date | null;
  metadata: Record<string, string>;
  created_at: Date;
  updated_at: Date;
}

/** How long a sign-up may stay unpaid, in hours. */
export const SIGN_UP_HOURS = 24;
/** How long before the end of a trial the customer is told, in days. */
const TRIAL_NOTICE_DAYS = 3;

export type DueEvent =
  'sign_up_expiry' | 'trial_notice' | 'renewal_notice' | 'trial_end' | 'period_end' | 'attempt' | 'dunning_end' | 'resume';

const DAY_MS = 86_400_000;

/**
 * What happens to a subscription by itself, and when; earliest first. At one instant the order of this
 * list decides: a renewal is told before it happens, a period ends before a try of the next one, and the
 * final action comes last.
 */
export function agenda(s: Subscription): { event: DueEvent; at: Date }[] {
  const items: { event: DueEvent; at: Date | null }[] = [];
  switch (s.status) {
    case 'incomplete':
      items.push({ event: 'sign_up_expiry', at: s.expires_at });
      break;
    case 'trialing':
      if (s.trial_end_told_at === null && s.trial_end !== null) {
        items.push({ event: 'trial_notice', at: new Date(s.trial_end.getTime() - TRIAL_NOTICE_DAYS * DAY_MS) });
      }
      items.push({ event: 'renewal_notice', at: s.notice_due_at });
      items.push({ event: 'trial_end', at: s.trial_end });
      break;
    case 'active':
    case 'past_due':
      items.push({ event: 'renewal_notice', at: s.notice_due_at });
      items.push({ event: 'period_end', at: s.period_end });
      items.push({ event: 'attempt', at: s.next_attempt_at });
      items.push({ event: 'dunning_end', at: s.dunning_ends_at });
      break;
    case 'paused':
      items.push({ event: 'renewal_notice', at: s.notice_due_at });
      items.push({ event: 'resume', at: s.resumes_at });
      if (s.cancel_at_period_end) items.push({ event: 'period_end', at: s.period_end });
      break;
    case 'unpaid':
      items.push({ event: 'attempt', at: s.next_attempt_at });
      if (s.cancel_at_period_end) items.push({ event: 'period_end', at: s.period_end });
      break;
    case 'canceled':
    case 'incomplete_expired':
      break;
  }
  return items
    .filter((item): item is { event: DueEvent; at: Date } => item.at !== null)
    .sort((a, b) => a.at.getTime() - b.at.getTime());
}

/** The subscription's place in the queue; null when nothing happens by itself any more. */
export function dueAt(s: Subscription): Date | null {
  return agenda(s)[0]?.at ?? null;
}

/** Whether the period that follows is paid for already. */
export function isPaidAhead(s: Pick<Subscription, 'paid_through' | 'period_end'>): boolean {
  return s.paid_through !== null && s.period_end !== null && s.paid_through > s.period_end;
}

/** The next period that begins by itself and is charged to the wallet: which, and when; null while there is none. */
export function nextRenewal(s: Subscription): { period_no: number; at: Date } | null {
  const at = nextRenewalAt(s);
  return at && { period_no: s.period_no + (isPaidAhead(s) ? 2 : 1), at };
}

function nextRenewalAt(s: Subscription): Date | null {
  if (s.cancel_at_period_end) return null;
  const servedUntil = isPaidAhead(s) ? s.paid_through : s.period_end;
  switch (s.status) {
    case 'active':
    case 'past_due':
      return servedUntil;
    case 'trialing':
      // A free trial has no wallet yet: at its end the customer is asked, nothing is charged.
      return s.source === null ? null : servedUntil;
    case 'paused':
      // A pause that ends within the period leaves its end as it is; after it a new period begins with the resume.
      return s.resumes_at && servedUntil && servedUntil > s.resumes_at ? servedUntil : s.resumes_at;
    default:
      return null;
  }
}

export type AccessReason = 'paid' | 'trial' | 'pending' | 'grace' | 'none';

interface Access {
  until: Date | null;
  reason: AccessReason;
}

const NONE: Access = { until: null, reason: 'none' };

/** Whether to serve the customer, and until when (customer clock). `graceDays` come from the dunning policy. */
export function access(s: Subscription, graceDays: number): Access {
  switch (s.status) {
    case 'trialing':
      return { until: s.trial_end, reason: 'trial' };
    case 'active':
      return paidUpTo(s) ? { until: s.paid_through, reason: 'paid' } : { until: s.period_end, reason: 'pending' };
    case 'past_due':
      return {
        until: s.paid_through && new Date(s.paid_through.getTime() + graceDays * DAY_MS),
        reason: 'grace',
      };
    case 'canceled':
      // What is given back is not served: the current period, where that was asked for, and one that never began.
      return s.cancel_refund === 'full' ? NONE : servedAfter(s.canceled_at, isPaidAhead(s) ? s.period_end : s.paid_through);
    case 'paused':
      return servedAfter(s.paused_at, s.paid_through);
    default:
      return NONE;
  }
}

/** What was paid for beyond an end or a pause is served. */
function servedAfter(end: Date | null, paid: Date | null): Access {
  return end !== null && paid !== null && paid > end ? { until: paid, reason: 'paid' } : NONE;
}

function paidUpTo(s: Subscription): boolean {
  return s.period_end !== null && s.paid_through !== null && s.paid_through >= s.period_end;
}
