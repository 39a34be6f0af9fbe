import { formatAmount, money } from '../src/domain/money.js';

const SYMBOL = 'CN¥';

/** An amount of CNY in minor units as a column of them shows it: `1,234.50`. */
export function bareAmount(minorUnits: number): string {
  return formatAmount(money(minorUnits), 'CNY', 'en').replace(SYMBOL, '');
}

/** An amount of CNY in minor units with its currency: `CNY 1,234.50`. */
export function amount(minorUnits: number): string {
  return `CNY ${bareAmount(minorUnits)}`;
}
