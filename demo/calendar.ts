/** The year that is lived. */
export const YEAR = 2026;

// The shop and its customers live in Shanghai, which keeps this offset all year.
const OFFSET_MS = 8 * 3_600_000;
export const MONTHS = Array.from({ length: 12 }, (_, month) => `${YEAR}-${String(month + 1).padStart(2, '0')}`);

/** The instant of a date in the year, as the shop's calendar shows it: `03-14` or `03-14 09:30`. */
export function inYear(date: string): Date {
  const [day = '', time = '00:00'] = date.split(' ');
  return new Date(`${YEAR}-${day}T${time}:00+08:00`);
}

/** Where a month ends and the next begins, months counted from 0. */
export function endOfMonth(month: number): Date {
  return new Date(Date.UTC(YEAR, month + 1, 1) - OFFSET_MS);
}

/** The month of the shop's calendar in which an instant lies: `2026-03`. */
export function monthOf(instant: string | Date): string {
  return dayOf(instant).slice(0, 7);
}

/** The day of the shop's calendar in which an instant lies: `2026-03-14`. */
export function dayOf(instant: string | Date): string {
  return new Date(new Date(instant).getTime() + OFFSET_MS).toISOString().slice(0, 10);
}
