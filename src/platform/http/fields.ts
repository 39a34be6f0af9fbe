import { applyDecorators } from '@nestjs/common';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  isEmail,
  IsIn,
  IsInt,
  IsISO31661Alpha2,
  IsString,
  isURL,
  Length,
  Matches,
  Max,
  Min,
  registerDecorator,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { DURATION, isTimeZone, parseDuration } from '../../domain/calendar.js';
import { isCurrency } from '../../domain/money.js';
import { isAnyId } from '../ids/ids.js';
import { type FieldOptions, type FieldSchema, noted } from './field.schema.js';

/** What a field of a request may hold: one decorator per kind of field. */
function presence({ optional, nullable }: FieldOptions): PropertyDecorator[] {
  // Not IsOptional: that one lets null through everywhere.
  if (!optional && !nullable) return [];
  return [ValidateIf((_, value: unknown) => !(optional && value === undefined) && !(nullable && value === null))];
}

/** One kind of field: what the document says of it, and the checks that make it true. */
export function field(schema: FieldSchema, options: FieldOptions, ...checks: PropertyDecorator[]): PropertyDecorator {
  return applyDecorators(...presence(options), noted(schema, options), ...checks);
}

export function check(name: string, message: string, test: (value: unknown) => boolean): PropertyDecorator {
  return (target, property) =>
    registerDecorator({
      name,
      target: target.constructor,
      propertyName: property as string,
      options: { message: `$property ${message}` },
      validator: { validate: test },
    });
}

const NO_CONTROLS = /^[^\p{Cc}\p{Cs}]*$/u;
const LINES = /^(?:[^\p{Cc}\p{Cs}]|[\n\r\t])*$/u;

/** Whether PostgreSQL and JSON can hold a text as it is: no control characters, no halves of characters. */
export function isText(value: string): boolean {
  return NO_CONTROLS.test(value);
}

export function Text(max = 255, options: FieldOptions = {}): PropertyDecorator {
  return field(
    { type: 'string', minLength: 1, maxLength: max, pattern: NO_CONTROLS.source },
    options,
    IsString({ message: '$property must be a string' }),
    Length(1, max, { message: `$property must have 1 to ${max} characters` }),
    Matches(NO_CONTROLS, { message: '$property must not contain control characters' }),
  );
}

/** A text of several lines: besides those, no control characters either. */
export function LongText(max: number, options: FieldOptions = {}): PropertyDecorator {
  return field(
    { type: 'string', minLength: 1, maxLength: max, pattern: LINES.source },
    options,
    IsString({ message: '$property must be a string' }),
    Length(1, max, { message: `$property must have 1 to ${max} characters` }),
    Matches(LINES, { message: '$property must not contain control characters but line breaks and tabs' }),
  );
}

/** A name of the caller's own for a thing; where ids are taken too, it must not read like one. */
export function Code(options: FieldOptions = {}): PropertyDecorator {
  return applyDecorators(
    Text(255, options),
    check('code', 'must not look like an id', (value) => !isAnyId(value)),
  );
}

export function Integer(min: number, max: number, options: FieldOptions = {}): PropertyDecorator {
  const message = `$property must be an integer from ${min} to ${max}`;
  return field({ type: 'integer', minimum: min, maximum: max }, options, IsInt({ message }), Min(min, { message }), Max(max, { message }));
}

export function Flag(options: FieldOptions = {}): PropertyDecorator {
  return field({ type: 'boolean' }, options, IsBoolean({ message: '$property must be true or false' }));
}

export function OneOf(values: readonly string[], options: FieldOptions = {}): PropertyDecorator {
  return field({ type: 'string', enum: values }, options, IsIn(values, { message: `$property must be one of ${values.join(', ')}` }));
}

/** At least one of these, each once. */
export function SomeOf(values: readonly string[], options: FieldOptions = {}): PropertyDecorator {
  const test = (value: unknown) =>
    Array.isArray(value) && value.length > 0 && new Set(value).size === value.length && value.every((one) => values.includes(one as string));
  const schema = { type: 'array', minItems: 1, uniqueItems: true, items: { type: 'string', enum: values } };
  return field(schema, options, check('someOf', `must be one or more of ${values.join(', ')}, each once`, test));
}

export function CurrencyCode(options: FieldOptions = {}): PropertyDecorator {
  return field({ type: 'string', pattern: '^[A-Z]{3}$' }, options, check('currency', 'must be an ISO 4217 code', isCurrency));
}

export function TimeZone(options: FieldOptions = {}): PropertyDecorator {
  return field({ type: 'string' }, options, check('timeZone', 'must be an IANA time zone', isTimeZone));
}

export function CountryCode(options: FieldOptions = {}): PropertyDecorator {
  return field(
    { type: 'string', pattern: '^[A-Z]{2}$' },
    options,
    Matches(/^[A-Z]{2}$/, { message: '$property must be an ISO 3166 alpha-2 code' }),
    IsISO31661Alpha2({ message: '$property must be an ISO 3166 alpha-2 code' }),
  );
}

