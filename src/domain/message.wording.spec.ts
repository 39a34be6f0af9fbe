import { describe, expect, it } from 'vitest';
import { LOCALES } from './customer.js';
import { builtInTemplate } from './message.texts.js';
import { faultOf, fill, PLACEHOLDERS } from './message.templates.js';
import { escapeHtml, formatDate, oneLine, valuesOf, word } from './message.wording.js';
import { MESSAGE_NAMES, type MessageData, type MessageName } from './message.js';

const LINK = 'https://pay.example/pay/abc';
const LEAST: MessageData = { plan_name: 'Tea club', time_zone: 'Asia/Shanghai', currency: 'CNY' };
const MOST: MessageData = {
  ...LEAST, customer_name: 'Li Na', amount: 3_900, from_balance: 900, invoice_number: '2026-000001', period_start: '2026-04-10T02:00:00Z',
  period_end: '2026-05-10T02:00:00Z', date: '2026-04-10T02:00:00Z', next_date: '2026-05-10T02:00:00Z', pay_by: '2026-04-26T02:00:00Z', final_action: 'unpaid', once_paid: 'more_owed',
  access_until: '2026-05-10T02:00:00Z', refunded: 3_900, payable: true,
};
/** What each says in any case. */
const SURE: Record<MessageName, readonly (keyof MessageData)[]> = {
  receipt: ['amount', 'date'],
  renewal_upcoming: ['amount', 'date', 'period_start', 'period_end'],
  payment_failed: ['amount', 'payable'],
  reauthorise: ['amount', 'payable'],
  recovered: [],
  canceled: ['date'],
  trial_ending: ['amount', 'date'],
};
const least = (name: MessageName): MessageData => ({ ...LEAST, ...Object.fromEntries(SURE[name].map((key) => [key, MOST[key]])) });
const EVERY = MESSAGE_NAMES.flatMap((name) => LOCALES.map((locale) => [name, locale] as const));

describe('a date', () => {
  it.each([
    ['2026-04-10T15:59:59Z', 'Asia/Shanghai', 'zh-CN', '2026年4月10日'],
    ['2026-04-10T16:00:00Z', 'Asia/Shanghai', 'zh-CN', '2026年4月11日'],
    ['2026-04-10T16:00:00Z', 'Asia/Shanghai', 'en', '11 April 2026'],
    ['2026-04-10T16:00:00Z', 'America/New_York', 'en', '10 April 2026'],
  ] as const)('%s in %s is for %s readers %s', (instant, zone, locale, written) => {
    expect(formatDate(instant, zone, locale)).toBe(written);
  });
});

it('a deadline has its time of day', () => {
  expect(valuesOf('reauthorise', MOST, 'en', LINK).pay_by).toBe('26 April 2026 at 10:00');
  expect(valuesOf('reauthorise', MOST, 'zh-CN', LINK).pay_by).toBe('2026年4月26日 10:00');
});

describe('the wording that comes with the engine', () => {
  it.each(MESSAGE_NAMES)('of %s greets the customer, by his name where he gave one, in his language', (name) => {
    const greeting = (locale: (typeof LOCALES)[number], data: MessageData): string | undefined =>
      fill(builtInTemplate(name, locale).text, valuesOf(name, data, locale, LINK)).split('\n')[0];
    expect([greeting('en', MOST), greeting('en', least(name))]).toEqual(['Hello Li Na,', 'Hello,']);
    expect([greeting('zh-CN', MOST), greeting('zh-CN', least(name))]).toEqual(['Li Na，您好！', '您好！']);
  });

  it.each([
    ['en', ['Period: 10 April 2026 to 10 May 2026', 'Paid on: 10 April 2026', 'Invoice: 2026-000001', 'Next payment: 10 May 2026']],
    ['zh-CN', ['服务周期：2026年4月10日 至 2026年5月10日', '付款日期：2026年4月10日', '账单编号：2026-000001', '下次扣款：2026年5月10日']],
  ] as const)('of a receipt lists what was paid for, and when: %s', (locale, lines) => {
    expect(fill(builtInTemplate('receipt', locale).text, valuesOf('receipt', MOST, locale, LINK))).toContain(lines.join('\n'));
  });
});

