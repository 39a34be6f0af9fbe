import type { Request } from 'express';
import type { FieldError } from '../domain/errors.js';
import { unknownField, validationFailed } from '../platform/http/body.pipe.js';
import { parseInstant } from '../platform/http/fields.js';

/** A stretch of time, half-open: `[from, to)`; null where it is open on that side. */
export interface Range {
  from: Date | null;
  to: Date | null;
}

/** The range that a report's query asks for, and by what it is divided. Throws a 422 that names every bad parameter. */
export function readRange<Interval extends string = never>(
  request: Request,
  intervals: readonly Interval[] = [],
): Range & { interval: Interval | null } {
  const parameters = new URL(request.originalUrl, 'http://localhost').searchParams;
  const range: Range & { interval: Interval | null } = { from: null, to: null, interval: null };
  const errors: FieldError[] = [];
  for (const name of new Set(parameters.keys())) {
    const values = parameters.getAll(name);
    const instant = parseInstant(values[0]);
    const divides = name === 'interval' && intervals.length > 0;
    if (name !== 'from' && name !== 'to' && !divides) errors.push(unknownField(name));
    else if (values.length > 1) errors.push({ path: name, message: 'is given more than once' });
    else if (divides) {
      range.interval = intervals.find((interval) => interval === values[0]) ?? null;
      if (range.interval === null) errors.push({ path: name, message: `must be one of ${intervals.join(', ')}` });
    }
    else if (!instant) errors.push({ path: name, message: 'must be an RFC 3339 date-time' });
    else range[name as 'from' | 'to'] = instant;
  }
  if (range.from && range.to && range.to <= range.from) errors.push({ path: 'to', message: 'must lie after from' });
  if (errors.length > 0) throw validationFailed(errors);
  return range;
}
