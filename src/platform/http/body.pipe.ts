import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validate, type ValidationError } from 'class-validator';
import { type FieldError, invalid, invalidFields } from '../../domain/errors.js';

/** Deeper than anything that is documented; what recurses over a body must not run out of stack. */
const MAX_DEPTH = 8;

/** The body of an action that takes none: nothing at all, or an empty object. */
export class EmptyRequest {}

/** Checks a request's body against its class; unknown fields are errors, every bad path is named. */
@Injectable()
export class BodyPipe implements PipeTransform {
  async transform(value: unknown, { type, metatype }: ArgumentMetadata): Promise<unknown> {
    if (type !== 'body' || !metatype || metatype === Object) return value;
    const given = value === undefined ? {} : value;
    if (typeof given !== 'object' || given === null || Array.isArray(given)) {
      throw invalid('', 'must be a JSON object');
    }
    const { fields, refused } = sift(given);
    const instance: object = plainToInstance(metatype as new () => object, fields);
    // Names in metadata are the caller's own, `constructor` included: kept as they came, only checked.
    if (Object.hasOwn(given, 'metadata')) Object.assign(instance, { metadata: (given as { metadata: unknown }).metadata });
    const problems = await validate(instance, { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: false });
    const known = new Set(refused.map((error) => error.path));
    const errors = problems.flatMap((problem) => flatten(problem, '')).filter((error) => !known.has(error.path));
    if (errors.length + refused.length > 0) throw invalidFields([...errors, ...refused]);
    return instance;
  }
}

/** Takes out what neither the transformer nor the validator can be trusted with. */
function sift(given: object): { fields: Record<string, unknown>; refused: FieldError[] } {
  const fields: Record<string, unknown> = {};
  let refused: FieldError[] = [];
  for (const [key, value] of Object.entries(given)) {
    if (key === 'metadata') continue;
    const errors = treacherous(key, value, [key]);
    if (errors.length === 0) fields[key] = value;
    else refused = refused.concat(errors);
  }
  return { fields, refused };
}

/** Names that every object answers to (`__proto__`, `toString` …) are never fields; nor is anything that deep. */
function treacherous(key: string, value: unknown, path: readonly string[]): FieldError[] {
  if (Object.hasOwn(Object.prototype, key)) return [unknownField(path.join('.'))];
  if (typeof value !== 'object' || value === null) return [];
  if (path.length > MAX_DEPTH) return [{ path: path[0] ?? '', message: 'is nested too deeply' }];
  const errors = Object.entries(value).flatMap(([name, inner]) => treacherous(name, inner, [...path, name]));
  return [...new Map(errors.map((error) => [error.path, error])).values()];
}

export function unknownField(path: string): FieldError {
  return { path, message: 'is not known here' };
}

function flatten(problem: ValidationError, parent: string): FieldError[] {
  const path = parent === '' ? problem.property : `${parent}.${problem.property}`;
  const own = Object.entries(problem.constraints ?? {}).map(([rule, message]) =>
    rule === 'whitelistValidation' ? unknownField(path) : { path, message: message.replace(`${problem.property} `, '') },
  );
  // One message per path says enough.
  return [...own.slice(0, 1), ...(problem.children ?? []).flatMap((child) => flatten(child, path))];
}
