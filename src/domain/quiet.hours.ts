import { Temporal } from 'temporal-polyfill';

/** Local times of day, `HH:MM`, in which nobody is written to; `from` after `to` reaches over midnight. */
export interface QuietHours {
  from: string;
  to: string;
}

/** The instant itself, or the end of the quiet hours that it falls into, in the customer's zone. */
export function outOfQuietHours(at: Date, timeZone: string, quiet: QuietHours | null = null): Date {
  if (quiet === null) return at;
  const local = Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(timeZone);
  const time = local.toPlainTime();
  const [from, to] = [Temporal.PlainTime.from(quiet.from), Temporal.PlainTime.from(quiet.to)];
  const begun = Temporal.PlainTime.compare(time, from) >= 0;
  const over = Temporal.PlainTime.compare(time, to) >= 0;
  const reachesOverMidnight = Temporal.PlainTime.compare(from, to) > 0;
  if (reachesOverMidnight ? !begun && over : !begun || over) return at;
  const day = reachesOverMidnight && begun ? local.toPlainDate().add({ days: 1 }) : local.toPlainDate();
  return new Date(day.toZonedDateTime({ timeZone, plainTime: to }).epochMilliseconds);
}
