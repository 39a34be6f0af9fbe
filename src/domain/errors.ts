/** What kind of "no" an answer is; the HTTP floor maps each kind to one status. */
export type RefusalKind = 'not_found' | 'conflict' | 'invalid' | 'forbidden';

export interface FieldError {
  /** Dotted path of the field, `items.0.amount`. */
  readonly path: string;
  readonly message: string;
}

/**
 * A request that a rule refuses. `code` is stable snake_case and part of the interface;
 * `message` is for people. Nothing has been stored when it is thrown.
 */
export class Refusal extends Error {
  constructor(
    readonly kind: RefusalKind,
    readonly code: string,
    message: string,
    readonly errors: readonly FieldError[] = [],
    /** Seconds after which asking again makes sense, where that is known. */
    readonly retryAfter?: number,
  ) {
    super(message);
  }
}

function inWords(resource: string): string {
  return resource.replaceAll('_', ' ').replace(/^api\b/, 'API');
}

export function notFound(resource: string, id: string): Refusal {
  return new Refusal('not_found', `${resource}_not_found`, `There is no ${inWords(resource)} "${id}".`);
}

/** Something named in a request's body that does not exist: the answer names its field. */
export function missing(resource: string, path: string): Refusal {
  return new Refusal('not_found', `${resource}_not_found`, `There is no such ${inWords(resource)}.`, [
    { path, message: 'does not exist' },
  ]);
}

export function conflict(code: string, message: string, retryAfter?: number): Refusal {
  return new Refusal('conflict', code, message, [], retryAfter);
}

/** Bad input that only a rule could see; names the fields like any other validation error. */
export function invalid(path: string, message: string, code = 'validation_failed'): Refusal {
  return invalidFields([{ path, message }], code);
}

/** So many are told in words; `errors` names them all. */
const MOST_TOLD = 3;

export function invalidFields(errors: readonly FieldError[], code = 'validation_failed'): Refusal {
  const told = errors.slice(0, MOST_TOLD).map(({ path, message }) => `${path || 'the body'} ${message}`);
  const more = errors.length > MOST_TOLD ? [`and ${errors.length - MOST_TOLD} more`] : [];
  return new Refusal('invalid', code, `The request is not valid: ${[...told, ...more].join('; ')}.`, errors);
}
