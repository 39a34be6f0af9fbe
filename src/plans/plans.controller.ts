import { Body, Controller, Get, Patch, Post, Req } from '@nestjs/common';
import type { Request } from 'express';
import type { Plan } from '../domain/plan.js';
import { Database } from '../platform/database/database.js';
import { Creates } from '../platform/http/creates.js';
import { IdOrCode } from '../platform/http/id.or.code.js';
import { DATE_FILTERS, listPage, type ListSpec, presentPage } from '../platform/http/list.js';
import { CreatePlanRequest, PlanVersionRequest, UpdatePlanRequest } from './plan.requests.js';
import { Plans } from './plans.js';

const LIST: ListSpec = {
  table: 'plans',
  prefix: 'plan',
  filters: {
    code: { kind: 'text', column: 'code' },
    active: { kind: 'flag', column: 'active' },
    dunning_policy: { kind: 'text', column: 'dunning_policy' },
    ...DATE_FILTERS,
  },
};

@Controller('v1/plans')
export class PlansController {
  constructor(
    private readonly plans: Plans,
    private readonly database: Database,
  ) {}

  @Post()
  @Creates('plan')
  create(@Body() body: CreatePlanRequest) {
    return this.plans.create(body);
  }

  @Get()
  async list(@Req() request: Request) {
    return presentPage(await listPage<Plan>(this.database, LIST, request), (plans) => this.plans.present(plans));
  }

  @Get(':id')
  get(@IdOrCode('plan') id: string) {
    return this.plans.get(id);
  }

  @Patch(':id')
  update(@IdOrCode('plan') id: string, @Body() body: UpdatePlanRequest) {
    return this.plans.update(id, body);
  }

  @Post(':id/versions')
  addVersion(@IdOrCode('plan') id: string, @Body() body: PlanVersionRequest) {
    return this.plans.addVersion(id, body);
  }
}
