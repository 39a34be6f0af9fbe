import { parseArgs } from 'node:util';
import { seedFrom } from './dice.js';
import { bombard, type Figures, readInProcess } from './webhooks.js';

const { values } = parseArgs({
  options: { http: { type: 'string', default: '100000' }, process: { type: 'string', default: '1000000' }, seed: { type: 'string' } },
});
const seed = seedFrom(values.seed);
console.log(`seed ${seed}`);

function report(name: string, { sent, kinds, seconds, growthMib, p99Ms, statuses, wrong }: Figures): boolean {
  const answers = Object.entries(statuses).map(([status, count]) => `${status}: ${count}`).join(', ');
  const p99 = p99Ms > 0 ? `, p99 ${p99Ms.toFixed(1)} ms` : '';
  console.log(`${name}: ${sent} deliveries of ${kinds} kinds (${answers}), ${seconds.toFixed(1)} s, ${(sent / seconds).toFixed(0)} /s${p99}, memory +${growthMib.toFixed(0)} MiB, ${wrong.length} violations`);
  for (const line of wrong.slice(0, 20)) console.error(`  ${line}`);
  return wrong.length === 0;
}

const inProcess = report('in process', readInProcess(Number(values.process), seed));
const overHttp = report('over HTTP', await bombard(Number(values.http), seed));
process.exit(inProcess && overHttp ? 0 : 1);
