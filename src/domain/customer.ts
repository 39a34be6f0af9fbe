export const LOCALES = ['zh-CN', 'en'] as const;
export type Locale = (typeof LOCALES)[number];

export interface Customer {
  id: string;
  email: string | null;
  name: string | null;
  phone: string | null;
  locale: Locale | null;
  time_zone: string | null;
  /** ISO 3166 alpha-2. */
  country: string | null;
  external_id: string | null;
  test_clock: string | null;
  metadata: Record<string, string>;
  created_at: Date;
  updated_at: Date;
}

/** The customer as he was when an invoice was made; what the gateway is told never changes afterwards. */
export interface BilledCustomer {
  email: string | null;
  name: string | null;
  country: string;
}

export function billedCustomer(customer: Customer, defaultCountry: string): BilledCustomer {
  return { email: customer.email, name: customer.name, country: customer.country ?? defaultCountry };
}

/** The language to write to a customer in: his own, else that of his country. `defaultCountry` is for those who have none. */
export function languageOf(customer: Pick<Customer, 'locale' | 'country'>, defaultCountry: string): Locale {
  return customer.locale ?? ((customer.country ?? defaultCountry) === 'CN' ? 'zh-CN' : 'en');
}
