import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DEFAULT_POLICY_CODE, type DunningPolicy } from '../domain/dunning.js';
import { conflict, invalid, notFound } from '../domain/errors.js';
import { onlyGiven } from '../domain/given.js';
import { type Currency, isChargeable, minimumCharge } from '../domain/money.js';
import type { Plan, PlanVersion } from '../domain/plan.js';
import { planView } from '../domain/views.js';
import { recordEvents } from '../events/outbox.js';
import { Config } from '../platform/config/config.js';
import { Database, type Transaction, violatedConstraint } from '../platform/database/database.js';
import { isId, newId } from '../platform/ids/ids.js';
import type { CreatePlanRequest, PlanVersionRequest, UpdatePlanRequest } from './plan.requests.js';
import { PlanTable, PlanVersionTable } from './plan.tables.js';
import { PolicyTable } from './policy.tables.js';

/** The catalogue: what is sold, at what price, how often. Prices never change in place. */
@Injectable()
export class Plans {
  constructor(
    private readonly database: Database,
    private readonly config: Config,
  ) {}

  async create(request: CreatePlanRequest) {
    this.checkCurrency(request.currency);
    checkPrices(request, request.currency);
    try {
      return await this.database.transaction(async (tx) => {
        const policy = await policyCode(tx, request.dunning_policy ?? DEFAULT_POLICY_CODE);
        const plan: Plan = {
          id: newId('plan'),
          code: request.code,
          name: request.name,
          description: request.description ?? null,
          version: 1,
          active: request.active ?? true,
          dunning_policy: policy,
          catch_up: request.catch_up ?? 'all',
          renewal_notice: request.renewal_notice ?? 'required',
          spread_minutes: request.spread_minutes ?? 0,
          metadata: request.metadata ?? {},
          created_at: tx.now,
          updated_at: tx.now,
        };
        const version: PlanVersion = {
          plan: plan.id,
          version: 1,
          amount: request.amount,
          currency: request.currency,
          interval: request.interval,
          interval_count: request.interval_count ?? 1,
          trial_days: request.trial_days ?? 0,
          trial_amount: request.trial_amount ?? 0,
          setup_fee: request.setup_fee ?? 0,
          proration: request.proration ?? 'second',
          created_at: tx.now,
        };
        await tx.manager.insert(PlanTable, plan);
        await tx.manager.insert(PlanVersionTable, version);
        return this.told(tx, 'plan.created', plan, version);
      });
    } catch (error) {
      if (violatedConstraint(error) !== 'plans_code') throw error;
      throw conflict('plan_code_taken', `There is a plan with the code "${request.code}" already.`);
    }
  }

  /** New price terms for new subscriptions; but for the amount, what is left out stays as it was. */
  async addVersion(idOrCode: string, request: PlanVersionRequest) {
    return this.database.transaction(async (tx) => {
      const plan = await this.find(tx.manager, idOrCode, true);
      const before = await this.versionOf(tx.manager, plan);
      const given = onlyGiven(request);
      const version: PlanVersion = { ...before, ...given, version: before.version + 1, created_at: tx.now };
      checkPrices(version, version.currency);
      const updated: Plan = { ...plan, version: version.version, updated_at: tx.now };
      await tx.manager.insert(PlanVersionTable, version);
      await tx.manager.update(PlanTable, { id: plan.id }, { version: updated.version, updated_at: tx.now });
      return this.told(tx, 'plan.updated', updated, version, { version: before.version });
    });
  }

  async update(idOrCode: string, request: UpdatePlanRequest) {
    return this.database.transaction(async (tx) => {
      const plan = await this.find(tx.manager, idOrCode, true);
      const given = onlyGiven(request) as Partial<Plan>;
      if (given.dunning_policy !== undefined) given.dunning_policy = await policyCode(tx, given.dunning_policy);
      if (Object.keys(given).length === 0) return planView(plan, await this.versionOf(tx.manager, plan));
      const updated: Plan = { ...plan, ...given, updated_at: tx.now };
      await tx.manager.update(PlanTable, { id: plan.id }, { ...given, updated_at: tx.now });
      const previous = Object.fromEntries(Object.keys(given).map((key) => [key, plan[key as keyof Plan]]));
      return this.told(tx, 'plan.updated', updated, await this.versionOf(tx.manager, plan), previous);
    });
  }

