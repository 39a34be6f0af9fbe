import type { Locale } from './customer.js';
import type { DunningPolicy } from './dunning.js';
import { fill, PLACEHOLDERS, type Placeholder, type Template, type Values } from './message.templates.js';
import type { MessageData, MessageName } from './message.js';
import { type Currency, formatAmount, type Money } from './money.js';
import type { OncePaid } from './pay.standing.js';

/** A message as its reader sees it. */
export interface Wording {
  subject: string;
  text: string;
  html: string;
}

const PAID_WITH: Record<Locale, { wallet: string; balance: string; both: string }> = {
  en: { wallet: 'Alipay', balance: 'your balance with us', both: 'Alipay and your balance with us' },
  'zh-CN': { wallet: '支付宝', balance: '账户余额抵扣', both: '支付宝与账户余额抵扣' },
};
const WALLET: Record<Locale, string> = { en: 'your Alipay wallet', 'zh-CN': '您的支付宝账户' };
const ONCE_PAID: Record<Locale, Record<OncePaid, string>> = {
  en: {
    goes_on: 'everything goes on as before',
    more_owed: 'your subscription goes on as soon as the rest of what is owed is paid as well',
    stays_paused: 'this debt is settled; your subscription stays paused until it is resumed',
  },
  'zh-CN': {
    goes_on: '服务将照常继续',
    more_owed: '待其余欠款也付清后，服务将照常继续',
    stays_paused: '该笔欠款即可结清；在恢复订阅之前，您的订阅仍保持暂停',
  },
};
const FINAL_ACTION: Record<Locale, Record<DunningPolicy['final_action'], string>> = {
  en: {
    cancel: 'we will have to end your subscription',
    unpaid: 'we will have to suspend your subscription until what is owed is paid',
    pause: 'we will have to pause your subscription',
  },
  'zh-CN': { cancel: '我们将不得不终止您的订阅', unpaid: '您的订阅将停止服务，直至付清欠款', pause: '您的订阅将被暂停' },
};
const PAY_NOW: Record<Locale, string> = { en: 'Pay now', 'zh-CN': '立即支付' };

const dates = new Map<string, Intl.DateTimeFormat>();

/** A day as people write it: `10 April 2026`, `2026年4月10日`. */
export function formatDate(instant: string, timeZone: string, locale: Locale): string {
  return format(instant, timeZone, locale, { dateStyle: 'long' });
}

/** With the time of day: `10 April 2026 at 09:30`, `2026年4月10日 09:30`. */
function formatMoment(instant: string, timeZone: string, locale: Locale): string {
  return format(instant, timeZone, locale, { dateStyle: 'long', timeStyle: 'short' });
}

function format(instant: string, timeZone: string, locale: Locale, style: Intl.DateTimeFormatOptions): string {
  const key = `${locale} ${timeZone} ${style.timeStyle}`;
  let known = dates.get(key);
  if (known === undefined) {
    known = new Intl.DateTimeFormat(locale === 'en' ? 'en-GB' : locale, { ...style, timeZone });
    dates.set(key, known);
  }
  return known.format(new Date(instant));
}

/** What stands in the place of each placeholder; `link` only where the message carries one. */
export function valuesOf(name: MessageName, data: MessageData, locale: Locale, link: string): Values {
  const day = (instant: string | undefined) => (instant === undefined ? undefined : formatDate(instant, data.time_zone, locale));
  const money = (amount: number | undefined) => (amount === undefined ? undefined : formatAmount(amount as Money, data.currency as Currency, locale));
  const all: { [P in Placeholder]: string | undefined } = {
    customer_name: data.customer_name,
    plan_name: data.plan_name,
    amount: money(data.amount),
    refunded: money(data.refunded),
    paid_with: paidWith(data, locale),
    invoice_number: data.invoice_number,
    period_start: day(data.period_start),
    period_end: day(data.period_end),
    date: day(data.date),
    next_date: day(data.next_date),
    // It may be a matter of hours.
    pay_by: data.pay_by && formatMoment(data.pay_by, data.time_zone, locale),
    final_action: data.final_action && FINAL_ACTION[locale][data.final_action],
    once_paid: ONCE_PAID[locale][data.once_paid ?? 'goes_on'],
    access_until: day(data.access_until),
    wallet: data.no_wallet ? undefined : WALLET[locale],
    link: data.payable ? link : undefined,
  };
  return Object.fromEntries(PLACEHOLDERS[name].filter((key) => all[key] !== undefined).map((key) => [key, all[key]]));
}

function paidWith({ amount = 0, from_balance: balance = 0 }: MessageData, locale: Locale): string {
  if (balance === 0) return PAID_WITH[locale].wallet;
  return balance < amount ? PAID_WITH[locale].both : PAID_WITH[locale].balance;
}

/** The message in words. Whatever came from outside is escaped in HTML, and cannot break out of the subject's line. */
export function word(template: Template, values: Values, locale: Locale): Wording {
  const subject = oneLine(fill(template.subject, values));
  const text = tidy(fill(template.text, values));
  const html = template.html === null ? layOut(subject, text, values.link, locale) : fill(template.html, values, escapeHtml);
  return { subject, text, html };
}

export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
}

/** What was left out leaves no holes behind. */
function tidy(text: string): string {
  return `${text.replaceAll('\r\n', '\n').replace(/\n{3,}/g, '\n\n').trim()}\n`;
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char] as string);
}

const BODY = 'margin:0;padding:24px 16px;background:#f5f6f8;color:#1d2129;font:16px/1.6 -apple-system,BlinkMacSystemFont,\'Segoe UI\',\'PingFang SC\',\'Microsoft YaHei\',sans-serif';
const SHEET = 'max-width:32em;margin:0 auto;padding:24px;background:#fff;border-radius:12px';
const BUTTON = 'display:inline-block;padding:12px 28px;background:#1677ff;color:#fff;border-radius:8px;text-decoration:none';

/** The plain text as a simple page: paragraphs, and a button where the link stands on a line of its own. */
function layOut(subject: string, text: string, link: string | undefined, locale: Locale): string {
  const paragraphs = text.trim().split('\n\n').map((paragraph) => {
    const inner = link !== undefined && paragraph === link
      ? `<a href="${escapeHtml(link)}" style="${BUTTON}">${PAY_NOW[locale]}</a>`
      : escapeHtml(paragraph).replaceAll('\n', '<br>');
    return `<p style="margin:0 0 16px">${inner}</p>`;
  });
  return `<!doctype html>
<html lang="${locale}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escapeHtml(subject)}</title></head>
<body style="${BODY}">
<div style="${SHEET}">
${paragraphs.join('\n')}
</div>
</body>
</html>
`;
}
