import { parseArgs } from 'node:util';
import { CLIMATES, type Climate } from '../climates.js';
import { openGround } from '../seeds.js';
import { patched } from './mutant.js';
import { SWITCHES } from './switches.js';
import { controlOf, controlOfTests, type Finding, tryOut } from './trial.js';

/** `npm run sabotage`, or with names: only those switches. */
const { positionals, values } = parseArgs({ allowPositionals: true, options: { workers: { type: 'string', default: '2' }, control: { type: 'boolean', default: false } } });
const chosen = positionals.length === 0 ? SWITCHES : SWITCHES.filter(({ name }) => positionals.includes(name));
const began = performance.now();

function print({ name, verdict, by, seconds, right }: Finding): void {
  process.stdout.write(`${right ? '  ' : '! '}${name.padEnd(34)}${verdict.padEnd(12)}${seconds.toFixed(1).padStart(6)} s   ${by}\n`);
}

try {
  // A text that does not fit any more is found before anything is run.
  for (const { patches } of chosen) await patched(patches);
  const ground = await openGround();
  const work: (() => Promise<Finding>)[] = chosen.map((one) => () => tryOut(one, ground));
  if (positionals.length === 0 || values.control) {
    // The sound program holds in every weather, also where nobody has yet found out what only that weather shows.
    work.unshift(...(Object.keys(CLIMATES) as Climate[]).map((climate) => () => controlOf(climate, ground)));
    const tests = new Set(chosen.flatMap(({ watch }) => ('test' in watch ? [watch.test] : [])));
    if (tests.size > 0) work.unshift(() => controlOfTests([...tests]));
  }
  const findings: Finding[] = [];
  const worker = async (): Promise<void> => {
    for (let next = work.shift(); next !== undefined; next = work.shift()) {
      const finding = await next();
      findings.push(finding);
      print(finding);
    }
  };
  try {
    await Promise.all(Array.from({ length: Number(values.workers) }, worker));
  } finally {
    await ground.close();
  }
  const wrong = findings.filter(({ right }) => !right);
  const caught = findings.filter(({ verdict }) => verdict === 'caught').length;
  process.stdout.write(`\n${chosen.length} switches, ${caught} caught, ${wrong.length} not as expected; ${((performance.now() - began) / 1000).toFixed(0)} s\n`);
  process.exit(wrong.length === 0 ? 0 : 1);
} catch (error) {
  console.error(`sabotage: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
