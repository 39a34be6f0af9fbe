import type { Locale } from './customer.js';
import type { Template } from './message.templates.js';
import type { MessageName } from './message.js';

const HELLO = 'Hello{{#customer_name}} {{customer_name}}{{/customer_name}},';
const NIHAO = '{{#customer_name}}{{customer_name}}，{{/customer_name}}您好！';

const PAYMENT_EN = `{{#period_start}}Period: {{period_start}} to {{period_end}}
{{/period_start}}{{#date}}Paid on: {{date}}
{{/date}}{{#invoice_number}}Invoice: {{invoice_number}}
{{/invoice_number}}{{#next_date}}Next payment: {{next_date}}
{{/next_date}}`;
const PAYMENT_ZH = `{{#period_start}}服务周期：{{period_start}} 至 {{period_end}}
{{/period_start}}{{#date}}付款日期：{{date}}
{{/date}}{{#invoice_number}}账单编号：{{invoice_number}}
{{/invoice_number}}{{#next_date}}下次扣款：{{next_date}}
{{/next_date}}`;

const EN: Record<MessageName, Omit<Template, 'html'>> = {
  receipt: {
    subject: 'Your payment of {{amount}} for {{plan_name}}',
    text: `${HELLO}

Thank you. We have received your payment of {{amount}} for {{plan_name}} ({{paid_with}}).

${PAYMENT_EN}
There is nothing you need to do.`,
  },
  renewal_upcoming: {
    subject: '{{plan_name}} renews on {{date}} for {{amount}}',
    text: `${HELLO}

Your subscription to {{plan_name}} renews soon. On {{date}} {{#wallet}}we will charge {{amount}} to {{wallet}}{{/wallet}}{{^wallet}}{{amount}} will be due{{/wallet}}, for the period from {{period_start}} to {{period_end}}.

{{#wallet}}If you would like to go on, there is nothing you need to do.{{/wallet}}{{^wallet}}Your Alipay wallet no longer lets us charge it. If you would like to go on, we will ask you on that day to pay by yourself.{{/wallet}} If you would rather not, please cancel before that day.`,
  },
  payment_failed: {
    subject: 'Your payment of {{amount}} for {{plan_name}} did not go through',
    text: `${HELLO}

We could not charge {{amount}} for {{plan_name}} to your Alipay wallet. Often there is simply not enough money in it at that moment.

{{#next_date}}We will try again on {{next_date}}. You can also pay right now, and {{once_paid}}:{{/next_date}}{{^next_date}}Please pay here{{#pay_by}} by {{pay_by}}{{/pay_by}}, and {{once_paid}}:{{/next_date}}

{{link}}`,
  },
  reauthorise: {
    subject: 'Please confirm your payments for {{plan_name}} again',
    text: `${HELLO}

Your Alipay wallet no longer lets us charge it for {{plan_name}}, so {{amount}} is still to be paid.

If you would like to go on, please pay here. This sets up your automatic payments again, and {{once_paid}}:

{{link}}

{{#pay_by}}Please do so by {{pay_by}}{{#final_action}}; after that {{final_action}}{{/final_action}}.

{{/pay_by}}If you ended the payments yourself and no longer want {{plan_name}}, there is nothing you need to do.`,
  },
  recovered: {
    subject: 'Thank you: your subscription to {{plan_name}} goes on',
    text: `${HELLO}

Thank you. {{#amount}}We have received your payment of {{amount}} ({{paid_with}}), and your{{/amount}}{{^amount}}Your{{/amount}} subscription to {{plan_name}} goes on as before.

${PAYMENT_EN}
There is nothing else you need to do.`,
  },
  canceled: {
    subject: 'Your subscription to {{plan_name}} has ended',
    text: `${HELLO}

Your subscription to {{plan_name}} ended on {{date}}{{#amount}}, because we could not collect {{amount}}{{/amount}}. Your wallet will not be charged for it any more.
{{#refunded}}
We are giving {{refunded}} back to your Alipay wallet.
{{/refunded}}{{#access_until}}
What you have paid for is yours until {{access_until}}.
{{/access_until}}
Thank you for having been with us. You are welcome back at any time.`,
  },
  trial_ending: {
    subject: 'Your trial of {{plan_name}} {{#pay_by}}has ended{{/pay_by}}{{^pay_by}}ends on {{date}}{{/pay_by}}',
    text: `${HELLO}

Your trial of {{plan_name}} {{#pay_by}}has ended{{/pay_by}}{{^pay_by}}ends on {{date}}{{/pay_by}}. We hope you like it.

{{#link}}If you would like to keep it, please set up your payment with Alipay here ({{amount}}){{#pay_by}} by {{pay_by}}{{/pay_by}}:

{{link}}

If you would rather not, there is nothing you need to do.{{/link}}{{^link}}{{#wallet}}On that day we will charge {{amount}} to {{wallet}}, and your subscription goes on.{{/wallet}}{{^wallet}}On that day {{amount}} will be due. Your Alipay wallet no longer lets us charge it, so we will ask you then to pay by yourself.{{/wallet}} If you would rather not, please cancel before then.{{/link}}`,
  },
};

