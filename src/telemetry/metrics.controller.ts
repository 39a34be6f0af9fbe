import { createHash, timingSafeEqual } from 'node:crypto';
import { Controller, Get, Header, Headers, Res, UnauthorizedException } from '@nestjs/common';
import type { Response } from 'express';
import { Registry } from 'prom-client';
import { Config } from '../platform/config/config.js';
import { WithoutKey } from '../platform/http/without.key.js';
import { Metrics } from './metrics.js';

const BEARER = /^Bearer ([\x21-\x7e]+)$/i;

/** Figures for Prometheus. Open to all, unless `METRICS_TOKEN` is set. */
@Controller('metrics')
@WithoutKey()
export class MetricsController {
  constructor(
    private readonly metrics: Metrics,
    private readonly config: Config,
  ) {}

  /** Shows the figures, as Prometheus reads them. */
  @Get()
  @Header('content-type', Registry.PROMETHEUS_CONTENT_TYPE)
  async scrape(@Headers('authorization') authorization: string | undefined, @Res({ passthrough: true }) response: Response) {
    if (!this.mayLook(authorization)) {
      response.setHeader('www-authenticate', 'Bearer');
      throw new UnauthorizedException('The metrics need their token: Authorization: Bearer <METRICS_TOKEN>.');
    }
    return this.metrics.render();
  }

  private mayLook(authorization: string | undefined): boolean {
    const token = this.config.METRICS_TOKEN;
    return token === undefined || timingSafeEqual(digest(BEARER.exec(authorization ?? '')?.[1] ?? ''), digest(token));
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
