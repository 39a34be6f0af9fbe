import { execFile } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

export interface Ended {
  code: number;
  output: string;
}

/** Runs the compiled simulation (or, with `sabotage`, its sabotage) as a process of its own, as npm does. */
export function run(program: 'main' | 'sabotage/main', ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(ROOT, 'dist/simulation', `${program}.js`), ...args], { cwd: ROOT, maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr }),
    );
  });
}
