/** A field may be left out where it is `optional`, and may be `null` only where it is `nullable`. */
export interface FieldOptions {
  optional?: boolean;
  nullable?: boolean;
}

/** What a field may hold, in the words of JSON Schema. */
export type FieldSchema = Readonly<Record<string, unknown>>;

/** A field of a request, as the interface's document shows it. */
export interface NotedField {
  schema: FieldSchema;
  isRequired: boolean;
  isNullable: boolean;
  /** The class of the object, or of each object of the list, that the field holds. */
  part?: new () => object;
}

const NOTED = 'zhouqi:field';

/** Notes what the checks beside it let through. The checks decide; this only tells of them, in the same breath. */
export function noted(schema: FieldSchema, { optional, nullable }: FieldOptions, part?: new () => object): PropertyDecorator {
  return (target, property) => {
    const field: NotedField = { schema, isRequired: !optional, isNullable: nullable ?? false, ...(part && { part }) };
    const own = (Reflect.getOwnMetadata(NOTED, target) ?? {}) as Record<string, NotedField>;
    Reflect.defineMetadata(NOTED, { ...own, [property as string]: field }, target);
  };
}

/** The fields of a request's class, what it inherits first. */
export function fieldsOf(request: new () => object): Record<string, NotedField> {
  const line: object[] = [];
  for (let at = request.prototype as object; at !== Object.prototype; at = Object.getPrototypeOf(at) as object) line.unshift(at);
  return Object.assign({}, ...line.map((prototype) => Reflect.getOwnMetadata(NOTED, prototype) as object | undefined)) as Record<string, NotedField>;
}
