import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  CURRENCIES,
  MAX_CHARGE,
  MoneyError,
  add,
  allocate,
  formatAmount,
  fromGatewayAmount,
  isChargeable,
  isCurrency,
  minimumCharge,
  money,
  multiply,
  subtract,
  toGatewayAmount,
  type Currency,
  type CurrencyFacts,
} from './money.js';

const CODES = Object.keys(CURRENCIES) as Currency[];
const facts = (code: Currency): CurrencyFacts => CURRENCIES[code];

const WHOLE = 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF'.split(' ');
const THOUSANDTHS = 'BHD IQD JOD KWD LYD OMR TND'.split(' ');

const charge = fc.integer({ min: 0, max: MAX_CHARGE }).map(money);
const signed = fc.maxSafeInteger().map(money);

/** A refusal has a code for programs and a message for people, which shows them what was wrong. */
const coded = (code: string, shown: number | string) =>
  expect.objectContaining({ name: 'MoneyError', code, message: expect.stringContaining(String(shown)) });

describe('currencies', () => {
  it.each(CODES)('%s has the exponent of ISO 4217', (code) => {
    expect(facts(code).exponent).toBe(WHOLE.includes(code) ? 0 : THOUSANDTHS.includes(code) ? 3 : 2);
  });

  it.each(CODES)('%s charges in steps the gateway takes, from a minimum that is one of them', (code) => {
    expect(facts(code).quantum).toBe(THOUSANDTHS.includes(code) ? 10 : 1);
    expect(minimumCharge(code)).toBe(code === 'CNY' ? 10 : facts(code).quantum);
    expect(toGatewayAmount(minimumCharge(code), code)).toBeGreaterThan(0);
  });

  it('lists every currency in use once and nothing that nobody can pay in', () => {
    expect(CODES).toHaveLength(155);
    expect(CODES).toEqual(CODES.toSorted());
    expect(CODES.filter((code) => !/^[A-Z]{3}$/.test(code))).toEqual([]);
    for (const code of ['CNY', 'HKD', 'EUR', 'SGD', 'GBP', 'XCG', 'ZWG', 'SLE', 'VED']) expect(isCurrency(code)).toBe(true);
    for (const code of ['XAU', 'XTS', 'XXX', 'XDR', 'CLF', 'USN', 'HRK', 'BGN', 'ANG', 'RMB']) expect(isCurrency(code)).toBe(false);
  });

  it.each(['cny', 'CN', '', 'toString', '__proto__', null, undefined, 156, ['CNY']])('%s is not a currency', (value) => {
    expect(isCurrency(value)).toBe(false);
  });
});

describe('arithmetic', () => {
  it.each([0.5, NaN, Infinity, -Infinity, Number.MAX_SAFE_INTEGER + 1, 1.005 * 100])('%s is not money', (value) => {
    expect(() => money(value)).toThrow(coded('amount_not_safe_integer', value));
  });

  it('adds, subtracts and multiplies exactly or not at all', () => {
    const exact = (expected: bigint, compute: () => number): void => {
      const safe = expected >= BigInt(Number.MIN_SAFE_INTEGER) && expected <= BigInt(Number.MAX_SAFE_INTEGER);
      if (safe) expect(BigInt(compute())).toBe(expected);
      else expect(compute).toThrow(MoneyError);
    };
    fc.assert(
      fc.property(signed, signed, fc.maxSafeNat(), (a, b, quantity) => {
        exact(BigInt(a) + BigInt(b), () => add(a, b));
        exact(BigInt(a) - BigInt(b), () => subtract(a, b));
        exact(BigInt(a) * BigInt(quantity), () => multiply(a, quantity));
        exact(BigInt(a) * BigInt(quantity % 1_000), () => multiply(a, quantity % 1_000));
      }),
    );
  });

  it('keeps the last safe integer and refuses the next', () => {
    const last = money(Number.MAX_SAFE_INTEGER);
    expect(add(last, money(0))).toBe(last);
    expect(() => add(last, money(1))).toThrow(coded('amount_not_safe_integer', 2 ** 53));
    expect(() => subtract(money(-2), last)).toThrow(coded('amount_not_safe_integer', -(2 ** 53)));
  });

  it('knows no negative zero', () => {
    expect(Object.is(money(-0), 0)).toBe(true);
    expect(Object.is(multiply(money(-5), 0), 0)).toBe(true);
    expect(allocate(money(-1), [0, 1]).map((part) => Object.is(part, -0))).toEqual([false, false]);
  });

  it.each([-1, 1.5, NaN, Infinity])('refuses a quantity of %s', (quantity) => {
    expect(() => multiply(money(100), quantity)).toThrow(coded('quantity_invalid', quantity));
  });
});

