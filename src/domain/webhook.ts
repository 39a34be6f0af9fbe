import { EVENT_TYPES } from './events.js';
import { type Transitions, transition } from './machine.js';

export const DELIVERY_STATUSES = ['pending', 'delivered', 'parked'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** `put_off`: it will be tried again. `park`: nobody tries any more. `ask_again`: somebody wants it sent once more. */
export type DeliveryEvent = 'deliver' | 'put_off' | 'park' | 'ask_again';

export const deliveryTransitions: Transitions<DeliveryStatus, DeliveryEvent> = {
  pending: { deliver: 'delivered', put_off: 'pending', park: 'parked', ask_again: 'pending' },
  delivered: { ask_again: 'pending' },
  parked: { ask_again: 'pending' },
};

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Waits (ms, engine clock) after the first, second … failure; the last one repeats. */
const WAITS = [5 * SECOND, 10 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, HOUR, 3 * HOUR, 8 * HOUR, 12 * HOUR] as const;
/** How long (ms) a delivery is tried, from when it was asked for. */
const PATIENCE = 7 * DAY;
/** After how long (ms) without any success an endpoint is disabled. */
const ENDPOINT_PATIENCE = 5 * DAY;
/** How long (ms, engine clock) an old secret signs beside the one that took its place. */
export const OVERLAP_MS = DAY;

/** What became of one try. `status` is null when there was no answer. */
export interface HookAnswer {
  status: number | null;
  /** The beginning of the answer's body. */
  body: string | null;
  /** Why it does not count as taken. */
  error: string | null;
  duration_ms: number;
}

/** When a delivery is tried again after so many tries, or null when seven days are over. The last try is at their end. */
export function nextTryAt(attempts: number, queuedAt: Date, now: Date): Date | null {
  const end = queuedAt.getTime() + PATIENCE;
  if (now.getTime() >= end) return null;
  const wait = WAITS[Math.min(attempts, WAITS.length) - 1] as number;
  return new Date(Math.min(now.getTime() + wait, end));
}

/** Whether the receiver has taken it: any 2xx, and nothing else; a redirect is none. */
export function isTaken(answer: HookAnswer): boolean {
  return answer.status !== null && answer.status >= 200 && answer.status < 300;
}

interface Tried {
  status: DeliveryStatus;
  attempts: number;
  queued_at: Date;
}

/** What a try does to its delivery. */
export function conclude({ status, attempts, queued_at }: Tried, answer: HookAnswer, now: Date) {
  const again = isTaken(answer) ? null : nextTryAt(attempts, queued_at, now);
  const event = isTaken(answer) ? 'deliver' : again === null ? 'park' : 'put_off';
  return {
    status: transition('delivery', deliveryTransitions, status, event),
    next_attempt_at: again,
    delivered_at: event === 'deliver' ? now : null,
  };
}

const GONE = 410;

/** What a set of tries says about the endpoint itself: since when everything fails, and whether that is enough. */
export function judgeEndpoint(failingSince: Date | null, answers: readonly HookAnswer[], now: Date) {
  if (answers.some(isTaken)) return { failing_since: null, disable: null };
  const since = failingSince ?? now;
  // With 410 the receiver says for himself that he wants nothing any more.
  if (answers.some(({ status }) => status === GONE)) return { failing_since: since, disable: 'gone' as const };
  const over = now.getTime() - since.getTime() >= ENDPOINT_PATIENCE;
  return { failing_since: since, disable: over ? ('failing' as const) : null };
}

/** The filters that let an event of this type through. PostgreSQL holds the same rule (webhook_hears). */
export function filtersFor(type: string): string[] {
  return ['*', `${type.slice(0, type.indexOf('.'))}.*`, type];
}

/** Every filter that could ever let something through. */
export const EVENT_FILTERS: readonly string[] = [...new Set(EVENT_TYPES.flatMap(filtersFor))];

export function isEventFilter(text: string): boolean {
  return EVENT_FILTERS.includes(text);
}

/** Bytes; larger bodies tell only what they are about. */
const MAX_PAYLOAD = 64 * 1024;

/** The body of a delivery, the same bytes at every try. What is too large is left to be asked for (GET /v1/events). */
export function payloadOf(event: { data: { object: object; previous?: object } }): string {
  const whole = JSON.stringify(event);
  if (new TextEncoder().encode(whole).length <= MAX_PAYLOAD) return whole;
  const { id, object } = event.data.object as { id?: string; object?: string };
  return JSON.stringify({ ...event, data: { object: { id, object }, truncated: true } });
}
