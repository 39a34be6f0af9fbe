import { createHash } from 'node:crypto';
import type { Locale } from '../domain/customer.js';
import { escapeHtml } from '../domain/message.wording.js';
import type { OncePaid, PayStanding } from '../domain/pay.standing.js';

/** What the page says: how things stand, or why nothing can be said. */
export type PayNotice = PayStanding | 'later' | 'expired' | 'unknown' | 'too_often';

export interface PayPage {
  notice: PayNotice;
  locale: Locale;
  /** Where they are known: what is paid for, and how much as people write it. */
  plan?: string;
  amount?: string;
  oncePaid?: OncePaid;
}

const STATUS: Partial<Record<PayNotice, number>> = { later: 503, expired: 410, unknown: 404, too_often: 429 };
/** Seconds after which it makes sense to look again. */
const RETRY_AFTER: Partial<Record<PayNotice, number>> = { in_progress: 30, later: 10, too_often: 60 };

export function statusOf(notice: PayNotice): number {
  return STATUS[notice] ?? 200;
}

export function retryAfter(notice: PayNotice): number | undefined {
  return RETRY_AFTER[notice];
}

const BUTTON: Record<Locale, string> = { en: 'Pay with Alipay', 'zh-CN': '用支付宝付款' };

const TEXTS: Record<Locale, Record<PayNotice, { title: string; text: string }>> = {
  en: {
    payable: { title: 'Your payment', text: 'You pay in your Alipay wallet.' },
    nothing_owed: { title: 'Nothing to pay', text: 'There is nothing to pay at the moment. You can close this page.' },
    in_progress: {
      title: 'A payment is under way',
      text: 'Your wallet is being charged right now. Please look again in a little while, before you pay by yourself.',
    },
    ended: { title: 'This subscription has ended', text: 'There is nothing to pay any more. You can close this page.' },
    later: { title: 'One moment, please', text: 'Alipay’s payment page is not ready yet. Please try again in a few seconds; nothing has been charged.' },
    expired: { title: 'This link has expired', text: 'Please use the link in our latest e-mail, or ask us for a new one.' },
    unknown: { title: 'We do not know this link', text: 'Please open it straight from the e-mail: perhaps a part of it was lost on the way.' },
    too_often: { title: 'That was a little too fast', text: 'Please wait a minute, then try again.' },
  },
  'zh-CN': {
    payable: { title: '待支付', text: '您将在支付宝中完成付款。' },
    nothing_owed: { title: '无需付款', text: '目前没有需要支付的费用，您可以关闭此页面。' },
    in_progress: { title: '正在扣款', text: '我们正在从您的支付宝账户扣款，请稍后再来查看，以免重复付款。' },
    ended: { title: '订阅已终止', text: '这项订阅已经终止，无需再付款，您可以关闭此页面。' },
    later: { title: '请稍候', text: '支付宝付款页面尚未就绪，请几秒钟后重试，目前没有产生任何扣款。' },
    expired: { title: '链接已过期', text: '请使用我们最近一封邮件中的链接，或联系我们获取新的链接。' },
    unknown: { title: '链接无效', text: '请直接从邮件中打开链接，可能复制时有所遗漏。' },
    too_often: { title: '操作过于频繁', text: '请等待一分钟后重试。' },
  },
};

const AFTERWARDS: Record<Locale, Record<OncePaid, string>> = {
  en: {
    goes_on: 'Afterwards your subscription goes on as usual.',
    more_owed: 'Your subscription goes on once the rest of what is owed is paid as well: please look here again afterwards.',
    stays_paused: 'That settles what is owed. Your subscription stays paused until it is resumed.',
  },
  'zh-CN': {
    goes_on: '付款后订阅照常继续。',
    more_owed: '待其余欠款也付清后，订阅照常继续；付款后请再次打开此页面。',
    stays_paused: '付款后该笔欠款即可结清；在恢复订阅之前，订阅仍保持暂停。',
  },
};

const STYLE = `
*{box-sizing:border-box}
body{margin:0;min-height:100vh;min-height:100svh;display:flex;align-items:center;justify-content:center;padding:16px;
background:#f5f6f8;color:#1d2129;font:16px/1.6 -apple-system,BlinkMacSystemFont,"Segoe UI","PingFang SC","Microsoft YaHei",sans-serif}
main{width:100%;max-width:26rem;padding:32px 24px;background:#fff;border-radius:16px;text-align:center}
h1{margin:0 0 8px;font-size:1.25rem;line-height:1.4}
p{margin:0 0 8px;color:#4e5969;overflow-wrap:anywhere}
.amount{margin:16px 0;color:#1d2129;font-size:2.25rem;font-weight:600;line-height:1.2;font-variant-numeric:tabular-nums}
form{margin:24px 0 0}
button{width:100%;min-height:52px;padding:12px 16px;border:0;border-radius:12px;background:#1677ff;color:#fff;font:inherit;font-size:1.125rem;font-weight:600;cursor:pointer}
button:hover{background:#0958d9}
button:focus-visible{outline:3px solid #91caff;outline-offset:2px}
@media (prefers-color-scheme:dark){body{background:#141414;color:#f0f0f0}main{background:#1f1f1f}p{color:#b8b8b8}.amount{color:#f0f0f0}}
`;

/**
 * The page needs nothing but itself. Where its form may lead is left open: the answer sends the customer on to
 * the wallet's page, whose address only the gateway knows.
 */
export const PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function payPage({ notice, locale, plan, amount, oncePaid }: PayPage): string {
  const { title, text } = TEXTS[locale][notice];
  const parts = [
    `<h1>${title}</h1>`,
    ...(plan === undefined ? [] : [`<p>${escapeHtml(plan)}</p>`]),
    ...(notice === 'payable' && amount !== undefined ? [`<p class="amount">${escapeHtml(amount)}</p>`] : []),
    `<p>${text}</p>`,
    ...(notice === 'payable' && oncePaid !== undefined ? [`<p>${AFTERWARDS[locale][oncePaid]}</p>`] : []),
    // Looking at the page does nothing, so that whoever opens links for others, as mail scanners do, does no harm.
    ...(notice === 'payable' ? [`<form method="post"><button type="submit">${BUTTON[locale]}</button></form>`] : []),
  ];
  return `<!doctype html>
<html lang="${locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${parts.join('\n')}
</main>
</body>
</html>
`;
}