describe('a template', () => {
  it('shows values, and parts that depend on whether there is one', () => {
    const template = '{{plan_name}}{{#amount}} for {{ amount }}{{#date}} on {{date}}{{/date}}{{/amount}}{{^link}}, free{{/link}}.';
    expect(fill(template, { plan_name: 'Tea' })).toBe('Tea, free.');
    expect(fill(template, { plan_name: 'Tea', amount: '¥1', link: LINK })).toBe('Tea for ¥1.');
    expect(fill(template, { plan_name: 'Tea', date: 'today', amount: '¥1', link: LINK })).toBe('Tea for ¥1 on today.');
    expect(fill(template, { plan_name: 'Tea', date: 'today' }), 'what stands in a hidden part is hidden').toBe('Tea, free.');
  });

  it('reads a value once, whatever stands in it', () => {
    expect(fill('{{plan_name}}{{customer_name}}', { plan_name: '{{customer_name}} $& $1', customer_name: '{{#link}}' })).toBe('{{customer_name}} $& $1{{#link}}');
  });

  it.each([
    ['{{plan_name}} {{ amount }} {{#date}}{{date}}{{/date}}{{^date}}never{{/date}}', null],
    ['a { b } c }} d', null],
    ['{{plan}}', 'holds {{plan}}'],
    ['{{link}}', 'holds {{link}}'],
    ['{{#link}}a{{/link}}', 'holds {{#link}}'],
    ['{{#date}}a', 'opens {{#date}} and never closes it'],
    ['{{/date}}', 'closes {{/date}}, which is not open there'],
    ['{{#date}}{{#amount}}{{/date}}{{/amount}}', 'closes {{/date}}, which is not open there'],
    ['{{amount', 'holds braces that belong to no placeholder'],
    ['{{{amount}}}', 'holds braces that belong to no placeholder'],
  ])('%s: %s', (template, fault) => {
    if (fault === null) expect(faultOf(template, 'receipt')).toBeNull();
    else expect(faultOf(template, 'receipt')).toContain(fault);
  });

  it('that is built in keeps the rules that the merchant’s keep', () => {
    for (const [name, locale] of EVERY) {
      const { subject, text, html } = builtInTemplate(name, locale);
      expect([faultOf(subject, name), faultOf(text, name), html], `${name} ${locale}`).toEqual([null, null, null]);
    }
  });
});

