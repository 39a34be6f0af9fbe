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

export function notFound(resource: string, id: string): Refusal {
  return new Refusal('not_found', `${resource}_not_found`, `There is no ${resource.replaceAll('_', ' ')} "${id}".`);
}

/** Something named in a request's body that does not exist: the answer names its field. */
export function missing(resource: string, path: string): Refusal {
  return new Refusal('not_found', `${resource}_not_found`, `There is no such ${resource.replaceAll('_', ' ')}.`, [
    { path, message: 'does not exist' },
  ]);
}

export function conflict(code: string, message: string, retryAfter?: number): Refusal {
  return new Refusal('conflict', code, message, [], retryAfter);
}

/** Bad input that only a rule could see; names the fields like any other validation error. */
export function invalid(path: string, message: string, code = 'validation_failed'): Refusal {
  return new Refusal('invalid', code, message, [{ path, message }]);
}
