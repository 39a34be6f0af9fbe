import { Body, Controller, Get, Patch, Post, Req } from '@nestjs/common';
import type { Request } from 'express';
import { FINAL_ACTIONS, type StoredPolicy } from '../domain/dunning.js';
import { policyView } from '../domain/views.js';
import { Database } from '../platform/database/database.js';
import { Creates } from '../platform/http/creates.js';
import { IdOrCode } from '../platform/http/id.or.code.js';
import { DATE_FILTERS, listPage, type ListSpec, presentPage } from '../platform/http/list.js';
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

@Controller('v1/dunning_policies')
export class PoliciesController {
  constructor(
    private readonly policies: Policies,
    private readonly database: Database,
  ) {}

  @Post()
  @Creates('dun')
  create(@Body() body: CreatePolicyRequest) {
    return this.policies.create(body);
  }

  @Get()
  async list(@Req() request: Request) {
    return presentPage(await listPage<StoredPolicy>(this.database, LIST, request), (policies) => policies.map(policyView));
  }

  @Get(':id')
  get(@IdOrCode('dunning_policy') id: string) {
    return this.policies.get(id);
  }

  @Patch(':id')
  update(@IdOrCode('dunning_policy') id: string, @Body() body: UpdatePolicyRequest) {
    return this.policies.update(id, body);
  }
}
