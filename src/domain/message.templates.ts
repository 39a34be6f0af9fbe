import type { MessageName } from './message.js';

/** How a message is worded. `html` is the merchant's own; without it the text is laid out by us. */
export interface Template {
  subject: string;
  text: string;
  html: string | null;
}

const ALWAYS = ['customer_name', 'plan_name'] as const;
const PAYMENT = [...ALWAYS, 'amount', 'paid_with', 'invoice_number', 'period_start', 'period_end', 'date', 'next_date'] as const;
const OWED = [...ALWAYS, 'amount', 'invoice_number', 'period_start', 'period_end'] as const;

/** What a template of each name may refer to: closed, so that a slip of the pen is found before a customer reads it. */
export const PLACEHOLDERS = {
  receipt: PAYMENT,
  renewal_upcoming: [...ALWAYS, 'amount', 'date', 'period_start', 'period_end', 'wallet'],
  payment_failed: [...OWED, 'next_date', 'pay_by', 'once_paid', 'link'],
  reauthorise: [...OWED, 'pay_by', 'final_action', 'once_paid', 'link'],
  recovered: PAYMENT,
  canceled: [...ALWAYS, 'date', 'amount', 'refunded', 'access_until'],
  trial_ending: [...ALWAYS, 'date', 'amount', 'pay_by', 'wallet', 'link'],
} as const satisfies Record<MessageName, readonly string[]>;

export type Placeholder = (typeof PLACEHOLDERS)[MessageName][number];
/** What stands in the place of each; one that does not apply is missing. */
export type Values = { readonly [P in Placeholder]?: string };

/** `{{x}}` is the value; `{{#x}}…{{/x}}` stands only where there is one, `{{^x}}…{{/x}}` only where there is none. */
const TAG = /\{\{([#^/]?)([^{}]*)\}\}/g;

/** What is wrong with a template's text, or null. */
export function faultOf(template: string, name: MessageName): string | null {
  const known: readonly string[] = PLACEHOLDERS[name];
  const open: string[] = [];
  for (const [tag, sign, inner = ''] of template.matchAll(TAG)) {
    const placeholder = inner.trim();
    if (!known.includes(placeholder)) return `holds ${tag}; known are ${known.join(', ')}`;
    if (sign === '/' && open.pop() !== placeholder) return `closes ${tag}, which is not open there`;
    if (sign === '#' || sign === '^') open.push(placeholder);
  }
  if (open.length > 0) return `opens {{#${open.at(-1)}}} and never closes it`;
  // Closing braces alone are style sheets' as well.
  return template.includes('{{{') || template.replace(TAG, '').includes('{{') ? 'holds braces that belong to no placeholder' : null;
}

/** The template with its values; `escape` makes a value safe where it will stand. */
export function fill(template: string, values: Values, escape: (value: string) => string = (value) => value): string {
  const shown: boolean[] = [];
  let text = '';
  let end = 0;
  const add = (part: string): void => {
    if (!shown.includes(false)) text += part;
  };
  for (const match of template.matchAll(TAG)) {
    const [tag, sign, inner = ''] = match;
    add(template.slice(end, match.index));
    end = match.index + tag.length;
    const value = values[inner.trim() as Placeholder];
    if (sign === '/') shown.pop();
    else if (sign === '') add(escape(value ?? ''));
    else shown.push((value !== undefined) === (sign === '#'));
  }
  add(template.slice(end));
  return text;
}
