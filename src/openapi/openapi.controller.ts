import { Controller, Get } from '@nestjs/common';
import { WithoutKey } from '../platform/http/without.key.js';
import document from './openapi.json' with { type: 'json' };

/** What the interface says of itself. */
@Controller()
@WithoutKey()
export class OpenApiController {
  /** This document. */
  @Get('openapi.json')
  show(): object {
    return document;
  }
}
