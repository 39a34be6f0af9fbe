import type { Payment } from '../payments/model.js';
import { html, page, type Html } from './html.js';
import { moneyText } from './money-text.js';
import { PAY_STYLE } from './style.js';

/** A label in both languages, Chinese first as on the wallet's own pages. */
const label = (zh: string, en: string): Html => html`${zh} <span class="en" lang="en">${en}</span>`;

/** What is said about a payment that can no longer be answered. */
const ENDINGS: Record<string, Html> = {
  Captured: label('付款成功', 'Paid'),
  Declined: label('付款失败', 'Payment declined'),
  Canceled: label('已取消', 'Canceled'),
  Expired: label('页面已过期，未扣款', 'Expired, nothing was paid'),
};

/** Page of a payment that still awaits the customer's choice. */
export function openPage(payment: Payment, note?: 'left'): string {
  const left = note === 'left' ? html`<p class="note" role="status">${label('您已离开，尚未付款。', 'You walked away; nothing was paid. The page stays open until it expires.')}</p>` : '';
  const form = html`${left}<form method="post" action="/pay/${payment.sid}">
    <button class="pay" name="choice" value="approve">${payment.terms.terminal_type === 'APP' ? label('在支付宝中付款', 'Pay in Alipay') : label('立即付款', 'Pay now')}</button>
    <div class="row"><button name="choice" value="decline">${label('拒绝', 'Decline')}</button><button name="choice" value="cancel">${label('取消', 'Cancel')}</button><button name="choice" value="leave">${label('离开', 'Walk away')}</button></div>
  </form>`;
  return layout(payment, form);
}

/** Page of a payment whose choice was made, with the way back to the merchant. */
export function decidedPage(payment: Payment, returnUrl: string | undefined): string {
  const said = ENDINGS[payment.state.status] ?? (payment.answered === true && payment.state.captured === 0 ? label('处理中', 'Being processed') : ENDINGS['Captured']!);
  const back = returnUrl === undefined ? '' : html`<a class="back" href="${returnUrl}">${label('返回商户', 'Back to the merchant')}</a>`;
  return layout(payment, html`<p class="note" role="status">${said}</p>${back}`);
}

/** Page for a session nobody knows. */
export function unknownPage(): string {
  const body = html`<header><b>AlipayCN</b><span>Alipay+</span></header><main class="phone"><h1>${label('找不到该付款', 'No such payment')}</h1></main>`;
  return page({ lang: 'zh-CN', title: '支付宝 · AlipayCN', style: PAY_STYLE, body });
}

function layout(payment: Payment, below: Html): string {
  const { terms } = payment;
  const money = moneyText(terms.amount, terms.currency);
  const recurring = terms.payment_type === 'Recurring';
  const summary = html`<h1>${recurring ? label('付款并开通自动续费', 'Pay and agree to automatic renewals') : label('确认付款', 'Confirm payment')}</h1>
    <div class="amount">${money}</div>
    <dl><dt>${label('商户订单', 'Reference')}</dt><dd>${terms.reference}</dd>
    ${terms.description === undefined ? '' : html`<dt>${label('说明', 'Description')}</dt><dd>${terms.description}</dd>`}
    <dt>${label('付款方式', 'Method')}</dt><dd>AlipayCN 支付宝 · Alipay+</dd></dl>${below}`;
  const body = html`<header><b>支付宝 AlipayCN</b><span>Alipay+</span><span class="test">${label('测试环境', 'Sandbox')}</span></header>${frame(payment, summary)}`;
  return page({ lang: 'zh-CN', title: `${money} · AlipayCN`, style: PAY_STYLE, body });
}

function frame(payment: Payment, summary: Html): Html {
  switch (payment.terms.terminal_type) {
    case 'APP':
      return html`<main class="phone"><div class="opening"><div class="mark" aria-hidden="true">支</div><p>${label('正在打开支付宝…', 'Opening the Alipay app…')}</p></div>${summary}</main>`;
    case 'WAP':
      return html`<main class="phone">${summary}</main>`;
    default:
      return html`<main class="desk"><section>${summary}</section><aside class="code">${codePicture(payment.sid!)}<p>${label('请用支付宝扫码', 'Scan with Alipay (picture only)')}</p></aside></main>`;
  }
}

const CODE_SIZE = 25;

/** Looks like a QR code and is none: three eyes and a pattern drawn from the session id. */
function codePicture(sid: string): Html {
  const corners = [[0, 0], [CODE_SIZE - 7, 0], [0, CODE_SIZE - 7]] as const;
  const inEye = (x: number, y: number): boolean => corners.some(([left, top]) => x >= left - 1 && x <= left + 7 && y >= top - 1 && y <= top + 7);
  const dots: Html[] = [];
  let state = 1;
  for (let y = 0; y < CODE_SIZE; y += 1) {
    for (let x = 0; x < CODE_SIZE; x += 1) {
      state = (Math.imul(state ^ sid.charCodeAt((x * 7 + y * 13) % sid.length), 16777619) ^ (state >>> 11)) >>> 0;
      if (!inEye(x, y) && state % 2 === 0) dots.push(html`M${x} ${y}h1v1h-1z`);
    }
  }
  const eyes = corners.map(([x, y]) => html`<path fill-rule="evenodd" d="M${x} ${y}h7v7h-7zM${x + 1} ${y + 1}v5h5v-5z"/><rect x="${x + 2}" y="${y + 2}" width="3" height="3"/>`);
  return html`<svg viewBox="0 0 ${CODE_SIZE} ${CODE_SIZE}" role="img" aria-label="QR code (picture only)" fill="#1f2329">${eyes}<path d="${dots}"/></svg>`;
}
