import { afterAll, beforeAll, expect, test } from 'vitest';
import { World } from '../support/world.js';
import { send } from './outsider.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

test('the readable page needs no key, and nothing from any other host', async () => {
  const page = await send(world, 'get', '/docs', { key: null });
  expect(page.headers['content-type']).toMatch(/html/);
  expect(page.headers['content-security-policy']).toContain("script-src 'self';");
  const named = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address as string);
  expect(named).toContain('/docs/swagger-ui-bundle.js');
  for (const address of named) {
    expect(address).toMatch(/^\/[^/]/);
    expect((await send(world, 'get', address, { key: null })).status, address).toBe(200);
  }
});

test.each(['index.html', 'package.json', '..%2Fpackage.json', 'nothing'])('beside the page there is only what it needs: no %s', async (name) => {
  const answer = await send(world, 'get', `/docs/${name}`, { key: null });
  expect(answer.status).toBe(404);
  expect(answer.headers['content-type']).toMatch(/problem\+json/);
});
