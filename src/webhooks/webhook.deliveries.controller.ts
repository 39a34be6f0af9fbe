import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { EmptyRequest } from '../platform/http/body.pipe.js';
import { Deliveries } from './deliveries.js';

/** Events on their way to endpoints. */
@Controller('v1/webhook_deliveries')
export class WebhookDeliveriesController {
  constructor(private readonly deliveries: Deliveries) {}

  /** Shows a delivery, with its last answer. */
  @Get(':id')
  get(@Param('id') id: string) {
    return this.deliveries.get(id);
  }

  /** Sends a delivery once more. */
  @Post(':id/redeliver')
  @HttpCode(202)
  redeliver(@Param('id') id: string, @Body() _body: EmptyRequest) {
    return this.deliveries.redeliver(id);
  }
}
