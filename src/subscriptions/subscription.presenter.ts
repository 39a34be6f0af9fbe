import { Injectable } from '@nestjs/common';
import { CaseStore } from '../cases/case.store.js';
import type { Charge } from '../domain/charge.js';
import { notFound, Refusal } from '../domain/errors.js';
import { upcomingInvoice, whyNothingUpcoming } from '../domain/noticing.js';
import type { Source } from '../domain/source.js';
import { access, type Subscription } from '../domain/subscription.js';
import { subscriptionView, upcomingInvoiceView } from '../domain/views.js';
import { Database } from '../platform/database/database.js';
import { isId } from '../platform/ids/ids.js';
import { Wallets } from '../wallets/wallets.js';
import { loadCase } from './subscription.case.js';

type CheckoutStatus = 'ready' | 'pending' | 'failed' | 'done' | 'none';

/** Subscriptions as the world sees them: with access, wallet and checkout. Works in sets. */
@Injectable()
export class SubscriptionPresenter {
  constructor(
    private readonly database: Database,
    private readonly cases: CaseStore,
    private readonly wallets: Wallets,
  ) {}

  async get(id: string) {
    const [subscription] = isId('sub', id)
      ? await this.database.query<Subscription>('select * from subscriptions where id = $1', [id])
      : [];
    if (!subscription) throw notFound('subscription', id);
    const [view] = await this.present([subscription]);
    return view;
  }

  /** What its next renewal will charge, reckoned from its case as it stands; nothing is stored. */
  async upcomingInvoice(id: string) {
    const c = await this.database.transaction((tx) => loadCase(tx, this.cases, id));
    const upcoming = upcomingInvoice(c);
    if (upcoming === null) throw new Refusal('not_found', 'upcoming_invoice_not_found', `Nothing will be charged: ${whyNothingUpcoming(c.subscription)}.`);
    return upcomingInvoiceView(c.subscription, upcoming);
  }

  async present(subscriptions: readonly Subscription[]) {
    if (subscriptions.length === 0) return [];
    const ids = subscriptions.map((s) => s.id);
    const now = await this.database.now();
    const redirects = await this.database.query<Charge>(
      `select distinct on (subscription) * from charges
        where subscription = any($1) and kind in ('initial', 'checkout')
        order by subscription, id desc`,
      [ids],
    );
    const sources = await this.database.query<Source>(
      `select distinct on (subscription) s.* from sources s
        where subscription = any($1)
        order by subscription, (status = 'active') desc, id desc`,
      [ids],
    );
    const plans = await this.database.query<{ id: string; grace_days: number }>(
      'select p.id, d.grace_days from plans p join dunning_policies d on d.code = p.dunning_policy where p.id = any($1)',
      [[...new Set(subscriptions.map((s) => s.plan))]],
    );
    const names = this.wallets.opened(sources);
    const graceOf = new Map(plans.map((plan) => [plan.id, plan.grace_days]));
    const redirectOf = new Map(redirects.map((charge) => [charge.subscription, charge]));
    const sourceOf = new Map(sources.map((source) => [source.subscription, source]));
    return subscriptions.map((s) => {
      const { until, reason } = access(s, graceOf.get(s.plan) ?? 0);
      const source = sourceOf.get(s.id);
      const name = names.get(source?.id ?? '');
      return {
        ...subscriptionView(s),
        access_until: until,
        access_reason: reason,
        source: source && name !== undefined ? { id: name, status: source.status } : null,
        checkout: checkoutOf(redirectOf.get(s.id), now),
      };
    });
  }
}

function checkoutOf(charge: Charge | undefined, now: Date) {
  const status = checkoutStatus(charge, now);
  // Only a link that can be paid is handed out, never an old one.
  const ready = status === 'ready' && charge !== undefined;
  return { status, url: ready ? charge.redirect_url : null, expires_at: ready ? charge.expires_at : null };
}

function checkoutStatus(charge: Charge | undefined, now: Date): CheckoutStatus {
  if (!charge) return 'none';
  switch (charge.status) {
    case 'created':
    case 'sending':
    case 'unknown':
      return 'pending';
    case 'pending':
      if (charge.expires_at !== null && charge.expires_at <= now) return 'failed';
      return charge.redirect_url === null ? 'pending' : 'ready';
    case 'captured':
      return 'done';
    default:
      return 'failed';
  }
}
