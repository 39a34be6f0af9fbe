import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validate, type ValidationError } from 'class-validator';
import { type FieldError, Refusal } from '../../domain/errors.js';

/** Checks a request's body against its class; unknown fields are errors, every bad path is named. */
@Injectable()
export class BodyPipe implements PipeTransform {
  async transform(value: unknown, { type, metatype }: ArgumentMetadata): Promise<unknown> {
    if (type !== 'body' || !metatype || metatype === Object) return value;
    const given = value ?? {};
    if (typeof given !== 'object' || Array.isArray(given)) {
      throw new Refusal('invalid', 'validation_failed', 'The body must be a JSON object.', [
        { path: '', message: 'must be a JSON object' },
      ]);
    }
    const hidden = ['__proto__', 'constructor', 'prototype'].filter((key) => Object.hasOwn(given, key));
    const instance = plainToInstance(metatype as new () => object, given);
    const problems = await validate(instance, { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: false });
    const errors = [...problems.flatMap((problem) => flatten(problem, '')), ...hidden.map(unknownField)];
    if (errors.length > 0) throw validationFailed(errors);
    return instance;
  }
}

export function validationFailed(errors: readonly FieldError[]): Refusal {
  const paths = errors.map((e) => e.path).join(', ');
  return new Refusal('invalid', 'validation_failed', `The request is not valid: ${paths}.`, errors);
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
