/** A schema of JSON Schema 2020-12, as OpenAPI 3.1 takes it. */
export interface Schema {
  $ref?: string;
  type?: string | readonly string[];
  description?: string;
  properties?: Record<string, Schema>;
  required?: readonly string[];
  items?: Schema;
  enum?: readonly (string | number | null)[];
  const?: string | number | boolean;
  anyOf?: readonly Schema[];
  additionalProperties?: boolean | Schema;
  [keyword: string]: unknown;
}

/** The same, or null. */
export function orNull(schema: Schema): Schema {
  if (typeof schema.type !== 'string') return { anyOf: [schema, { type: 'null' }] };
  return { ...schema, type: [schema.type, 'null'], ...(schema.enum && { enum: [...schema.enum, null] }) };
}

export function pascal(name: string): string {
  return name.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
