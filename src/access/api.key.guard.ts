import { type CanActivate, type ExecutionContext, ForbiddenException, Injectable, UnauthorizedException } from '@nestjs/common';
import type { Request } from 'express';
import { ApiKeys, type ApiKey, type Scope } from './api.keys.js';

const BEARER = /^Bearer ([\x21-\x7e]{16,255})$/i;

/** What a key of this scope may do. */
const ALLOWS: Record<Scope, readonly Scope[]> = {
  admin: ['admin', 'write', 'read'],
  write: ['write', 'read'],
  read: ['read'],
};

/** Lets nothing under /v1 through without a key whose scope covers the call. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(private readonly keys: ApiKeys) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request & { apiKey?: ApiKey }>();
    if (!request.path.startsWith('/v1/')) return true;
    const secret = BEARER.exec(request.headers.authorization ?? '')?.[1];
    const key = secret === undefined ? null : await this.keys.authenticate(secret);
    if (!key) throw new UnauthorizedException('A valid API key is needed: Authorization: Bearer <key>.');
    const needed: Scope = request.method === 'GET' || request.method === 'HEAD' ? 'read' : 'write';
    if (!key.scopes.some((scope) => ALLOWS[scope].includes(needed))) {
      throw new ForbiddenException(`The key’s scope does not cover this call; it needs "${needed}".`);
    }
    request.apiKey = key;
    return true;
  }
}
