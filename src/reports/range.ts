import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { type FieldError, invalidFields } from '../domain/errors.js';
import { unknownField } from '../platform/http/body.pipe.js';
import { parseInstant } from '../platform/http/fields.js';

/** A stretch of time, half-open: `[from, to)`; null where it is open on that side. */
export interface Range {
  from: Date | null;
  to: Date | null;
}

export const REPORT_INTERVALS = ['day', 'week', 'month'] as const;
export type ReportInterval = (typeof REPORT_INTERVALS)[number];

/** A range, and by what it is divided: days, weeks and months of `DEFAULT_TIME_ZONE`; null where it is not. */
export interface DividedRange extends Range {
  interval: ReportInterval | null;
}

/** SQL of the stretch in which an instant lies: `$1` and `$2` are the range, `$3` the interval, `$4` the time zone. */
export const stretchStart = (instant: string) => `case when $3::text is null then $1::timestamptz else date_trunc($3, ${instant}, $4) end`;
export const stretchEnd = (start: string) =>
  `case when $3::text is null then $2::timestamptz else (${start} at time zone $4 + ('1 ' || $3)::interval) at time zone $4 end`;

/** The range that a report's query asks for, divided by one of these if at all. A 422 names every bad parameter. */
export const RangeBy = createParamDecorator((intervals: typeof REPORT_INTERVALS, context: ExecutionContext) =>
  readRange(intervals, context.switchToHttp().getRequest<Request>()),
);

function readRange(intervals: typeof REPORT_INTERVALS, request: Request): DividedRange {
  const parameters = new URL(request.originalUrl, 'http://localhost').searchParams;
  const range: DividedRange = { from: null, to: null, interval: null };
  const errors: FieldError[] = [];
  for (const name of new Set(parameters.keys())) {
    const values = parameters.getAll(name);
    const instant = parseInstant(values[0]);
    const divides = name === 'interval';
    if (name !== 'from' && name !== 'to' && !divides) errors.push(unknownField(name));
    else if (values.length > 1) errors.push({ path: name, message: 'is given more than once' });
    else if (divides) {
      range.interval = intervals.find((interval) => interval === values[0]) ?? null;
      if (range.interval === null) errors.push({ path: name, message: `must be one of ${intervals.join(', ')}` });
    }
    else if (!instant) errors.push({ path: name, message: 'must be an RFC 3339 date-time' });
    else range[name] = instant;
  }
  if (range.from && range.to && range.to <= range.from) errors.push({ path: 'to', message: 'must lie after from' });
  if (errors.length > 0) throw invalidFields(errors);
  return range;
}
