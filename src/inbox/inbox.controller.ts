import { Controller, Headers, HttpCode, Post, Req, UnauthorizedException } from '@nestjs/common';
import type { Request } from 'express';
import { Config } from '../platform/config/config.js';
import { WithoutKey } from '../platform/http/without.key.js';
import { Inbox } from './inbox.js';
import { isSigned, sameText } from './signature.js';

/** Where the gateway tells its news. Verified over the raw bytes, stored, acknowledged; worked on later. */
@Controller('webhooks/checkout')
@WithoutKey()
export class InboxController {
  constructor(
    private readonly inbox: Inbox,
    private readonly config: Config,
  ) {}

  @Post()
  @HttpCode(200)
  async receive(
    @Req() request: Request,
    @Headers('cko-signature') signature: string | undefined,
    @Headers('authorization') authorization: string | undefined,
  ): Promise<{ received: true }> {
    const body: unknown = request.body;
    const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
    const expected = this.config.CKO_WEBHOOK_AUTHORIZATION;
    if (
      !isSigned(bytes, signature, this.config.CKO_WEBHOOK_KEY ?? []) ||
      (expected !== undefined && !sameText(authorization, expected))
    ) {
      throw new UnauthorizedException('The signature does not fit the body.');
    }
    await this.inbox.store(bytes);
    return { received: true };
  }
}
