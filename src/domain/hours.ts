import { instantOf, localOf } from './calendar.js';

/** Local times of day, half-open: from `09:00` to before `21:00`; where `from` lies after `to`, over midnight. */
export interface Hours {
  /** `HH:MM`, `00:00` to `23:59`. */
  from: string;
  /** `HH:MM`, up to `24:00`. */
  to: string;
}

const DAY_MS = 86_400_000;

function msOf(time: string): number {
  return Date.parse(`1970-01-01T${time}:00Z`);
}

function isWithin(local: number, { from, to }: Hours): boolean {
  const time = ((local % DAY_MS) + DAY_MS) % DAY_MS;
  const [begin, end] = [msOf(from), msOf(to)];
  return begin < end ? time >= begin && time < end : time >= begin || time < end;
}

/**
 * The first instant from `at` on that lies within the hours on the clocks of `timeZone`; `at` itself where no
 * hours are kept, or where they hold no instant at all: nothing waits for ever. Hours that a change of clocks
 * skips do not exist that day: the next day's are taken.
 */
export function withinHours(at: Date, hours: Hours | null, timeZone: string): Date {
  if (hours === null) return at;
  const local = localOf(at, timeZone);
  if (isWithin(local, hours)) return at;
  const midnight = Math.floor(local / DAY_MS) * DAY_MS;
  for (let day = 0; day <= 2; day += 1) {
    const opening = instantOf(midnight + day * DAY_MS + msOf(hours.from), timeZone);
    if (opening > at && isWithin(localOf(opening, timeZone), hours)) return opening;
  }
  return at;
}

/** Whether any time of the day lies outside them. */
export function leaveTime({ from, to }: Hours): boolean {
  return from !== '00:00' || to !== '24:00';
}

/** The first instant from `at` on that lies in none of the hours; `at` itself where none are kept. */
export function outsideHours(at: Date, hours: Hours | null, timeZone: string): Date {
  return withinHours(at, hours && { from: hours.to, to: hours.from }, timeZone);
}
