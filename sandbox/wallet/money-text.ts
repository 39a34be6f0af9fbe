/** An amount in minor units as people write it: 4900 CNY is "CN¥ 49.00". */
export function moneyText(amount: number, currency: string): string {
  const format = new Intl.NumberFormat('en-US', { style: 'currency', currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  const padded = String(amount).padStart(digits + 1, '0');
  const decimal = digits === 0 ? padded : `${padded.slice(0, -digits)}.${padded.slice(-digits)}`;
  // Formatted from text: a float would not hold every amount.
  const parts = format.formatToParts(decimal as unknown as number);
  const symbol = parts.find(({ type }) => type === 'currency')?.value ?? currency;
  return `${symbol} ${parts.filter(({ type }) => type !== 'currency' && type !== 'literal').map(({ value }) => value).join('')}`;
}
