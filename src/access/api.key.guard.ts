import { type CanActivate, type ExecutionContext, ForbiddenException, HttpException, Injectable, UnauthorizedException } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { Config } from '../platform/config/config.js';
import { WITHOUT_KEY } from '../platform/http/without.key.js';
import type { ApiKey } from './api.key.js';
import { ApiKeys } from './api.keys.js';
import { callerOf } from './caller.address.js';
import { covers, neededScope } from './scopes.js';
import { TokenBuckets } from './token.buckets.js';

const BEARER = /^Bearer ([\x21-\x7e]{16,255})$/i;
/** Keys that nobody has: so many may be tried from one address at once, and one a second after that. */
const GUESSES = 300;
const GUESSES_PER_SECOND = 1;
const TOO_MANY_REQUESTS = 429;

export type SignedIn = Request & { apiKey?: ApiKey };

/** Lets nothing through without a key whose scope covers the call, but what is marked as open to all. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  private readonly requests: TokenBuckets;
  private readonly guesses = new TokenBuckets(GUESSES_PER_SECOND, GUESSES);

  constructor(
    private readonly keys: ApiKeys,
    private readonly reflector: Reflector,
    config: Config,
  ) {
    this.requests = new TokenBuckets(config.API_RATE_LIMIT, config.API_RATE_LIMIT);
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    // By the handler, not by the path: routes are matched in more spellings than one (/V1/plans).
    if (this.reflector.getAllAndOverride<boolean>(WITHOUT_KEY, [context.getHandler(), context.getClass()])) return true;
    const http = context.switchToHttp();
    const request = http.getRequest<SignedIn>();
    const response = http.getResponse<Response>();
    const key = await this.signIn(request, response);
    this.limit(key, response);
    const needed = neededScope(request.method, (request.route as { path: string }).path);
    if (!covers(key.scopes, needed)) throw new ForbiddenException(`The key’s scope does not cover this call; it needs "${needed}".`);
    request.apiKey = key;
    return true;
  }

  private async signIn(request: Request, response: Response): Promise<ApiKey> {
    const secret = BEARER.exec(request.headers.authorization ?? '')?.[1];
    const { key, isKnown } = secret === undefined ? { key: null, isKnown: true } : await this.keys.authenticate(secret);
    if (key) return key;
    // Only after the look-up: a good key is never shut out by what others try from the same address.
    const guess = isKnown ? null : this.guesses.take(callerOf(request.ip));
    if (guess && !guess.isGranted) {
      response.setHeader('retry-after', String(guess.retryAfter));
      throw new HttpException('Too many keys that nobody has were tried from this address.', TOO_MANY_REQUESTS);
    }
    response.setHeader('www-authenticate', 'Bearer');
    throw new UnauthorizedException('A valid API key is needed: Authorization: Bearer <key>.');
  }

  private limit(key: ApiKey, response: Response): void {
    const { isGranted, remaining, retryAfter } = this.requests.take(key.id);
    const { burst } = this.requests;
    response.setHeader('ratelimit-policy', `"api_key";q=${burst};w=1`);
    response.setHeader('ratelimit', `"api_key";r=${remaining};t=1`);
    // The same in three, as clients older than the draft's last shape read it.
    response.setHeader('ratelimit-limit', String(burst));
    response.setHeader('ratelimit-remaining', String(remaining));
    response.setHeader('ratelimit-reset', '1');
    if (isGranted) return;
    response.setHeader('retry-after', String(retryAfter));
    throw new HttpException(`More than ${burst} requests a second with this key.`, TOO_MANY_REQUESTS);
  }
}
