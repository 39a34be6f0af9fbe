import { applyDecorators } from '@nestjs/common';
import {
  IsBoolean,
  IsEmail,
  IsIn,
  IsInt,
  IsString,
  IsUrl,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  registerDecorator,
  ValidateIf,
} from 'class-validator';
import { isTimeZone } from '../../domain/calendar.js';
import { isCurrency } from '../../domain/money.js';

/**
 * What a field of a request may hold: one decorator per kind of field. A field may be left out where it is
 * `optional`, and may be `null` only where it is `nullable`.
 */
export interface FieldOptions {
  optional?: boolean;
  nullable?: boolean;
}

function presence({ optional, nullable }: FieldOptions): PropertyDecorator[] {
  // Not IsOptional: that one lets null through everywhere.
  if (!optional && !nullable) return [];
  return [ValidateIf((_, value: unknown) => !(optional && value === undefined) && !(nullable && value === null))];
}

function check(name: string, message: string, test: (value: unknown) => boolean): PropertyDecorator {
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

export function Text(max = 255, options: FieldOptions = {}): PropertyDecorator {
  return applyDecorators(
    ...presence(options),
    IsString(),
    Length(1, max),
    Matches(NO_CONTROLS, { message: '$property must not contain control characters' }),
  );
}

export function Integer(min: number, max: number, options: FieldOptions = {}): PropertyDecorator {
  return applyDecorators(...presence(options), IsInt(), Min(min), Max(max));
}

export function Flag(options: FieldOptions = {}): PropertyDecorator {
  return applyDecorators(...presence(options), IsBoolean());
}

export function OneOf(values: readonly string[], options: FieldOptions = {}): PropertyDecorator {
  return applyDecorators(
    ...presence(options),
    IsIn(values, { message: `$property must be one of ${values.join(', ')}` }),
  );
}

export function CurrencyCode(options: FieldOptions = {}): PropertyDecorator {
  return applyDecorators(...presence(options), check('currency', 'must be an ISO 4217 code', isCurrency));
}

export function TimeZone(options: FieldOptions = {}): PropertyDecorator {
  return applyDecorators(...presence(options), check('timeZone', 'must be an IANA time zone', isTimeZone));
}

export function CountryCode(options: FieldOptions = {}): PropertyDecorator {
  return applyDecorators(
    ...presence(options),
    Matches(/^[A-Z]{2}$/, { message: '$property must be an ISO 3166 alpha-2 code' }),
  );
}

export function Email(options: FieldOptions = {}): PropertyDecorator {
  return applyDecorators(...presence(options), IsString(), MaxLength(255), IsEmail());
}

export function Phone(options: FieldOptions = {}): PropertyDecorator {
  return applyDecorators(
    ...presence(options),
    Matches(/^\+?[0-9 ()./-]{3,40}$/, { message: '$property must be a telephone number' }),
  );
}

export function WebUrl(max = 1024, options: FieldOptions = {}): PropertyDecorator {
  return applyDecorators(
    ...presence(options),
    IsString(),
    MaxLength(max),
    Matches(NO_CONTROLS, { message: '$property must not contain control characters' }),
    IsUrl({ protocols: ['http', 'https'], require_protocol: true, require_tld: false, disallow_auth: true }),
  );
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

/** The instant of an RFC 3339 text, or null when it is none (31 February is none either). */
export function parseInstant(value: unknown): Date | null {
  if (typeof value !== 'string' || !RFC3339.test(value)) return null;
  const instant = new Date(value);
  if (Number.isNaN(instant.getTime())) return null;
  const [, month, day] = value.slice(0, 10).split('-').map(Number) as [number, number, number];
  const lastDay = new Date(Date.UTC(Number(value.slice(0, 4)), month, 0)).getUTCDate();
  return day <= lastDay ? instant : null;
}

export function Instant(options: FieldOptions = {}): PropertyDecorator {
  return applyDecorators(
    ...presence(options),
    check('instant', 'must be an RFC 3339 date-time', (value) => parseInstant(value) !== null),
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
  return applyDecorators(
    ...presence({ optional: true }),
    check('metadata', 'must be an object of at most 20 texts of at most 255 characters', isMetadata),
  );
}
