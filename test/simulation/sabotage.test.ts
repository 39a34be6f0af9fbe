import { describe, expect, test } from 'vitest';
import { patched } from '../../simulation/sabotage/mutant.js';
import { at } from '../../simulation/sabotage/switch.js';
import { SWITCHES } from '../../simulation/sabotage/switches.js';
import { tryOut } from '../../simulation/sabotage/trial.js';
import { openGround } from '../../simulation/seeds.js';
import { run } from './program.js';

const DAY_MS = 86_400_000;
/** Each day other ones; on all days all of them by `npm run sabotage`. */
const TODAY = Math.floor(Date.now() / DAY_MS);
const AT_ONCE = 2;

describe('sabotage', () => {
  test.each(SWITCHES.map((one) => [one.name, one] as const))('%s still fits the sources', async (_, { patches }) => {
    expect((await patched(patches)).size).toBeGreaterThan(0);
  });

  test('a watcher that cannot be read, or holds no such test, has noticed nothing', { timeout: 120_000 }, async () => {
    const ground = await openGround();
    const file = 'src/domain/quiet.hours.spec.ts';
    const unreadable = at('src/domain/hours.ts', "from './calendar.js'", "from './nowhere.js'");
    const harmless = at('src/domain/hours.ts', "from './calendar.js'", 'from "./calendar.js"');
    const trial = (patch: typeof harmless, named?: string) => tryOut({ name: 'none', removes: 'nothing', patches: [patch], watch: { test: file, named } }, ground);
    expect([await trial(unreadable), await trial(harmless, 'of no such name'), await trial(harmless)].map(({ verdict, right }) => [verdict, right])).toEqual([
      ['broken', false], ['broken', false], ['survived', false],
    ]);
    await ground.close();
  });

  test('what is taken out today is missed', { timeout: 120_000 }, async () => {
    const simulated = SWITCHES.filter(({ watch, covered }) => 'climate' in watch && covered === undefined);
    const names = Array.from({ length: AT_ONCE }, (_, i) => simulated[(TODAY * AT_ONCE + i) % simulated.length]?.name as string);
    const { code, output } = await run('sabotage/main', ...names);
    expect(output).toMatch(/2 switches, 2 caught/);
    expect(code, output).toBe(0);
  });
});