describe('a message', () => {
  it.each(EVERY)('%s in %s leaves no braces, holes or empty places, with all data and with the least', (name, locale) => {
    for (const data of [MOST, least(name), { ...MOST, no_wallet: true as const }, { ...least(name), no_wallet: true as const }]) {
      const { subject, text, html } = word(builtInTemplate(name, locale), valuesOf(name, data, locale, LINK), locale);
      for (const part of [subject, text, html]) {
        expect(part).not.toMatch(/[{}]{2}|undefined|null|NaN|\n\n\n| {2}| [.,。，]|“”/);
        expect(part).toContain('Tea club');
      }
      expect(html).toContain(`<html lang="${locale}">`);
    }
  });

  it('names the values that its placeholders know, and no others', () => {
    for (const name of MESSAGE_NAMES) {
      expect(Object.keys(valuesOf(name, MOST, 'en', LINK)).sort()).toEqual([...PLACEHOLDERS[name]].sort());
      for (const missing of ['link', 'date', 'amount', 'pay_by']) expect(valuesOf(name, LEAST, 'en', LINK)).not.toHaveProperty(missing);
    }
  });

  it.each(['renewal_upcoming', 'trial_ending'] as const)('%s announces a charge of the wallet only where one can be charged', (name) => {
    const text = (locale: 'en' | 'zh-CN', data: Partial<MessageData>) => word(builtInTemplate(name, locale), valuesOf(name, { ...least(name), ...data }, locale, LINK), locale).text;
    expect([text('en', {}), text('zh-CN', {})]).toEqual([expect.stringContaining('we will charge CN¥39.00 to your Alipay wallet'), expect.stringContaining('从您的支付宝账户自动扣款 ¥39.00')]);
    for (const [locale, charge, asked] of [['en', 'we will charge', /ask you .*to pay by yourself/], ['zh-CN', '账户自动扣款', /请您自行付款/]] as const) {
      expect(text(locale, { no_wallet: true })).not.toContain(charge);
      expect(text(locale, { no_wallet: true })).toMatch(asked);
    }
  });

  it.each([
    [undefined, 'everything goes on as before', '服务将照常继续'],
    ['goes_on', 'everything goes on as before', '服务将照常继续'],
    ['more_owed', 'goes on as soon as the rest of what is owed is paid', '待其余欠款也付清后'],
    ['stays_paused', 'stays paused until it is resumed', '仍保持暂停'],
  ] as const)('says what paying does: %s', (once_paid, en, zh) => {
    for (const name of ['payment_failed', 'reauthorise'] as const) {
      const text = (locale: 'en' | 'zh-CN') => word(builtInTemplate(name, locale), valuesOf(name, { ...least(name), ...(once_paid && { once_paid }) }, locale, LINK), locale).text;
      expect([text('en'), text('zh-CN')]).toEqual([expect.stringContaining(en), expect.stringContaining(zh)]);
    }
  });

  it.each([
    ['cancel', 'after that we will have to end your subscription.', '逾期我们将不得不终止您的订阅。'],
    ['unpaid', 'after that we will have to suspend your subscription until what is owed is paid.', '逾期您的订阅将停止服务，直至付清欠款。'],
    ['pause', 'after that we will have to pause your subscription.', '逾期您的订阅将被暂停。'],
    [undefined, 'Please do so by 26 April 2026 at 10:00.', '之前完成付款。'],
  ] as const)('says what happens where the deadline is missed: %s', (final_action, en, zh) => {
    const data = { ...least('reauthorise'), pay_by: '2026-04-26T02:00:00Z', ...(final_action && { final_action }) };
    const text = (locale: 'en' | 'zh-CN') => word(builtInTemplate('reauthorise', locale), valuesOf('reauthorise', data, locale, LINK), locale).text;
    expect([text('en'), text('zh-CN')]).toEqual([expect.stringContaining(en), expect.stringContaining(zh)]);
  });

  it('tells with what it was paid', () => {
    const paid = (from_balance: number | undefined, locale: 'en' | 'zh-CN') => valuesOf('receipt', { ...LEAST, amount: 100, ...(from_balance !== undefined && { from_balance }) }, locale, LINK).paid_with;
    expect([paid(undefined, 'en'), paid(40, 'en'), paid(100, 'en')]).toEqual(['Alipay', 'Alipay and your balance with us', 'your balance with us']);
    expect([paid(undefined, 'zh-CN'), paid(40, 'zh-CN'), paid(100, 'zh-CN')]).toEqual(['支付宝', '支付宝与账户余额抵扣', '账户余额抵扣']);
  });

  it('has its link as a button in HTML, and only there where it stands alone', () => {
    const { text, html } = word({ subject: 'a', text: `Pay {{link}} here:\n\n{{link}}\n`, html: null }, { link: LINK }, 'en');
    expect(text).toBe(`Pay ${LINK} here:\n\n${LINK}\n`);
    expect(html.match(/<a href="[^"]+" style="[^"]+">Pay now<\/a>/g)).toHaveLength(1);
    expect(word({ subject: 'a', text: '{{link}}', html: null }, { link: LINK }, 'zh-CN').html).toContain('>立即支付</a>');
    expect(word({ subject: 'a', text: 'https://elsewhere.example', html: null }, {}, 'en').html, 'nobody else’s address becomes one').not.toContain('<a ');
  });

  it('escapes values in the merchant’s HTML as in ours, and leaves his own alone', () => {
    const template = { subject: '{{customer_name}}', text: '{{customer_name}}', html: '<b title="{{customer_name}}">{{plan_name}}</b>' };
    const values = { customer_name: `"><script>alert('&')</script>`, plan_name: 'Tea' };
    expect(word(template, values, 'en').html).toBe('<b title="&quot;&gt;&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;">Tea</b>');
    expect(word({ ...template, html: null }, values, 'en').html).not.toContain('<script');
  });

  it('keeps its subject on one line, whatever a value holds', () => {
    const values = { customer_name: 'Li\r\nBcc: all@example.com\u2028 \t x' };
    expect(word({ subject: 'Hello {{customer_name}} ', text: 'a', html: null }, values, 'en').subject).toBe('Hello Li Bcc: all@example.com x');
    expect(oneLine(' a\u0000b ')).toBe('a b');
  });

  it('escapes all five', () => {
    expect(escapeHtml(`<a href="x" title='y'>&</a>`)).toBe('&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;&lt;/a&gt;');
  });
});