describe('allocate', () => {
  const weights = fc
    .array(fc.oneof(fc.nat({ max: 20 }), fc.maxSafeNat()), { minLength: 1, maxLength: 20 })
    .filter((list) => list.some((weight) => weight > 0));

  it('gives parts that add up to the whole, each less than one unit from its exact share', () => {
    fc.assert(
      fc.property(fc.oneof(charge, signed), weights, (amount, list) => {
        const parts = allocate(amount, list);
        expect(parts.reduce((sum, part) => sum + BigInt(part), 0n)).toBe(BigInt(amount));
        const total = list.reduce((sum, weight) => sum + BigInt(weight), 0n);
        parts.forEach((part, i) => {
          const off = BigInt(part) * total - BigInt(amount) * BigInt(list[i] ?? 0);
          expect(off > -total && off < total).toBe(true);
        });
      }),
      { numRuns: 1_000 },
    );
  });

  it('gives the odd units to the largest remainders, and to the earliest where they tie', () => {
    expect(allocate(money(100), [1, 1, 2, 1])).toEqual([20, 20, 40, 20]);
    expect(allocate(money(10), [1, 5, 4, 8])).toEqual([1, 3, 2, 4]);
    expect(allocate(money(2), [1, 1, 1])).toEqual([1, 1, 0]);
    fc.assert(
      fc.property(fc.oneof(fc.nat(1_000), charge), weights, (amount, list) => {
        const parts = allocate(money(amount), list);
        const total = list.reduce((sum, weight) => sum + BigInt(weight), 0n);
        const shares = list.map((weight, i) => {
          const exact = BigInt(amount) * BigInt(weight);
          return { i, remainder: exact % total, odd: BigInt(parts[i] ?? 0) > exact / total };
        });
        for (const got of shares.filter((share) => share.odd)) {
          for (const not of shares.filter((share) => !share.odd)) {
            expect(got.remainder > not.remainder || (got.remainder === not.remainder && got.i < not.i)).toBe(true);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('gives equal weights parts that differ by at most one unit, the larger ones first', () => {
    fc.assert(
      fc.property(charge, fc.integer({ min: 1, max: 50 }), (amount, n) => {
        const parts = allocate(amount, Array<number>(n).fill(7));
        expect(parts).toEqual(parts.toSorted((a, b) => b - a));
        expect((parts[0] ?? 0) - (parts.at(-1) ?? 0)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('mirrors a credit and leaves nothing to a weight of 0', () => {
    fc.assert(
      fc.property(charge, weights, (amount, list) => {
        const parts = allocate(amount, list);
        expect(allocate(subtract(money(0), amount), list)).toEqual(parts.map((part) => subtract(money(0), part)));
        expect(parts.filter((part, i) => list[i] === 0 && part !== 0)).toEqual([]);
      }),
    );
  });

  it.each([[[2, -1]], [[1, -1]], [[1, 0.5]], [[0.5, 0.5]], [[NaN]]])('refuses the weights %j, which are none', (list) => {
    expect(() => allocate(money(100), list)).toThrow(coded('weights_invalid', 'integers of at least 0'));
  });

  it.each([[[]], [[0, 0]]])('refuses the weights %j, which weigh nothing', (list) => {
    expect(() => allocate(money(100), list)).toThrow(coded('weights_invalid', 'above 0'));
  });
});

describe('gateway amounts', () => {
  it.each(CODES)('%s comes back as it was sent', (code) => {
    const { exponent, gatewayExponent, quantum } = facts(code);
    const most = Math.floor(MAX_CHARGE / 10 ** (gatewayExponent - exponent) / quantum);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: most }), (steps) => {
        const amount = money(steps * quantum);
        expect(fromGatewayAmount(toGatewayAmount(amount, code), code)).toBe(amount);
      }),
      { numRuns: 20 },
    );
    expect(() => toGatewayAmount(money((most + 1) * quantum), code)).toThrow(coded('amount_not_chargeable', code));
  });

  it('sends pesos as hundredths and everything else as it is', () => {
    expect(toGatewayAmount(money(990), 'CLP')).toBe(99_000);
    expect(fromGatewayAmount(99_000, 'CLP')).toBe(990);
    expect(CODES.filter((code) => facts(code).exponent !== facts(code).gatewayExponent)).toEqual(['CLP']);
  });

  it('refuses nothing, less than nothing, and a last digit the gateway does not take', () => {
    expect(() => toGatewayAmount(money(0), 'CNY')).toThrow(coded('amount_not_chargeable', '0 CNY'));
    expect(() => toGatewayAmount(money(-1_000), 'CNY')).toThrow(coded('amount_not_chargeable', '-1000 CNY'));
    expect(() => toGatewayAmount(money(1_001), 'BHD')).toThrow(coded('amount_not_chargeable', '1001 BHD'));
    expect(() => fromGatewayAmount(99_050, 'CLP')).toThrow(coded('gateway_amount_invalid', 'CLP: 99050'));
    expect(() => fromGatewayAmount(10.5, 'CNY')).toThrow(coded('gateway_amount_invalid', 'CNY: 10.5'));
  });

  it.each(CODES)('%s can be charged exactly when there is something to send', (code) => {
    const edges = fc.constantFrom(-1, 0, 0.5, 1, 9, 10, MAX_CHARGE - 9, MAX_CHARGE, MAX_CHARGE + 1, NaN, Infinity);
    fc.assert(
      fc.property(fc.oneof(edges, fc.integer({ min: -20, max: MAX_CHARGE * 2 })), (amount) => {
        const sent = (): number => toGatewayAmount(money(amount), code);
        if (isChargeable(amount, code)) expect(sent()).toBeLessThanOrEqual(999_999_999);
        else expect(sent).toThrow(MoneyError);
      }),
      { numRuns: 30 },
    );
    const { quantum, exponent, gatewayExponent } = facts(code);
    expect(isChargeable(quantum, code)).toBe(true);
    expect(isChargeable(quantum / 2, code)).toBe(false);
    expect(isChargeable(Math.floor(999_999_999 / 10 ** (gatewayExponent - exponent) / quantum) * quantum, code)).toBe(true);
    expect([0, -quantum, 1_000_000_000, NaN].map((amount) => isChargeable(amount, code))).toEqual([false, false, false, false]);
  });
});

describe('formatAmount', () => {
  it.each([
    [3_900, 'CNY', 'zh-CN', '¥39.00'],
    [3_900, 'CNY', 'en', 'CN¥39.00'],
    [-123_456_789, 'CNY', 'zh-CN', '-¥1,234,567.89'],
    [5, 'CNY', 'zh-CN', '¥0.05'],
    [0, 'CNY', 'en', 'CN¥0.00'],
    [1_200, 'JPY', 'en', '¥1,200'],
    [1_200, 'JPY', 'zh-CN', 'JP¥1,200'],
    [1_250, 'KWD', 'en', 'KWD\u00a01.250'],
    [150_050, 'IDR', 'en', 'IDR\u00a01,500.50'],
    [Number.MAX_SAFE_INTEGER, 'USD', 'en', '$90,071,992,547,409.91'],
  ] as const)('%d %s in %s is %s', (amount, currency, locale, text) => {
    expect(formatAmount(money(amount), currency, locale)).toBe(text);
  });

  it.each(CODES)('%s shows every minor unit in both languages', (code) => {
    fc.assert(
      fc.property(signed, fc.constantFrom('zh-CN' as const, 'en' as const), (amount, locale) => {
        const text = formatAmount(amount, code, locale);
        expect(BigInt(text.replace(/\D/g, ''))).toBe(BigInt(Math.abs(amount)));
        // Some symbols end in a full stop of their own ("Cg.").
        expect(/\d(?:\.(\d+))?$/.exec(text)?.[1] ?? '').toHaveLength(facts(code).exponent);
        expect(text.includes('-')).toBe(amount < 0);
      }),
      { numRuns: 10 },
    );
  });
});
