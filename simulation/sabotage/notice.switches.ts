import { at, type Switch } from './switch.js';

const NOTICE = 'src/domain/notice.ts';
const NOTICING = 'src/domain/noticing.ts';
const WAITING = 'src/domain/waiting.ts';
const COLLECTING = 'migrations/1764000000001-collecting.ts';

/** Notice before a renewal is charged: given in time, of what is charged, and waited for. */
export const NOTICES: readonly Switch[] = [
  { name: 'charged_untold', removes: 'the wait of a renewal whose customer was not told', patches: [at(NOTICING, '  if (from === null) tellAnew(c, invoice, lead);\n  else c.patchInvoice', '  if (from !== null) c.patchInvoice')], watch: { test: 'src/domain/noticing.spec.ts' } },
  { name: 'notice_of_less_money', removes: 'the comparison of what was told with what is charged', patches: [at(NOTICE, '  if (renewal.amount > (told.noticed_amount ?? 0)) return null;', '')], watch: { test: 'src/domain/notice.spec.ts' } },
  { name: 'notice_of_another_date', removes: 'the comparison of the date that was told', patches: [at(NOTICE, 'return told.renewal_charge_at?.getTime() === at.getTime() ? at : null;', 'return at;')], watch: { test: 'src/domain/notice.spec.ts' } },
  { name: 'late_notice_does_not_wait', removes: 'the lead between a late notice and its charge', patches: [at(NOTICE, 'Math.max(renewal.getTime(), noticed.getTime() + lead)', 'Math.max(renewal.getTime(), noticed.getTime())')], watch: { test: 'src/domain/noticing.spec.ts' } },
  { name: 'notice_outlives_a_cancel', removes: 'that a notice counts only as the last word', patches: [at(NOTICE, 'if (lead === 0 || next === null) return NO_NOTICE;', "if (next === null && s.status === 'active') return given(s);\n  if (lead === 0 || next === null) return NO_NOTICE;")], watch: { test: 'src/domain/noticing.spec.ts' } },
  { name: 'young_notice_charged', removes: 'the wait of an invoice for its instant', patches: [at(WAITING, 'if (invoice.charge_from !== null && invoice.charge_from > c.now) return invoice.charge_from;', '')], watch: { test: 'src/domain/noticing.spec.ts' } },
  { name: 'young_notice_in_case', removes: 'the case’s own refusal of a charge whose notice is too young', patches: [at('src/domain/case.ts', 'if (!isCustomerPresent(kind) && charge_from !== null && charge_from > this.now) {', 'if (!isCustomerPresent(kind) && charge_from === undefined) {')], watch: { test: 'src/domain/case.spec.ts' } },
  { name: 'no_notice_guard', removes: 'SQL’s own refusal of a charge whose notice is too young', patches: [at(COLLECTING, "raise exception 'charge %: may not be charged before its notice is old enough', new.id using errcode = 'check_violation';", 'null;')], watch: { test: 'test/database/notices.test.ts' } },
  { name: 'notice_put_back', removes: 'that what a notice has put off is not put back', patches: [at(COLLECTING, "raise exception 'invoice %: what a notice has put off is not charged sooner', old.id using errcode = 'check_violation';", 'null;')], watch: { test: 'test/database/notices.test.ts' } },
];
