import { Param } from '@nestjs/common';
import { notFound } from '../../domain/errors.js';
import { isText } from './fields.js';

/** The path's id or code of a resource. What no row can be called is not found, before the database chokes on it. */
export function IdOrCode(resource: string): ParameterDecorator {
  return Param('id', {
    transform(value: string): string {
      if (!isText(value)) throw notFound(resource, value);
      return value;
    },
  });
}
