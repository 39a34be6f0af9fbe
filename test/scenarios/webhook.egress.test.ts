import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { Courier } from '../../src/webhooks/courier.js';
import { Egress } from '../../src/webhooks/egress.js';

/** Something inside that takes no part in anything: it only sees who comes. */
async function innerService(): Promise<{ port: number; visits: () => number; close: () => void }> {
  let visits = 0;
  const server = createServer((socket) => {
    visits += 1;
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, visits: () => visits, close: () => void server.close() };
}

test('a name that leads elsewhere by the time of the call is not followed there', async () => {
  const inner = await innerService();
  const answers = [['93.184.215.14'], ['127.0.0.1']];
  const egress = new Egress(false, () => Promise.resolve(answers.shift() ?? ['::1']));
  const courier = new Courier(egress);
  const url = `https://shop.example:${inner.port}/hooks`;
  expect(await egress.refusalNow(url)).toBeNull();
  for (let i = 0; i < 3; i += 1) {
    expect(await courier.deliver(url, {}, '{}')).toMatchObject({ status: null, error: 'the name leads to an address that is not public' });
  }
  expect(inner.visits()).toBe(0);
  await courier.onApplicationShutdown();
  inner.close();
});

test('what was allowed when the endpoint was made, and is not any more, is not called', async () => {
  const inner = await innerService();
  const courier = new Courier(new Egress(false));
  for (const url of [`http://shop.example:${inner.port}/`, `https://127.0.0.1:${inner.port}/`, `https://0x7f.1:${inner.port}/`, `https://localhost:${inner.port}/`]) {
    expect(await courier.deliver(url, {}, '{}')).toMatchObject({ status: null, error: expect.stringMatching(/^refused: /) });
  }
  expect(inner.visits()).toBe(0);
  const allowed = new Courier(new Egress(true));
  expect(await allowed.deliver(`http://127.0.0.1:${inner.port}/`, {}, '{}')).toMatchObject({ status: null, error: 'other side closed' });
  expect(inner.visits()).toBe(1);
  await Promise.all([courier.onApplicationShutdown(), allowed.onApplicationShutdown()]);
  inner.close();
});
