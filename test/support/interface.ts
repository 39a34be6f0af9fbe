import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import document from '../../src/openapi/openapi.json' with { type: 'json' };

type Json = Record<string, any>;

export interface Operation {
  operationId: string;
  method: string;
  /** As it is documented, `/v1/plans/{id}`. */
  path: string;
  parameters: { name: string; in: string; schema: Json; example?: string }[];
  /** The schema of its body, where it takes one. */
  body: Json | null;
  responses: Record<string, { content?: Record<string, { schema: Json }> }>;
  /** The scope that a key must have; null where none is asked for. */
  scope: 'read' | 'write' | 'admin' | null;
}

/** The document as it is checked here: an answer may hold nothing that it does not name. */
const closed = closeAll(document) as Json;
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema(closed, 'interface');
const validators = new Map<Json, ValidateFunction>();

export const OPERATIONS: readonly Operation[] = Object.entries(closed['paths'] as Json).flatMap(([path, methods]) =>
  Object.entries(methods as Json).map(([method, operation]: [string, Json]) => ({
    operationId: operation['operationId'],
    method,
    path,
    parameters: ((operation['parameters'] ?? []) as Json[]).map(resolved) as Operation['parameters'],
    body: operation['requestBody'] ? resolved(operation['requestBody'].content['application/json'].schema) : null,
    responses: Object.fromEntries(Object.entries(operation['responses'] as Json).map(([status, response]) => [status, resolved(response as Json)])),
    scope: (operation['security'] as Json[])[0]?.['api_key'][0] ?? null,
  })),
);

const SHAPES = OPERATIONS.map((operation) => ({ operation, shape: new RegExp(`^${operation.path.replace(/\{\w+\}/g, '[^/]+')}$`) }));

export function operationFor(method: string, url: string): Operation | undefined {
  const [path] = url.split('?');
  return SHAPES.find(({ operation, shape }) => operation.method === method.toLowerCase() && shape.test(path ?? ''))?.operation;
}

/** What is not documented about an answer, or null. */
export function faultOf(operation: Operation, status: number, contentType: string, body: string): string | null {
  const response = operation.responses[status];
  if (!response) return `is not documented: ${body}`;
  if (!response.content) return body === '' || (status >= 300 && status < 400) ? null : `should have no body: ${body}`;
  const [type = ''] = contentType.split(';');
  const schema = response.content[type]?.schema;
  if (!schema) return `has an undocumented type: ${contentType}`;
  return mismatch(schema, type.endsWith('json') ? JSON.parse(body) : body);
}

/** Why a value does not fit a schema of the document, or null when it does. */
export function mismatch(schema: Json, value: unknown): string | null {
  const validate = validators.get(schema) ?? ajv.compile(absolute(schema));
  validators.set(schema, validate);
  return validate(value) ? null : `${ajv.errorsText(validate.errors)}: ${JSON.stringify(value)}`;
}

function resolved(thing: Json): Json {
  const ref = thing['$ref'] as string | undefined;
  if (ref === undefined) return thing;
  return ref.slice(2).split('/').reduce((at, name) => at[name], closed);
}

/** References of a part of the document, as they are written from outside it. */
function absolute(schema: Json): Json {
  return JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#', '"$ref":"interface#')) as Json;
}

function closeAll(thing: unknown): unknown {
  if (Array.isArray(thing)) return thing.map(closeAll);
  if (typeof thing !== 'object' || thing === null) return thing;
  const copy = Object.fromEntries(Object.entries(thing).map(([name, value]) => [name, closeAll(value)]));
  const isObject = [copy['type']].flat().includes('object') && typeof copy['properties'] === 'object';
  return isObject ? { additionalProperties: false, ...copy } : copy;
}
