import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DEFAULT_POLICY_CODE, type StoredPolicy } from '../domain/dunning.js';
import { conflict, invalid, notFound } from '../domain/errors.js';
import { onlyGiven } from '../domain/given.js';
import { leaveTime } from '../domain/hours.js';
import { policyView } from '../domain/views.js';
import { Database, violatedConstraint } from '../platform/database/database.js';
import { isId, newId } from '../platform/ids/ids.js';
import type { CreatePolicyRequest, UpdatePolicyRequest } from './policy.requests.js';
import { PolicyTable } from './policy.tables.js';

/** Dunning policies: what plans name when a payment fails. A change counts from the next decision on. */
@Injectable()
export class Policies {
  constructor(private readonly database: Database) {}

  async create(request: CreatePolicyRequest) {
    try {
      return await this.database.transaction(async (tx) => {
        // What is left out is as the default has it.
        const model = await this.find(tx.manager, DEFAULT_POLICY_CODE);
        const named = { id: newId('dun'), code: request.code, metadata: {} };
        const policy: StoredPolicy = { ...model, ...named, ...termsOf(request), created_at: tx.now, updated_at: tx.now };
        await tx.manager.insert(PolicyTable, policy);
        const view = policyView(policy);
        tx.note({ resource: policy.id, before: null, after: view });
        return view;
      });
    } catch (error) {
      if (violatedConstraint(error) !== 'dunning_policies_code') throw error;
      throw conflict('dunning_policy_code_taken', `There is a dunning policy with the code "${request.code}" already.`);
    }
  }

  async update(idOrCode: string, request: UpdatePolicyRequest) {
    return this.database.transaction(async (tx) => {
      const policy = await this.find(tx.manager, idOrCode, true);
      const terms = termsOf(request);
      if (Object.keys(terms).length === 0) return policyView(policy);
      const updated: StoredPolicy = { ...policy, ...terms, updated_at: tx.now };
      await tx.manager.update(PolicyTable, { id: policy.id }, { ...terms, updated_at: tx.now });
      tx.note({ resource: policy.id, before: policyView(policy), after: policyView(updated) });
      return policyView(updated);
    });
  }

  async get(idOrCode: string) {
    return policyView(await this.find(this.database.dataSource.manager, idOrCode));
  }

  private async find(manager: EntityManager, idOrCode: string, lock = false): Promise<StoredPolicy> {
    const policy = await manager.findOne(PolicyTable, {
      where: isId('dun', idOrCode) ? { id: idOrCode } : { code: idOrCode },
      ...(lock && { lock: { mode: 'pessimistic_write' } }),
    });
    if (!policy) throw notFound('dunning_policy', idOrCode);
    return policy;
  }
}

/** The terms that a request gives, as they are kept: plain data, every choice spelt out. */
function termsOf(request: UpdatePolicyRequest): Partial<StoredPolicy> {
  for (const name of ['allowed_hours', 'quiet_hours'] as const) {
    const hours = request[name];
    if (hours && hours.from === hours.to) throw invalid(`${name}.to`, 'must differ from where the hours begin');
  }
  if (request.quiet_hours && !leaveTime(request.quiet_hours)) throw invalid('quiet_hours.to', 'must leave some of the day: nobody could ever be written to');
  const { retries, technical_retries, allowed_hours, quiet_hours, final_action, grace_days, metadata } = request;
  const terms = {
    retries: retries?.map(({ after, notify = true }) => ({ after, notify })),
    technical_retries: technical_retries?.map(({ after }) => ({ after })),
    allowed_hours: allowed_hours && { from: allowed_hours.from, to: allowed_hours.to },
    quiet_hours: quiet_hours && { from: quiet_hours.from, to: quiet_hours.to },
    final_action,
    grace_days,
    metadata,
  };
  return onlyGiven(terms);
}
