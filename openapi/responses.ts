import ts from 'typescript';
import type { Glossary } from './glossary.js';
import { orNull, pascal, type Schema } from './schema.js';

/**
 * What handlers answer with, read from their types. A thing that says what it is (`object: 'plan'`) becomes a
 * schema of its own, under that name.
 */
export class Responses {
  readonly schemas = new Map<string, Schema>();

  constructor(
    private readonly checker: ts.TypeChecker,
    private readonly glossary: Glossary,
  ) {}

  /** `place`: where it stands, as a dotted path of field names. */
  schemaOf(type: ts.Type, place = ''): Schema {
    if (type.isUnion()) return this.union(type, place);
    if (type.flags & ts.TypeFlags.Null) return { type: 'null' };
    // A branded number is a number.
    if (type.isIntersection()) return this.schemaOf(type.types.find((part) => !(part.flags & ts.TypeFlags.Object)) ?? type, place);
    if (type.flags & ts.TypeFlags.StringLike) return type.isStringLiteral() ? { type: 'string', const: type.value } : { type: 'string' };
    // Amounts, counts and seconds: the interface has no number with a fraction.
    if (type.flags & ts.TypeFlags.NumberLike) return { type: 'integer' };
    if (type.flags & ts.TypeFlags.BooleanLike) return { type: 'boolean' };
    if (type.symbol?.name === 'Date') return { type: 'string', format: 'date-time' };
    if (this.checker.isArrayType(type) || this.checker.isTupleType(type)) return this.array(type, place);
    return this.object(type, place);
  }

  private union(type: ts.UnionType, place: string): Schema {
    const parts = type.types.filter((part) => !(part.flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Null)));
    const schema = this.choice(parts, place);
    return type.types.some((part) => part.flags & ts.TypeFlags.Null) ? orNull(schema) : schema;
  }

  private choice(parts: readonly ts.Type[], place: string): Schema {
    if (parts.every((part) => part.flags & ts.TypeFlags.BooleanLike)) return { type: 'boolean' };
    if (parts.length > 1 && parts.every((part) => part.isStringLiteral())) return { type: 'string', enum: parts.map((part) => part.value).toSorted() };
    const schemas = new Map(parts.map((part) => this.schemaOf(part, place)).map((schema) => [JSON.stringify(schema), schema]));
    const [only, ...others] = schemas.values();
    if (!only) throw new Error(`${place} can only be nothing`);
    return others.length === 0 ? only : { anyOf: [only, ...others] };
  }

  private array(type: ts.Type, place: string): Schema {
    const [item] = this.checker.getTypeArguments(type as ts.TypeReference);
    return { type: 'array', items: this.schemaOf(item as ts.Type, place) };
  }

  private object(type: ts.Type, place: string): Schema {
    const values = type.getStringIndexType();
    if (values) return { type: 'object', additionalProperties: this.schemaOf(values, place) };
    const name = this.nameOf(type);
    if (name === null) return this.fields(type, place);
    const schema = this.fields(type, name);
    const known = this.schemas.get(pascal(name));
    if (!known) return this.keep(pascal(name), schema);
    if (JSON.stringify(known) === JSON.stringify(schema)) return { $ref: `#/components/schemas/${pascal(name)}` };
    // More of the same thing: an answer that shows a secret, this once.
    const more = Object.keys(schema.properties ?? {}).filter((field) => !Object.hasOwn(known.properties ?? {}, field));
    return this.keep(pascal([name, 'with', ...more].join('_')), schema);
  }

  private keep(name: string, schema: Schema): Schema {
    this.schemas.set(name, schema);
    return { $ref: `#/components/schemas/${name}` };
  }

  private fields(type: ts.Type, place: string): Schema {
    const fields = type.getProperties().map((symbol) => ({ name: symbol.name, symbol, type: this.checker.getTypeOfSymbol(symbol) }));
    // Any object at all: what is told of differs with the event.
    if (fields.length === 0) return { type: 'object', additionalProperties: true };
    const optional = (field: (typeof fields)[number]) => (field.symbol.flags & ts.SymbolFlags.Optional) !== 0 || isMaybe(field.type);
    return {
      type: 'object',
      properties: Object.fromEntries(fields.map((field) => [field.name, this.field(field, place)])),
      required: fields.filter((field) => !optional(field)).map(({ name }) => name),
    };
  }

  private field({ name, type }: { name: string; type: ts.Type }, place: string): Schema {
    const path = place === '' ? name : `${place}.${name}`;
    const schema = this.schemaOf(type, path);
    return { ...schema, ...(schema.$ref === undefined && schema.const === undefined && this.glossary.formOf(path, schema)), ...this.glossary.tell(path) };
  }

  private nameOf(type: ts.Type): string | null {
    const object = type.getProperty('object');
    const literal = object && this.checker.getTypeOfSymbol(object);
    return literal?.isStringLiteral() ? literal.value : null;
  }
}

function isMaybe(type: ts.Type): boolean {
  return type.isUnion() && type.types.some((part) => part.flags & ts.TypeFlags.Undefined);
}
