import { Body, Controller, Get, Patch, Post } from '@nestjs/common';
import type { Plan } from '../domain/plan.js';
import { Database } from '../platform/database/database.js';
import { Creates } from '../platform/http/creates.js';
import { IdOrCode } from '../platform/http/id.or.code.js';
import { DATE_FILTERS, ListBy, listPage, type ListQuery, type ListSpec, presentPage } from '../platform/http/list.js';
import { CreatePlanRequest, PlanVersionRequest, UpdatePlanRequest } from './plan.requests.js';
import { Plans } from './plans.js';

const LIST: ListSpec = {
  table: 'plans',
  prefix: 'plan',
  filters: {
    code: { kind: 'text', column: 'code' },
    active: { kind: 'flag', column: 'active' },
    dunning_policy: { kind: 'id_or_code', column: 'dunning_policy', prefix: 'dun', table: 'dunning_policies', holds: 'code' },
    ...DATE_FILTERS,
  },
};

/** What is sold. */
@Controller('v1/plans')
export class PlansController {
  constructor(
    private readonly plans: Plans,
    private readonly database: Database,
  ) {}

  /** Makes a plan. */
  @Post()
  @Creates('plan')
  create(@Body() body: CreatePlanRequest) {
    return this.plans.create(body);
  }

  /** Lists plans. */
  @Get()
  async list(@ListBy(LIST) query: ListQuery) {
    return presentPage(await listPage<Plan>(this.database, query), (plans) => this.plans.present(plans));
  }

  /** Shows a plan. */
  @Get(':id')
  get(@IdOrCode('plan') id: string) {
    return this.plans.get(id);
  }

  /** Changes what no price depends on. Price terms change by a new version. */
  @Patch(':id')
  update(@IdOrCode('plan') id: string, @Body() body: UpdatePlanRequest) {
    return this.plans.update(id, body);
  }

  /**
   * Gives a plan new price terms, for subscriptions made from now on; those that exist keep the version they were sold
   * at. Terms that are left out stay as they are.
   */
  @Post(':id/versions')
  addVersion(@IdOrCode('plan') id: string, @Body() body: PlanVersionRequest) {
    return this.plans.addVersion(id, body);
  }
}
