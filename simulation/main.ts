import { readOptions } from './options.js';
import { printReport } from './report.js';
import { runSeeds } from './seeds.js';

try {
  const options = readOptions(process.argv.slice(2));
  const { reports, seconds } = await runSeeds(options, (line) => process.stdout.write(`${line}\n`));
  process.exit(printReport(options, reports, seconds) ? 0 : 1);
} catch (error) {
  console.error(`simulate: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
