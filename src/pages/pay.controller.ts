import { Controller, Get, Header, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Locale } from '../domain/customer.js';
import { AlsoAnswers } from '../platform/http/also.answers.js';
import { WithoutKey } from '../platform/http/without.key.js';
import { PayDesk } from './pay.desk.js';
import { PAGE_POLICY, type PayPage, payPage, retryAfter, statusOf } from './pay.page.js';

const HTML = 'text/html; charset=utf-8';
const REASONS = { 404: 'Nobody knows this link.', 410: 'The link has expired.', 429: 'That was too fast.' };

/** The page behind the links in messages. It is for people, so it answers in HTML, and needs no API key. */
@Controller('pay')
@WithoutKey()
export class PayController {
  constructor(private readonly desk: PayDesk) {}

  /** Shows what can be paid. Looking does nothing. */
  @Get(':token')
  @Header('content-type', HTML)
  @AlsoAnswers(REASONS)
  async look(@Param('token') token: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    show(response, await this.desk.look(token, readersLanguage(request)));
  }

  /** Goes on to the wallet’s page, where what is owed is paid. */
  @Post(':token')
  @Header('content-type', HTML)
  @AlsoAnswers({ ...REASONS, 303: 'On to the wallet’s page.', 503: 'The wallet’s page is not ready yet.' })
  @HttpCode(200)
  async pay(@Param('token') token: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    const next = await this.desk.pay(token, readersLanguage(request));
    if (typeof next === 'string') response.set('cache-control', 'no-store').redirect(303, next);
    else show(response, next);
  }
}

function show(response: Response, page: PayPage): void {
  const wait = retryAfter(page.notice);
  if (wait !== undefined) response.set('retry-after', String(wait));
  response
    .status(statusOf(page.notice))
    .set({ 'cache-control': 'no-store', 'content-security-policy': PAGE_POLICY })
    .send(payPage(page));
}

/** What the browser asks for, for who is not known to us. */
function readersLanguage(request: Request): Locale {
  return request.acceptsLanguages('en', 'zh') === 'zh' ? 'zh-CN' : 'en';
}
