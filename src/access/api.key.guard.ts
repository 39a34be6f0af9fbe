import { type CanActivate, type ExecutionContext, ForbiddenException, Injectable, UnauthorizedException } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { WITHOUT_KEY } from '../platform/http/without.key.js';
import { ApiKeys, type ApiKey, type Scope } from './api.keys.js';

const BEARER = /^Bearer ([\x21-\x7e]{16,255})$/i;

/** What a key of this scope may do. */
const ALLOWS: Record<Scope, readonly Scope[]> = {
  admin: ['admin', 'write', 'read'],
  write: ['write', 'read'],
  read: ['read'],
};

/** Lets nothing through without a key whose scope covers the call, but what is marked as open to all. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(
    private readonly keys: ApiKeys,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    // By the handler, not by the path: routes are matched in more spellings than one (/V1/plans).
    if (this.reflector.getAllAndOverride<boolean>(WITHOUT_KEY, [context.getHandler(), context.getClass()])) return true;
    const http = context.switchToHttp();
    const request = http.getRequest<Request & { apiKey?: ApiKey }>();
    const secret = BEARER.exec(request.headers.authorization ?? '')?.[1];
    const key = secret === undefined ? null : await this.keys.authenticate(secret);
    if (!key) {
      http.getResponse<Response>().setHeader('www-authenticate', 'Bearer');
      throw new UnauthorizedException('A valid API key is needed: Authorization: Bearer <key>.');
    }
    const needed: Scope = request.method === 'GET' || request.method === 'HEAD' ? 'read' : 'write';
    if (!key.scopes.some((scope) => ALLOWS[scope].includes(needed))) {
      throw new ForbiddenException(`The key’s scope does not cover this call; it needs "${needed}".`);
    }
    request.apiKey = key;
    return true;
  }
}
