import { describe, expect, it } from 'vitest';
import { Sealing } from './sealing.js';
import { InstallationSecret } from './secret.js';

const OLD = 'the-secret-of-yesterday';
const NEW = 'the-secret-of-today';
const sealingWith = (...values: [string, ...string[]]) => new Sealing(new InstallationSecret(values));
const PLACE = 'webhook_endpoints.secret:whk_1';

describe('a sealed text', () => {
  const sealing = sealingWith(NEW);
  const sealed = sealing.seal('whsec_茶', PLACE);

  it('opens where it was sealed for, also after a restart, and nowhere else', () => {
    expect(sealingWith(NEW).open(sealed, PLACE)).toBe('whsec_茶');
    expect(() => sealing.open(sealed, 'webhook_endpoints.secret:whk_2')).toThrow(/authenticate/);
  });

  it('shows nothing of itself, and looks different every time', () => {
    expect(sealed).toMatch(/^s1\.[0-9a-f]{12}\.[\w-]+$/);
    expect(Buffer.from(sealed.split('.')[2] as string, 'base64url').toString()).not.toContain('whsec');
    expect(sealing.seal('whsec_茶', PLACE)).not.toBe(sealed);
  });

  it('shows by its mark whether it was sealed with the current secret', () => {
    expect(sealed.startsWith(sealingWith(NEW, OLD).mark)).toBe(true);
    expect(sealed.startsWith(sealingWith(OLD, NEW).mark)).toBe(false);
  });

  it('opens with a secret that has been replaced since, as long as it is given', () => {
    const before = sealingWith(OLD).seal('x', PLACE);
    expect(sealingWith(NEW, OLD).open(before, PLACE)).toBe('x');
    expect(() => sealingWith(NEW).open(before, PLACE)).toThrow('not in ZHOUQI_SECRET');
    expect(sealingWith(NEW, OLD).seal('x', PLACE).split('.')[1]).toBe(sealed.split('.')[1]);
  });

  it('that was changed anywhere opens nowhere', () => {
    const [version, name, content = ''] = sealed.split('.');
    for (let i = 0; i < content.length - 1; i += 1) {
      const changed = `${content.slice(0, i)}${content[i] === 'A' ? 'B' : 'A'}${content.slice(i + 1)}`;
      expect(() => sealing.open(`${version}.${name}.${changed}`, PLACE)).toThrow(/authenticate/);
    }
    for (const bad of ['', 's1', `s2.${name}.${content}`, `s1.${name}.`, `s1.${name}.${content.slice(0, 20)}`]) {
      expect(() => sealing.open(bad, PLACE)).toThrow(/sealed with|authenticat|initialization vector/i);
    }
  });
});
