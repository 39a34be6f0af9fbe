import { parseArgs } from 'node:util';
import { seedFrom } from './dice.js';
import { enumerate, type Plan } from './enumeration.js';
import { endure } from './storm.js';

/** Points of each flow in the short form. */
const SHORT = 18;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: 'boolean', default: false },
    flow: { type: 'string' },
    point: { type: 'string' },
    crew: { type: 'string', default: '24' },
    lanes: { type: 'string', default: '2' },
    verbose: { type: 'boolean', default: false },
    charges: { type: 'string', default: '4000' },
    wallets: { type: 'string', default: '250' },
    seed: { type: 'string' },
  },
});
const say = (line: string): void => console.log(line);
const asked = (part: string): boolean => positionals.length === 0 || positionals.includes(part);

async function enumeration(): Promise<string[]> {
  const plan: Plan = {
    crew: Number(values.crew),
    lanes: Number(values.lanes),
    most: values.short ? SHORT : Infinity,
    ...(values.flow !== undefined && { flow: values.flow }),
    ...(values.point !== undefined && { point: Number(values.point) }),
  };
  const { points, flows, places, wrong, seconds } = await enumerate(plan, say);
  for (const { name, points: died, whole } of flows) say(`${name.padEnd(26)} ${String(died).padStart(4)} ${whole ? 'to the end' : ''}`);
  if (values.verbose) for (const [place, count] of [...places].sort()) say(`${String(count).padStart(6)} ${place}`);
  say(`${points} points at ${places.size} places, ${wrong.length} violations, ${seconds.toFixed(0)} s`);
  return wrong;
}

async function storm(): Promise<string[]> {
  const seed = seedFrom(values.seed);
  say(`storm, seed ${seed}`);
  const report = await endure({ charges: Number(values.charges), wallets: Number(values.wallets), seed }, say);
  const { wrong, stormSeconds, quietSeconds, ...figures } = report;
  for (const [name, value] of Object.entries(figures)) say(`${name.padEnd(26)} ${String(value).padStart(6)}`);
  say(`${wrong.length} violations, storm of ${stormSeconds.toFixed(0)} s, settled ${quietSeconds.toFixed(0)} s after it`);
  return wrong;
}

const wrong = [...(asked('enumerate') ? await enumeration() : []), ...(asked('storm') ? await storm() : [])];
for (const line of wrong.slice(0, 100)) console.error(line);
process.exit(wrong.length > 0 ? 1 : 0);
