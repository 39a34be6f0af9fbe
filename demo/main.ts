import { differences, readBooks, sum } from './books.js';
import { inYear, YEAR } from './calendar.js';
import { PLANS, WALLETS } from './cast.js';
import { type Engine, logOf, startFreshEngine } from './engine.js';
import { JsonApi } from './json.api.js';
import { lookAround } from './look.around.js';
import { amount } from './money.js';
import { Progress } from './progress.js';
import type { TestClock } from './records.js';
import { readChronicle, whereItWent, yearTable } from './report.js';
import { Shop } from './shop.js';
import { Year } from './year.js';

const DATA_DIR = '.data/demo';
const MOST_SHOWN = 20;
const INTERRUPTED = 130;

class Interruption extends Error {}

const began = performance.now();
const progress = new Progress(process.stdout);

/** Rejects when somebody wants the demo to end; until then it does not settle. */
function interruption(): Promise<never> {
  return new Promise((_, reject) => {
    const interrupt = (): void => {
      process.stderr.write('\nStopping …\n');
      reject(new Interruption());
    };
    process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
    // Nobody reads on, as in `npm run demo | head`.
    process.stdout.on('error', interrupt);
  });
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function introduce(): void {
  say(`A year (${YEAR}) in the life of ${WALLETS.length} wallets on three plans:\n`);
  for (const plan of PLANS) {
    const sold = WALLETS.filter((wallet) => wallet.plan === plan.code).length;
    const terms = plan.terms
      .replace('{setup}', 'setup_fee' in plan ? amount(plan.setup_fee) : '')
      .replace('{trial}', 'trial_amount' in plan ? amount(plan.trial_amount) : '');
    say(`  ${plan.name.padEnd(13)}${String(sold).padStart(3)} customers   ${amount(plan.amount)} ${terms}`);
  }
}

/** Lives the year and tells of it; returns whether both books agree. */
async function live(engine: Engine): Promise<boolean> {
  const api = new JsonApi(engine.url, engine.apiKey);
  const control = new JsonApi(engine.controlUrl);
  await control.patch('/settings', { preset: 'fast' });
  const clock = await api.post<TestClock>('/v1/test_clocks', { now: inYear('01-01').toISOString() });
  const shop = new Shop(api, control, clock.id);
  await shop.offerPlans();
  const served = await new Year(api, shop, clock.id, progress).live();
  progress.end();
  const books = await readBooks(api, control);
  say(`\n${yearTable(books, await readChronicle(api, served))}\n\n${whereItWent(books)}\n`);
  const found = differences(books);
  say('The two books, the engine’s and the sandbox gateway’s, line by line:');
  for (const difference of found.slice(0, MOST_SHOWN)) say(`  ${difference}`);
  if (found.length > MOST_SHOWN) say(`  … and ${found.length - MOST_SHOWN} more`);
  const total = amount(sum(books.entries, (entry) => entry.amount));
  say(found.length === 0 ? `Both books agree: ${books.entries.length} captures, ${total}` : `The books differ in ${found.length} places.`);
  say(`\n${lookAround({ dataDir: DATA_DIR, apiKey: engine.apiKey, clock: clock.id, returned: shop.subscription(firstToReturn()) })}\n`);
  return found.length === 0;
}

/** The e-mail of the first customer who revoked his wallet and signed anew. */
function firstToReturn(): string {
  const found = WALLETS.find(({ deeds }) => deeds.some(({ what }) => what === 'signs_anew'));
  if (!found) throw new Error('Nobody in the cast signs anew.');
  return found.email;
}

async function run(): Promise<number> {
  const interrupted = interruption();
  interrupted.catch(() => undefined);
  introduce();
  say('\nStarting PostgreSQL, the sandbox gateway and the engine …');
  // Not interrupted while it starts: only an engine that is up can be stopped in order.
  const engine = await startFreshEngine(DATA_DIR);
  try {
    const agreed = await Promise.race([live(engine), interrupted]);
    return agreed ? 0 : 1;
  } finally {
    progress.end();
    await engine.stop();
  }
}

try {
  const code = await run();
  say(`${Math.round((performance.now() - began) / 1000)} s in all.`);
  process.exit(code);
} catch (error) {
  if (error instanceof Interruption) process.exit(INTERRUPTED);
  console.error(`demo: ${error instanceof Error ? error.message : String(error)}\nThe engine's log: ${logOf(DATA_DIR)}`);
  process.exit(1);
}
