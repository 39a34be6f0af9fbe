import { practise, type Variant } from './restore.js';

const VARIANTS: readonly Variant[] = ['recovered', 'cloned', 'forgotten'];
const asked = VARIANTS.filter((variant) => process.argv.length < 3 || process.argv.includes(variant));

let failed = false;
for (const variant of asked) {
  console.log(`${variant}:`);
  const { lostPayments, laterCharges, seconds, wrong } = await practise(variant, (line) => console.log(`  ${line}`));
  console.log(`  ${lostPayments} payments lost and found, ${laterCharges} charged later, ${wrong.length} violations, ${seconds.toFixed(0)} s`);
  for (const line of wrong) console.error(`  ${line}`);
  failed ||= wrong.length > 0;
}
process.exit(failed ? 1 : 0);
