import { Injectable } from '@nestjs/common';
import { type Customer, languageOf, type Locale } from '../domain/customer.js';
import { Refusal } from '../domain/errors.js';
import { type Currency, formatAmount, type Money } from '../domain/money.js';
import { oncePaid, payStanding } from '../domain/pay.standing.js';
import type { Subscription } from '../domain/subscription.js';
import { PayLink } from '../messages/pay.link.js';
import { Config } from '../platform/config/config.js';
import { Database } from '../platform/database/database.js';
import { Checkout } from '../subscriptions/checkout.js';
import type { PayPage } from './pay.page.js';
import { Turnstile } from './turnstile.js';

interface Debtor extends Pick<Customer, 'locale' | 'country'>, Pick<Subscription, 'id' | 'status' | 'source' | 'cancel_at_period_end' | 'resumes_when_paid' | 'currency'> {
  plan: string;
  /** Of the oldest invoice that is owed. */
  owed: number | null;
  /** How many are, and whether the period of the oldest has begun. */
  open: number;
  began: boolean;
  /** What a first period costs, for who is asked for it before it is owed. */
  price: number;
  charging: boolean;
}

/** Where a customer who follows a link pays what he owes, through the same checkout as everybody else. */
@Injectable()
export class PayDesk {
  private readonly looks = new Turnstile(60);
  private readonly tries = new Turnstile(10);

  constructor(
    private readonly database: Database,
    private readonly link: PayLink,
    private readonly checkout: Checkout,
    private readonly config: Config,
  ) {}

  /** What the page shows; nothing happens. `fallback`: the language for who is not known. */
  async look(token: string, fallback: Locale): Promise<PayPage> {
    const found = await this.find(token, fallback, this.looks);
    return 'page' in found ? found.page : this.page(found.debtor);
  }

  /** The address of the wallet's page, or what the page shows instead. */
  async pay(token: string, fallback: Locale): Promise<string | PayPage> {
    const found = await this.find(token, fallback, this.tries);
    if ('page' in found) return found.page;
    const { debtor } = found;
    const page = this.page(debtor);
    if (page.notice !== 'payable') return page;
    try {
      await this.checkout.openAsked(debtor.id);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // Something else was quicker, a charge of the stored wallet perhaps: the page says what.
      return this.look(token, fallback);
    }
    return (await this.redirect(debtor.id)) ?? { ...page, notice: 'later' };
  }

  private async find(token: string, fallback: Locale, turnstile: Turnstile): Promise<{ page: PayPage } | { debtor: Debtor }> {
    const read = this.link.read(token);
    if (!read) return { page: { notice: 'unknown', locale: fallback } };
    if (!turnstile.lets(read.subscription)) return { page: { notice: 'too_often', locale: fallback } };
    const debtor = await this.debtor(read.subscription);
    if (!debtor) return { page: { notice: 'unknown', locale: fallback } };
    if (read.until <= (await this.database.now())) return { page: { notice: 'expired', locale: this.languageOf(debtor) } };
    return { debtor };
  }

  private page(debtor: Debtor): PayPage {
    const locale = this.languageOf(debtor);
    return {
      notice: payStanding({ ...debtor, owes: debtor.owed !== null }),
      oncePaid: oncePaid(debtor, debtor.open, debtor.began),
      locale,
      plan: debtor.plan,
      amount: formatAmount((debtor.owed ?? debtor.price) as Money, debtor.currency as Currency, locale),
    };
  }

  private languageOf(debtor: Debtor): Locale {
    return languageOf(debtor, this.config.DEFAULT_COUNTRY);
  }

  /** What the checkout would ask for: the oldest invoice that is owed. */
  private async debtor(subscription: string): Promise<Debtor | null> {
    const [debtor] = await this.database.query<Debtor>(
      `select s.id, s.status, s.source, s.cancel_at_period_end, s.resumes_when_paid, s.currency, c.locale, c.country, p.name as plan,
              v.amount * s.quantity + v.setup_fee as price,
              i.owed, i.open, i.began,
              exists (select 1 from charges h
                       where h.subscription = s.id and h.kind in ('recurring', 'retry')
                         and h.status in ('created', 'sending', 'pending', 'unknown')) as charging
         from subscriptions s join customers c on c.id = s.customer join plans p on p.id = s.plan
         join plan_versions v on v.plan = s.plan and v.version = s.plan_version
        cross join lateral (
          select (array_agg(i.amount_due order by i.period_no))[1] as owed, count(*)::int as open,
                 coalesce((array_agg(i.period_start is not null order by i.period_no))[1], false) as began
            from invoices i
           where i.subscription = s.id and i.status = 'open' and i.id is distinct from s.advance_invoice) i
        where s.id = $1`,
      [subscription],
    );
    return debtor ?? null;
  }

  private async redirect(subscription: string): Promise<string | null> {
    const [charge] = await this.database.query<{ redirect_url: string }>(
      `select redirect_url from charges
        where subscription = $1 and kind in ('initial', 'checkout') and status = 'pending' and redirect_url is not null and expires_at > $2
        order by id desc limit 1`,
      [subscription, await this.database.now()],
    );
    return charge?.redirect_url ?? null;
  }
}
