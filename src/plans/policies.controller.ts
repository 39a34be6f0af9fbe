import { Body, Controller, Get, Patch, Post } from '@nestjs/common';
import { FINAL_ACTIONS, type StoredPolicy } from '../domain/dunning.js';
import { policyView } from '../domain/views.js';
import { Database } from '../platform/database/database.js';
import { Creates } from '../platform/http/creates.js';
import { IdOrCode } from '../platform/http/id.or.code.js';
import { DATE_FILTERS, ListBy, listPage, type ListQuery, type ListSpec, presentPage } from '../platform/http/list.js';
import { Policies } from './policies.js';
import { CreatePolicyRequest, UpdatePolicyRequest } from './policy.requests.js';

const LIST: ListSpec = {
  table: 'dunning_policies',
  prefix: 'dun',
  filters: {
    code: { kind: 'text', column: 'code' },
    final_action: { kind: 'one_of', column: 'final_action', values: FINAL_ACTIONS },
    ...DATE_FILTERS,
  },
};

/** What is done when a payment fails. */
@Controller('v1/dunning_policies')
export class PoliciesController {
  constructor(
    private readonly policies: Policies,
    private readonly database: Database,
  ) {}

  /** Makes a policy. */
  @Post()
  @Creates('dun')
  create(@Body() body: CreatePolicyRequest) {
    return this.policies.create(body);
  }

  /** Lists policies. */
  @Get()
  async list(@ListBy(LIST) query: ListQuery) {
    return presentPage(await listPage<StoredPolicy>(this.database, query), (policies) => policies.map(policyView));
  }

  /** Shows a policy. */
  @Get(':id')
  get(@IdOrCode('dunning_policy') id: string) {
    return this.policies.get(id);
  }

  /** Changes a policy. */
  @Patch(':id')
  update(@IdOrCode('dunning_policy') id: string, @Body() body: UpdatePolicyRequest) {
    return this.policies.update(id, body);
  }
}