export function Email(options: FieldOptions = {}): PropertyDecorator {
  // One check, not four: isEmail throws at halves of characters, and takes its time with long texts.
  const test = (value: unknown) => typeof value === 'string' && value.length <= 255 && isText(value) && isEmail(value);
  return field({ type: 'string', format: 'email', maxLength: 255 }, options, check('email', 'must be an e-mail address', test));
}

export function Phone(options: FieldOptions = {}): PropertyDecorator {
  const shape = /^\+?[ ()./-]{0,4}\d[0-9 ()./-]{2,36}$/;
  return field({ type: 'string', pattern: shape.source }, options, Matches(shape, { message: '$property must be a telephone number' }));
}

export function WebUrl(max = 1024, options: FieldOptions = {}): PropertyDecorator {
  const shape = { protocols: ['http', 'https'], require_protocol: true, require_tld: false, disallow_auth: true };
  const test = (value: unknown) => typeof value === 'string' && value.length <= max && isText(value) && isURL(value, shape);
  return field(
    { type: 'string', format: 'uri', pattern: '^https?://', maxLength: max },
    options,
    check('url', `must be an http or https URL of at most ${max} characters, without credentials`, test),
  );
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt](?:[01]\d|2[0-3]):\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

/** The instant of an RFC 3339 text, or null when it is none (31 February is none either). */
export function parseInstant(value: unknown): Date | null {
  if (typeof value !== 'string' || !RFC3339.test(value)) return null;
  const instant = new Date(value);
  // With its offset an instant may lie beyond the years that four digits can tell.
  if (Number.isNaN(instant.getTime()) || instant.getUTCFullYear() < 1 || instant.getUTCFullYear() > 9999) return null;
  const [, month, day] = value.slice(0, 10).split('-').map(Number) as [number, number, number];
  const lastDay = new Date(Date.UTC(Number(value.slice(0, 4)), month, 0)).getUTCDate();
  return day <= lastDay ? instant : null;
}

export function Instant(options: FieldOptions = {}): PropertyDecorator {
  return field(
    { type: 'string', format: 'date-time' },
    options,
    check('instant', 'must be an RFC 3339 date-time of the years 1000 to 9999', (value) => {
      const instant = parseInstant(value);
      return instant !== null && instant.getUTCFullYear() >= 1000;
    }),
  );
}

/** A wait such as `12h` or `3d`, of at most `max`. */
export function Duration(max: string, options: FieldOptions = {}): PropertyDecorator {
  const test = (value: unknown): boolean => {
    try {
      return typeof value === 'string' && parseDuration(value) <= parseDuration(max);
    } catch {
      return false;
    }
  };
  const message = `must be a wait such as 30m, 12h or 3d, of at most ${max}`;
  return field({ type: 'string', pattern: DURATION.source }, options, check('duration', message, test));
}

/** A local time of day, `HH:MM`; `24:00` only where it ends something. */
export function TimeOfDay(ends: boolean): PropertyDecorator {
  const shape = ends ? /^(([01]\d|2[0-3]):[0-5]\d|24:00)$/ : /^([01]\d|2[0-3]):[0-5]\d$/;
  const test = (value: unknown) => typeof value === 'string' && shape.test(value);
  return field({ type: 'string', pattern: shape.source }, {}, check('timeOfDay', 'must be a time of day, HH:MM', test));
}

/** A field that another request takes: `message` says which. It is no field of this one. */
export function Elsewhere(message: string): PropertyDecorator {
  return check('elsewhere', message, (value) => value === undefined);
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

/** An object with fields of its own. */
export function Part(of: new () => object, options: FieldOptions = {}): PropertyDecorator {
  return applyDecorators(
    ...presence(options),
    noted({ type: 'object' }, options, of),
    check('part', 'must be an object', isObject),
    ValidateNested(),
    Type(() => of),
  );
}

/** A list of objects with fields of their own. */
export function Parts(of: new () => object, max: number, options: FieldOptions = {}): PropertyDecorator {
  const test = (value: unknown): boolean => !Array.isArray(value) || value.every(isObject);
  return applyDecorators(
    ...presence(options),
    noted({ type: 'array', maxItems: max }, options, of),
    IsArray({ message: '$property must be a list' }),
    ArrayMaxSize(max, { message: `$property must hold ${max} objects at most` }),
    check('parts', 'must hold objects', test),
    ValidateNested({ each: true }),
    Type(() => of),
  );
}

const MAX_METADATA_KEYS = 20;
const MAX_METADATA_TEXT = 255;

function isMetadata(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length <= MAX_METADATA_KEYS &&
    entries.every(
      ([key, text]) =>
        key.length >= 1 &&
        key.length <= MAX_METADATA_TEXT &&
        key !== '__proto__' &&
        NO_CONTROLS.test(key) &&
        typeof text === 'string' &&
        text.length <= MAX_METADATA_TEXT &&
        NO_CONTROLS.test(text),
    )
  );
}

export function Metadata(): PropertyDecorator {
  const text = { type: 'string', maxLength: MAX_METADATA_TEXT, pattern: NO_CONTROLS.source };
  return field(
    { type: 'object', maxProperties: MAX_METADATA_KEYS, propertyNames: { ...text, minLength: 1 }, additionalProperties: text },
    { optional: true },
    check('metadata', 'must be an object of at most 20 texts of at most 255 characters', isMetadata),
  );
}