  async get(idOrCode: string) {
    const plan = await this.find(this.database.dataSource.manager, idOrCode);
    return planView(plan, await this.versionOf(this.database.dataSource.manager, plan));
  }

  async present(plans: readonly Plan[]) {
    const versions = await this.database.query<PlanVersion>(
      `select v.* from plan_versions v join plans p on p.id = v.plan and p.version = v.version where p.id = any($1)`,
      [plans.map((p) => p.id)],
    );
    const byPlan = new Map(versions.map((v) => [v.plan, v]));
    return plans.map((plan) => planView(plan, byPlan.get(plan.id) as PlanVersion));
  }

  /** The plan that new subscriptions get, by id or code, with its current price terms. */
  async forSale(tx: Transaction, idOrCode: string): Promise<{ plan: Plan; version: PlanVersion; policy: DunningPolicy }> {
    const plan = await this.find(tx.manager, idOrCode);
    if (!plan.active) throw conflict('plan_inactive', `The plan "${plan.code}" is not sold any more.`);
    const policy = await tx.manager.findOneByOrFail(PolicyTable, { code: plan.dunning_policy });
    return { plan, version: await this.versionOf(tx.manager, plan), policy };
  }

  private async find(manager: EntityManager, idOrCode: string, lock = false): Promise<Plan> {
    const plan = await manager.findOne(PlanTable, {
      where: isId('plan', idOrCode) ? { id: idOrCode } : { code: idOrCode },
      ...(lock && { lock: { mode: 'pessimistic_write' } }),
    });
    if (!plan) throw notFound('plan', idOrCode);
    return plan;
  }

  private async versionOf(manager: EntityManager, plan: Plan): Promise<PlanVersion> {
    return manager.findOneByOrFail(PlanVersionTable, { plan: plan.id, version: plan.version });
  }

  private async told(
    tx: Transaction,
    type: 'plan.created' | 'plan.updated',
    plan: Plan,
    version: PlanVersion,
    previous?: object,
  ) {
    const object = planView(plan, version);
    await recordEvents(tx, [{ type, subject: plan.id, at: tx.now, data: { object, ...(previous && { previous }) } }]);
    return object;
  }

  private checkCurrency(currency: string): void {
    if (this.config.CURRENCIES && !this.config.CURRENCIES.includes(currency)) {
      throw invalid('currency', `must be one of ${this.config.CURRENCIES.join(', ')}`);
    }
  }
}

/** The code of the dunning policy that is named, by id or code. Policies are never removed, so it stays true. */
async function policyCode(tx: Transaction, idOrCode: string): Promise<string> {
  const [policy] = await tx.query<{ code: string }>('select code from dunning_policies where code = $1 or id = $1', [idOrCode]);
  if (!policy) throw invalid('dunning_policy', 'is not a dunning policy');
  return policy.code;
}

/** Amounts that the gateway would refuse every time are refused here, once. */
function checkPrices(terms: PlanVersionRequest, currency: string): void {
  const smallest = minimumCharge(currency as Currency);
  if (terms.amount < smallest) throw invalid('amount', `must be at least ${smallest} in ${currency}`);
  const trial = terms.trial_amount ?? 0;
  const fee = terms.setup_fee ?? 0;
  if (trial > 0 && trial < smallest) throw invalid('trial_amount', `must be 0 or at least ${smallest} in ${currency}`);
  if (trial > 0 && (terms.trial_days ?? 0) === 0) throw invalid('trial_amount', 'needs trial_days');
  const money = currency as Currency;
  if (!isChargeable(terms.amount, money)) throw invalid('amount', `cannot be charged in ${currency}`);
  if (!isChargeable(terms.amount + fee, money)) throw invalid('setup_fee', `makes a charge that is impossible in ${currency}`);
  if (trial > 0 && !isChargeable(trial + fee, money)) {
    throw invalid('trial_amount', `makes a charge that is impossible in ${currency}`);
  }
}
