import { parseArgs } from 'node:util';
import { enumerate, type Plan } from './enumeration.js';

const SHORT = 20;

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: 'boolean', default: false },
    flow: { type: 'string' },
    point: { type: 'string' },
    crew: { type: 'string', default: '20' },
    lanes: { type: 'string', default: '2' },
    verbose: { type: 'boolean', default: false },
  },
});

const plan: Plan = {
  crew: Number(values.crew),
  lanes: Number(values.lanes),
  most: values.short ? SHORT : Infinity,
  ...(values.flow !== undefined && { flow: values.flow }),
  ...(values.point !== undefined && { point: Number(values.point) }),
};
const { points, flows, places, wrong, seconds } = await enumerate(plan, (line) => console.log(line));
for (const { name, points: died, whole } of flows) console.log(name.padEnd(26), String(died).padStart(4), whole ? 'to the end' : '');
if (values.verbose) for (const [place, count] of [...places].sort()) console.log(String(count).padStart(6), place);
console.log(`${points} points at ${places.size} places, ${wrong.length} violations, ${seconds.toFixed(0)} s`);
for (const line of wrong) console.error(line);
process.exit(wrong.length > 0 ? 1 : 0);