const ZH: Record<MessageName, Omit<Template, 'html'>> = {
  receipt: {
    subject: '付款成功：{{plan_name}} {{amount}}',
    text: `${NIHAO}

我们已收到您为“{{plan_name}}”支付的 {{amount}}（{{paid_with}}），感谢您的支持。

${PAYMENT_ZH}
您无需再做任何操作。`,
  },
  renewal_upcoming: {
    subject: '续费提醒：{{plan_name}} 将于 {{date}}{{#wallet}}扣款{{/wallet}}{{^wallet}}续费{{/wallet}} {{amount}}',
    text: `${NIHAO}

您订阅的“{{plan_name}}”即将续费。{{#wallet}}我们将于 {{date}}从{{wallet}}自动扣款 {{amount}}{{/wallet}}{{^wallet}}{{date}}应付费用 {{amount}}{{/wallet}}，服务周期为 {{period_start}} 至 {{period_end}}。

{{#wallet}}如果您希望继续使用，无需任何操作。{{/wallet}}{{^wallet}}您的支付宝账户已不再授权我们自动扣款。如果您希望继续使用，届时我们会请您自行付款。{{/wallet}}如果不想续费，请在扣款日之前取消订阅。`,
  },
  payment_failed: {
    subject: '扣款未成功：{{plan_name}} {{amount}}',
    text: `${NIHAO}

我们未能从您的支付宝账户扣取“{{plan_name}}”的费用 {{amount}}，通常是因为账户余额暂时不足。

{{#next_date}}我们会在 {{next_date}}再次尝试扣款。您也可以现在就自行支付，{{once_paid}}：{{/next_date}}{{^next_date}}请{{#pay_by}}在 {{pay_by}} 之前{{/pay_by}}通过以下链接自行支付，{{once_paid}}：{{/next_date}}

{{link}}`,
  },
  reauthorise: {
    subject: '请重新开通自动扣款：{{plan_name}}',
    text: `${NIHAO}

您的支付宝账户已不再授权我们为“{{plan_name}}”自动扣款，目前有 {{amount}} 尚未支付。

如果您希望继续使用，请通过以下链接付款，付款的同时会重新开通自动扣款，{{once_paid}}：

{{link}}

{{#pay_by}}请在 {{pay_by}} 之前完成付款{{#final_action}}，逾期{{final_action}}{{/final_action}}。

{{/pay_by}}如果是您本人关闭了自动扣款，并且不再需要“{{plan_name}}”，则无需任何操作。`,
  },
  recovered: {
    subject: '付款成功：{{plan_name}} 已恢复正常',
    text: `${NIHAO}

{{#amount}}我们已收到您支付的 {{amount}}（{{paid_with}}），{{/amount}}您订阅的“{{plan_name}}”已恢复正常，感谢您的支持。

${PAYMENT_ZH}
您无需再做任何操作。`,
  },
  canceled: {
    subject: '您的订阅已终止：{{plan_name}}',
    text: `${NIHAO}

{{#amount}}由于 {{amount}} 的费用一直未能扣款成功，{{/amount}}您订阅的“{{plan_name}}”已于 {{date}}终止。今后我们不会再为此向您扣款。
{{#refunded}}
我们会将 {{refunded}} 退回您的支付宝账户。
{{/refunded}}{{#access_until}}
在 {{access_until}}之前，您仍可使用已付费的服务。
{{/access_until}}
感谢您一直以来的支持，欢迎您随时回来。`,
  },
  trial_ending: {
    subject: '{{plan_name}} 的试用{{#pay_by}}已结束{{/pay_by}}{{^pay_by}}将于 {{date}}结束{{/pay_by}}',
    text: `${NIHAO}

您对“{{plan_name}}”的试用{{#pay_by}}已经结束{{/pay_by}}{{^pay_by}}将于 {{date}}结束{{/pay_by}}，希望您喜欢。

{{#link}}如果您希望继续使用，请{{#pay_by}}在 {{pay_by}} 之前{{/pay_by}}通过以下链接开通支付宝付款（{{amount}}）：

{{link}}

如果不想继续，则无需任何操作。{{/link}}{{^link}}{{#wallet}}届时我们将从{{wallet}}自动扣款 {{amount}}，订阅随之继续。{{/wallet}}{{^wallet}}届时应付费用 {{amount}}。您的支付宝账户已不再授权我们自动扣款，届时我们会请您自行付款。{{/wallet}}如果不想继续，请在此之前取消订阅。{{/link}}`,
  },
};

/** The wording of every message as it comes with the engine. */
export function builtInTemplate(name: MessageName, locale: Locale): Template {
  return { ...(locale === 'zh-CN' ? ZH : EN)[name], html: null };
}
