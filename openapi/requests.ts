import { fieldsOf, type NotedField } from '../src/platform/http/field.schema.js';
import type { Glossary } from './glossary.js';
import { orNull, type Schema } from './schema.js';
import type { Source } from './source.js';

type RequestClass = new () => object;

/** The bodies of requests, read from their classes: what the decorators check, and what the words over the fields say. */
export class Requests {
  readonly schemas = new Map<string, Schema>();

  constructor(
    private readonly source: Source,
    private readonly glossary: Glossary,
  ) {}

  schemaOf(request: RequestClass): Schema {
    if (!this.schemas.has(request.name)) this.schemas.set(request.name, this.object(request));
    return { $ref: `#/components/schemas/${request.name}` };
  }

  private object(request: RequestClass): Schema {
    const fields = Object.entries(fieldsOf(request));
    const required = fields.filter(([, field]) => field.isRequired).map(([name]) => name);
    const words = this.source.words(request.name);
    return {
      type: 'object',
      ...(words !== '' && { description: words }),
      properties: Object.fromEntries(fields.map(([name, field]) => [name, this.field(request, name, field)])),
      ...(required.length > 0 && { required }),
      additionalProperties: false,
    };
  }

  private field(request: RequestClass, name: string, { schema, isNullable, part }: NotedField): Schema {
    const words = this.source.words(request.name, name);
    const own: Schema = part ? this.part(schema, part) : { ...schema };
    return { ...(isNullable ? orNull(own) : own), ...(words === '' ? this.glossary.tell(`${request.name}.${name}`) : { description: words }) };
  }

  private part(schema: Schema, part: RequestClass): Schema {
    const inner = this.schemaOf(part);
    return schema.type === 'array' ? { ...schema, items: inner } : inner;
  }
}
