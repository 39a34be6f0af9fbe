import { type CallHandler, type ExecutionContext, Injectable, Logger, type NestInterceptor } from '@nestjs/common';
import { ModuleRef, Reflector } from '@nestjs/core';
import type { Response } from 'express';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { invalidFields } from '../domain/errors.js';
import { Database } from '../platform/database/database.js';
import { witnessed } from '../platform/database/witness.js';
import { CREATES } from '../platform/http/creates.js';
import { type Problem, problemOf, RepeatedProblem } from '../platform/http/problem.js';
import type { IdPrefix } from '../platform/ids/ids.js';
import type { ApiKey } from './api.key.js';
import type { SignedIn } from './api.key.guard.js';
import { AuditLog } from './audit.log.js';
import type { Call } from './call.js';
import { type Answer, type Binding, type Claim, IdempotencyKeys } from './idempotency.keys.js';
import { isRead } from './scopes.js';
import { Write } from './write.js';

const MAX_KEY = 255;
/** Refusals of who asked, not of what: a repeat may be answered otherwise. */
const NEVER_KEPT = new Set([401, 403, 429]);

/** A controller that can show one thing that it has made or changed. */
interface Shows {
  get(id: string | null): unknown;
}

/** Has every write witnessed: bound to its idempotency key, and told to the audit log. */
@Injectable()
export class WritesInterceptor implements NestInterceptor {
  private readonly log = new Logger(WritesInterceptor.name);

  constructor(
    private readonly database: Database,
    private readonly idempotency: IdempotencyKeys,
    private readonly audit: AuditLog,
    private readonly reflector: Reflector,
    private readonly modules: ModuleRef,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { apiKey, method } = context.switchToHttp().getRequest<SignedIn>();
    if (apiKey === undefined || isRead(method)) return next.handle();
    return from(this.write(context, apiKey, () => lastValueFrom(next.handle(), { defaultValue: undefined })));
  }

  private async write(context: ExecutionContext, apiKey: ApiKey, work: () => Promise<unknown>): Promise<unknown> {
    const request = context.switchToHttp().getRequest<SignedIn>();
    const response = context.switchToHttp().getResponse<Response>();
    const creates = this.reflector.get<IdPrefix | undefined>(CREATES, context.getHandler()) ?? null;
    const call = callOf(request, response, apiKey, creates);
    const key = idempotencyKeyOf(request);
    if (key === null) return this.perform(call, null, work);
    const claimed = await this.idempotency.claim(call, key, request.body);
    if (claimed.state === 'new') return this.perform(call, claimed.claim, work);
    response.setHeader('idempotent-replayed', 'true');
    if (claimed.state === 'answered') return repeat(response, claimed.answer);
    return this.recall(context, claimed.claim, claimed.binding);
  }

  private async perform(call: Call, claim: Claim | null, work: () => Promise<unknown>): Promise<unknown> {
    const write = new Write(call, claim, this.idempotency, this.audit);
    try {
      const body = await witnessed(write, work);
      // What came to nothing that had to be stored was done all the same.
      if (!write.isCommitted) await this.database.transaction((tx) => this.audit.record(tx, call, call.target, []));
      if (claim) await this.keep(claim, { status: call.status, body: body === undefined ? '' : JSON.stringify(body) });
      return body;
    } catch (error) {
      if (claim) await this.fail(claim, write, error);
      throw error;
    } finally {
      write.end();
    }
  }

  /** The write was done and its answer was lost: the thing is shown as it is now. */
  private async recall(context: ExecutionContext, claim: Claim, { status, resource, secret }: Binding): Promise<unknown> {
    try {
      const controller = this.modules.get<Shows>(context.getClass(), { strict: false });
      const shown = (await controller.get(resource)) as object;
      const body = secret === null ? shown : { ...shown, secret };
      await this.keep(claim, { status, body: JSON.stringify(body) });
      return body;
    } catch (error) {
      await this.release(claim);
      throw error;
    }
  }

  private async fail(claim: Claim, write: Write, error: unknown): Promise<void> {
    const problem = problemOf(error, write.call.requestId);
    const isAnswer = problem !== null && !NEVER_KEPT.has(problem.status) && problem.code !== 'validation_failed';
    // A claim that was lost to a repeat is not ours to answer, nor a write that is committed ours to refuse.
    if (problem && isAnswer && problem.code !== 'idempotency_in_progress' && !write.isCommitted) {
      await this.keep(claim, { status: problem.status, body: JSON.stringify(problem) });
    } else await this.release(claim);
  }

  /** An answer that cannot be kept is given all the same; a repeat is answered from what was committed. */
  private async keep(claim: Claim, answer: Answer): Promise<void> {
    await this.idempotency.complete(claim, answer).catch((error: unknown) => {
      this.log.warn({ err: error }, 'an answer could not be kept for its repeats');
    });
  }

  private async release(claim: Claim): Promise<void> {
    await this.idempotency.release(claim).catch((error: unknown) => {
      this.log.warn({ err: error }, 'an idempotency key waits for its lease to end');
    });
  }
}

function callOf(request: SignedIn, response: Response, key: ApiKey, creates: IdPrefix | null): Call {
  const { id = null } = request.params as { id?: string };
  return {
    key,
    method: request.method,
    route: (request.route as { path: string }).path,
    path: request.path,
    target: id,
    creates,
    // The framework has set it already, from the route.
    status: response.statusCode,
    requestId: String(request.headers['x-request-id'] ?? ''),
  };
}

/** Only a POST needs one: everything else may be repeated by its nature. */
function idempotencyKeyOf(request: SignedIn): string | null {
  const key = request.headers['idempotency-key'];
  if (request.method !== 'POST' || key === undefined) return null;
  if (typeof key === 'string' && key.length >= 1 && key.length <= MAX_KEY) return key;
  throw invalidFields([{ path: 'Idempotency-Key', message: `must be 1 to ${MAX_KEY} characters` }]);
}

function repeat(response: Response, { status, body }: Answer): unknown {
  if (status >= 400) throw new RepeatedProblem(JSON.parse(body) as Problem);
  response.status(status);
  return body === '' ? undefined : JSON.parse(body);
}
