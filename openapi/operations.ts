import type { Glossary } from './glossary.js';
import { Parameters } from './parameters.js';
import { CHAPTERS } from './preface.js';
import { Problems, scopeOf } from './problems.js';
import { Refusals } from './refusals.js';
import { Requests } from './requests.js';
import { Responses } from './responses.js';
import type { Route } from './routes.js';
import type { Source } from './source.js';

/** A request and its answer, recorded from a real call. */
export interface Example {
  request?: unknown;
  response?: unknown;
}

/** Every operation, read from its route, its handler and everything that this reaches. */
export class Operations {
  readonly requests: Requests;
  readonly responses: Responses;
  readonly parameters = new Parameters();
  readonly problems = new Problems();
  private readonly refusals: Refusals;

  constructor(
    private readonly source: Source,
    glossary: Glossary,
    private readonly examples: Readonly<Record<string, Example>>,
  ) {
    this.requests = new Requests(source, glossary);
    this.responses = new Responses(source.checker, glossary);
    this.refusals = new Refusals(source);
  }

  of(route: Route): object {
    const words = this.source.words(route.controller, route.handler);
    if (words === '') throw new Error(`${route.controller}.${route.handler} has no words over it that say what it does`);
    const parameters = this.parameters.of(route);
    return {
      operationId: nameOf(route),
      tags: [titleOf(route.controller)],
      summary: /^.*?[^.]\.(?=\s|$)/s.exec(words)?.[0].replace(/\.$/, '') ?? words,
      description: words,
      security: route.needsKey ? [{ api_key: [scopeOf(route)] }] : [],
      ...(parameters.length > 0 && { parameters }),
      ...(route.body && { requestBody: this.body(route, route.body) }),
      responses: { ...this.answers(route), ...this.problemsOf(route) },
    };
  }

  private body(route: Route, request: NonNullable<Route['body']>): object {
    const schema = this.requests.schemaOf(request);
    const isNeeded = 'required' in (this.requests.schemas.get(request.name) ?? {});
    const example = this.examples[nameOf(route)]?.request;
    return { required: isNeeded, content: { 'application/json': { schema, ...(example !== undefined && { example }) } } };
  }

  private answers(route: Route): Record<string, object> {
    const shape = this.shape(route);
    const answer = (description: string, status: number) => ({
      description,
      headers: headersOf(route),
      ...(shape && !isElsewhere(status) && { content: shape }),
    });
    const others = Object.entries(route.alsoAnswers).map(([status, says]) => [status, answer(says, Number(status))] as const);
    return Object.fromEntries([[String(route.status), answer(AS_ASKED[route.status] ?? 'Done.', route.status)], ...others]);
  }

  private shape(route: Route): object | null {
    if (route.status === 204) return null;
    const isText = route.contentType !== 'application/json';
    const schema = isText ? { type: 'string' } : this.responses.schemaOf(this.source.returned(this.handlerOf(route)));
    const example = this.examples[nameOf(route)]?.response;
    return { [route.contentType]: { schema, ...(example !== undefined && !isText && { example }) } };
  }

  private problemsOf(route: Route): Record<string, object> {
    // A page for people says in its own words why it cannot do what was asked.
    const refusals = route.contentType === 'text/html' ? [] : this.refusals.of(this.handlerOf(route));
    const problems = this.problems.of(route, refusals);
    return Object.fromEntries(Object.entries(problems).filter(([status]) => !Object.hasOwn(route.alsoAnswers, status)));
  }

  private handlerOf(route: Route) {
    return this.source.method(route.controller, route.handler);
  }
}

const AS_ASKED: Readonly<Record<number, string>> = { 201: 'Made.', 202: 'Taken; it is done in the background.' };

/** A redirect: what matters is where it leads. */
function isElsewhere(status: number): boolean {
  return status >= 300 && status < 400;
}

/** `PlansController` speaks of Plans; actions that have a controller of their own belong to the same things. */
function thingsOf(controller: string): string {
  return controller.replace(/ActionsController$/, 's').replace(/Controller$/, '');
}

/** The title of the chapter that a controller belongs to; one that belongs to none is a mistake. */
export function titleOf(controller: string): string {
  const title = CHAPTERS[thingsOf(controller)];
  if (title === undefined) throw new Error(`${controller} belongs to no chapter`);
  return title;
}

function nameOf({ controller, handler }: Route): string {
  const things = thingsOf(controller);
  return `${things.charAt(0).toLowerCase()}${things.slice(1)}.${handler}`;
}

function headersOf({ method, needsKey }: Route): object {
  const names = ['X-Request-Id', ...(needsKey ? ['RateLimit', 'RateLimit-Policy'] : []), ...(needsKey && method === 'post' ? ['Idempotent-Replayed'] : [])];
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
