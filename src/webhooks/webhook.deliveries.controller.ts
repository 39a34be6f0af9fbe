import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { EmptyRequest } from '../platform/http/body.pipe.js';
import { Deliveries } from './deliveries.js';

@Controller('v1/webhook_deliveries')
export class WebhookDeliveriesController {
  constructor(private readonly deliveries: Deliveries) {}

  @Get(':id')
  get(@Param('id') id: string) {
    return this.deliveries.get(id);
  }

  @Post(':id/redeliver')
  @HttpCode(202)
  redeliver(@Param('id') id: string, @Body() _body: EmptyRequest) {
    return this.deliveries.redeliver(id);
  }
}
