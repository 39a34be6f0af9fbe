import { CURRENCIES, type Currency, type CurrencyFacts } from './currencies.js';

export { CURRENCIES, type Currency, type CurrencyFacts } from './currencies.js';

declare const moneyBrand: unique symbol;

/**
 * An amount in minor units of a currency that travels beside it: a safe integer, negative for a
 * credit.
 */
export type Money = number & { readonly [moneyBrand]: true };

/** The languages in which amounts are shown to people. */
export type MoneyLocale = 'zh-CN' | 'en';

export type MoneyErrorCode =
  | 'amount_not_safe_integer'
  | 'quantity_invalid'
  | 'weights_invalid'
  | 'amount_not_chargeable'
  | 'gateway_amount_invalid';

/** Thrown where a sum of money cannot be represented exactly or cannot be charged. */
export class MoneyError extends RangeError {
  override readonly name = 'MoneyError';

  constructor(
    readonly code: MoneyErrorCode,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Takes a number for an amount in minor units.
 * @throws MoneyError `amount_not_safe_integer` for fractions, NaN and anything beyond ±(2^53 − 1).
 */
export function money(minorUnits: number): Money {
  if (!Number.isSafeInteger(minorUnits)) {
    throw new MoneyError('amount_not_safe_integer', `not a safe integer of minor units: ${minorUnits}`);
  }
  // -0 is a safe integer too, and would not compare equal to 0 under Object.is.
  return (minorUnits === 0 ? 0 : minorUnits) as Money;
}

/** The largest single charge in any currency, in minor units: Checkout.com takes at most nine digits. */
export const MAX_CHARGE = money(999_999_999);

/** Whether a value is the code of an active ISO 4217 currency, in capitals. */
export function isCurrency(value: unknown): value is Currency {
  return typeof value === 'string' && Object.hasOwn(CURRENCIES, value);
}

/** The smallest amount the gateway charges in a currency, in minor units. */
export function minimumCharge(currency: Currency): Money {
  return money(CURRENCIES[currency].minimum);
}

/**
 * Adds two amounts of one currency, in minor units.
 * @throws MoneyError `amount_not_safe_integer` when the sum leaves the safe integers.
 */
export function add(a: Money, b: Money): Money {
  return money(a + b);
}

/**
 * Takes `b` from `a`, in minor units; negative when `b` is larger.
 * @throws MoneyError `amount_not_safe_integer` when the difference leaves the safe integers.
 */
export function subtract(a: Money, b: Money): Money {
  return money(a - b);
}

/**
 * The amount of `quantity` units at `amount` each, in minor units.
 * @throws MoneyError `quantity_invalid` unless the quantity is an integer of at least 0 (a negative
 *   one would turn a charge into a credit), `amount_not_safe_integer` on overflow.
 */
export function multiply(amount: Money, quantity: number): Money {
  if (!Number.isSafeInteger(quantity) || quantity < 0) {
    throw new MoneyError('quantity_invalid', `not a whole quantity: ${quantity}`);
  }
  return money(amount * quantity);
}

/**
 * Splits an amount in proportion to `weights` by the largest remainder: every part is its exact
 * share rounded down or up by less than one minor unit, the parts add up to the whole, and where
 * remainders tie the earliest part gets the odd unit. A negative amount splits as its mirror image.
 * @throws MoneyError `weights_invalid` unless the weights are safe integers of at least 0, one of
 *   them above 0.
 */
export function allocate(amount: Money, weights: readonly number[]): Money[] {
  if (weights.some((weight) => !Number.isSafeInteger(weight) || weight < 0)) {
    throw new MoneyError('weights_invalid', 'weights are integers of at least 0');
  }
  const total = weights.reduce((sum, weight) => sum + BigInt(weight), 0n);
  if (total === 0n) throw new MoneyError('weights_invalid', 'no weight is above 0');

  const whole = BigInt(Math.abs(amount));
  const shares = weights.map((weight) => {
    const exact = whole * BigInt(weight);
    return { part: exact / total, remainder: exact % total };
  });
  const left = shares.reduce((rest, share) => rest - share.part, whole);
  // The sort is stable: where remainders tie, the earlier part stays before the later.
  const byRemainder = shares.toSorted((a, b) => Number(b.remainder - a.remainder));
  for (const share of byRemainder.slice(0, Number(left))) share.part += 1n;
  return shares.map((share) => money(Math.sign(amount) * Number(share.part)));
}

/** Whether the gateway can take exactly this amount (minor units): within its digits, and on its quantum. */
export function isChargeable(amount: number, currency: Currency): boolean {
  const { quantum } = CURRENCIES[currency];
  return amount > 0 && amount % quantum === 0 && amount * gatewayScale(currency) <= MAX_CHARGE;
}

/**
 * The integer to send to Checkout.com for an amount in minor units.
 * @throws MoneyError `amount_not_chargeable` unless it is above 0, a multiple of the currency's
 *   quantum, and no longer than nine digits as sent.
 */
export function toGatewayAmount(amount: Money, currency: Currency): number {
  if (!isChargeable(amount, currency)) {
    throw new MoneyError('amount_not_chargeable', `${amount} ${currency} in minor units cannot be charged`);
  }
  return amount * gatewayScale(currency);
}

/**
 * The amount in minor units that an integer reported by Checkout.com stands for.
 * @throws MoneyError `gateway_amount_invalid` when it is no whole number of minor units.
 */
export function fromGatewayAmount(reported: number, currency: Currency): Money {
  const scale = gatewayScale(currency);
  if (!Number.isSafeInteger(reported) || reported % scale !== 0) {
    throw new MoneyError('gateway_amount_invalid', `not an amount of ${currency}: ${reported}`);
  }
  return money(reported / scale);
}

function gatewayScale(currency: Currency): number {
  const { exponent, gatewayExponent }: CurrencyFacts = CURRENCIES[currency];
  return 10 ** (gatewayExponent - exponent);
}

const formats = new Map<string, Intl.NumberFormat>();

/** An amount in minor units as people write it: CNY 3900 is `¥39.00` in zh-CN and `CN¥39.00` in en. */
export function formatAmount(amount: Money, currency: Currency, locale: MoneyLocale): string {
  const key = `${locale} ${currency}`;
  let format = formats.get(key);
  if (format === undefined) {
    // Intl's own digits are those of cash in daily use, which for many currencies are not ISO 4217's.
    const digits = CURRENCIES[currency].exponent;
    format = new Intl.NumberFormat(locale, {
      style: 'currency',
      currency,
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    formats.set(key, format);
  }
  // A decimal string is formatted exactly, where dividing by a power of ten would make a float.
  return format.format(toDecimal(amount, currency));
}

function toDecimal(amount: Money, currency: Currency): Intl.StringNumericLiteral {
  const { exponent } = CURRENCIES[currency];
  const digits = String(Math.abs(amount)).padStart(exponent + 1, '0');
  const sign = amount < 0 ? '-' : '';
  const major = digits.slice(0, digits.length - exponent);
  const minor = digits.slice(digits.length - exponent);
  return `${sign}${major}${minor === '' ? '' : `.${minor}`}` as Intl.StringNumericLiteral;
}
