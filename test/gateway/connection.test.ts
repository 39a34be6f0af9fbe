import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { LookupFailed, type PaymentRequest, UnknownOutcome } from '../../src/gateway/gateway.port.js';
import { openCheckout, requestOf } from './checkout.bench.js';
import { soon } from './contract.js';
import { httpAnswer, startAnswering, startRawServer } from './raw.server.js';

const PAYMENT = `pay_${'a'.repeat(26)}`;
const REQUEST: PaymentRequest = requestOf({ reference: 'zq-order-1-1', currency: 'CNY', amount: 3900, note: '茶 é 😀' });
const ACCEPTED = JSON.stringify({ id: PAYMENT, status: 'Pending', reference: REQUEST.reference });
const NOBODY_KNOWS = expect.objectContaining({ constructor: UnknownOutcome });

test('the body goes out byte by byte as it was frozen, once, with its key and the credentials', async () => {
  const server = await startAnswering(202, ACCEPTED);
  const body = `{ "b": 1,\n\t"a": "茶 é \\u00e9 😀" , "n": 1.0 }  `;
  await openCheckout(`${server.url}/base/`).pay({ ...REQUEST, body }, soon());
  expect(server.requests).toHaveLength(1);
  const [request] = server.requests;
  expect(request?.body.equals(Buffer.from(body))).toBe(true);
  expect(request?.line).toBe('POST /base/payments HTTP/1.1');
  expect(Object.fromEntries(request?.headers ?? [])).toMatchObject({
    authorization: expect.stringMatching(/^Bearer sk_sbox_/),
    'cko-idempotency-key': REQUEST.idempotencyKey,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
  });
  expect(request?.headers.has('transfer-encoding')).toBe(false);
});

test('nobody listening: nothing was sent', async () => {
  const port = await new Promise<number>((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
  const answer = await openCheckout(`http://127.0.0.1:${port}`).pay(REQUEST, soon());
  expect(answer).toEqual({ answer: 'not_taken', reason: 'not_connected', requestId: null });
});

test('a name that nobody resolves: nothing was sent', async () => {
  const answer = await openCheckout('http://gateway.invalid').pay(REQUEST, soon());
  expect(answer).toMatchObject({ answer: 'not_taken', reason: 'not_connected' });
});

test('a server that does not speak TLS: nothing was sent', async () => {
  const server = await startRawServer(() => undefined, (socket) => socket.end('no TLS here'));
  const answer = await openCheckout(server.url.replace('http:', 'https:')).pay(REQUEST, soon());
  expect(answer).toMatchObject({ answer: 'not_taken', reason: 'not_connected' });
  expect(server.requests).toEqual([]);
});

test('over TLS only HTTP/1.1 is offered: one call on one connection, so that one loss is one charge’s', async () => {
  let hello = Buffer.alloc(0);
  const server = await startRawServer(() => undefined, (socket) => socket.once('data', (bytes: Buffer) => {
    hello = Buffer.from(bytes);
    socket.destroy();
  }));
  await openCheckout(server.url.replace('http:', 'https:')).pay(REQUEST, soon());
  expect(hello.includes('\x08http/1.1')).toBe(true);
  expect(hello.includes('\x02h2')).toBe(false);
});

test('a deadline that passes before the connection stands keeps every byte at home, and harms nobody else', async () => {
  const server = await startAnswering(202, ACCEPTED);
  const gateway = openCheckout(server.url, { connections: 1 });
  const late = await gateway.pay(REQUEST, performance.now());
  expect(late).toEqual({ answer: 'not_taken', reason: 'too_late', requestId: null });
  expect([server.connections, server.bytes]).toEqual([1, 0]);
  expect(await gateway.pay(REQUEST, soon())).toMatchObject({ answer: 'accepted' });
  expect([server.connections, server.requests.length]).toEqual([1, 1]);
});

test('a call that gets no connection in time was not sent, neither then nor later', async () => {
  const server = await startRawServer(() => undefined);
  const gateway = openCheckout(server.url, { connections: 1, totalMs: 150 });
  const [first, second] = await Promise.allSettled([gateway.pay(REQUEST, soon()), gateway.pay(REQUEST, soon())]);
  expect(first).toMatchObject({ status: 'rejected', reason: NOBODY_KNOWS });
  expect(second).toMatchObject({ status: 'fulfilled', value: { answer: 'not_taken', reason: 'too_late' } });
  await expect(gateway.payment(PAYMENT)).rejects.toThrow(LookupFailed);
  // The first call and the look-up came through; the second call, which stood between them, never did.
  expect(server.requests.map(({ line }) => line)).toEqual(['POST /payments HTTP/1.1', `GET /payments/${PAYMENT} HTTP/1.1`]);
});

test.each<[string, Parameters<typeof startRawServer>[0]]>([
  ['a reset after the request', (socket) => socket.resetAndDestroy()],
  ['a connection that ends after the request', (socket) => socket.end()],
  ['a connection that breaks off inside the headers', (socket) => socket.end('HTTP/1.1 202 Accep')],
  ['a connection that breaks off inside the body', (socket) => socket.end(httpAnswer(202, ACCEPTED, { 'content-length': 5_000 }))],
  ['a body longer than announced', (socket) => socket.write(httpAnswer(202, ACCEPTED, { 'content-length': 20 }))],
  ['an answer that is no HTTP', (socket) => socket.write('SSH-2.0-OpenSSH_9.9\r\n\r\n')],
  ['two lengths in one answer', (socket) => socket.write(httpAnswer(202, ACCEPTED, { 'Content-Length': 3 }))],
  ['a switch to another protocol', (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n')],
  ['a body without end', (socket) => void socket.write(httpAnswer(202, Buffer.alloc(2_000_000, 0x20), { 'content-length': 9_000_000 }))],
  ['a good answer of over a megabyte', (socket) => socket.write(httpAnswer(202, `${' '.repeat(1_100_000)}${ACCEPTED}`))],
])('%s: unknown, and sent only once', async (_, respond) => {
  const server = await startRawServer(respond);
  await expect(openCheckout(server.url, { totalMs: 2_000 }).pay(REQUEST, soon())).rejects.toThrow(UnknownOutcome);
  expect(server.requests).toHaveLength(1);
});

test.each<[string, Parameters<typeof startRawServer>[0]]>([
  ['silence', () => undefined],
  ['headers and then silence', (socket) => socket.write(httpAnswer(202, '', { 'content-length': 100 }))],
  ['only "early hints", again and again', (socket) => {
    const hints = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'), 20);
    socket.on('close', () => clearInterval(hints));
  }],
  ['a body that drips for ever', (socket) => {
    socket.write(httpAnswer(202, '', { 'content-length': 100_000 }));
    const drops = setInterval(() => socket.write(' '), 20);
    socket.on('close', () => clearInterval(drops));
  }],
])('%s: unknown at the limit of a call, whatever the server does', async (_, respond) => {
  const server = await startRawServer(respond);
  const began = performance.now();
  await expect(openCheckout(server.url, { totalMs: 200 }).pay(REQUEST, soon())).rejects.toThrow('no answer within 200 ms');
  expect(performance.now() - began).toBeLessThan(1_000);
  expect(server.requests).toHaveLength(1);
});

test('"early hints" before the answer change nothing', async () => {
  const server = await startRawServer((socket) => {
    socket.write('HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n');
    socket.write(httpAnswer(202, ACCEPTED));
  });
  expect(await openCheckout(server.url).pay(REQUEST, soon())).toMatchObject({ answer: 'accepted', fact: { payment_id: PAYMENT } });
});

test('a keep-alive connection that the server closed while idle is not used, and nothing is sent twice', async () => {
  const server = await startRawServer((socket) => void socket.write(httpAnswer(202, ACCEPTED), () => socket.destroy()));
  const gateway = openCheckout(server.url, { connections: 1 });
  for (let calls = 1; calls <= 20; calls += 1) {
    // Whether the closing is noticed in time is a race; that a request is never repeated is not.
    await gateway.pay(REQUEST, soon()).catch((error: unknown) => expect(error).toEqual(NOBODY_KNOWS));
    expect(server.requests.length).toBeLessThanOrEqual(calls);
  }
});

test('a keep-alive connection that dies under the second request loses that one, and never repeats it', async () => {
  const server = await startRawServer((socket, _, count) => void (count === 1 ? socket.write(httpAnswer(202, ACCEPTED)) : socket.resetAndDestroy()));
  const gateway = openCheckout(server.url, { connections: 1 });
  await gateway.pay(REQUEST, soon());
  await expect(gateway.pay(REQUEST, soon())).rejects.toThrow(UnknownOutcome);
  await expect(gateway.payment(PAYMENT)).rejects.toThrow(LookupFailed);
  expect(server.requests).toHaveLength(3);
});

test('calls at the same time travel on connections of their own, one at a time on each', async () => {
  const open = new Map<unknown, number>();
  const server = await startRawServer((socket, request) => {
    open.set(socket, (open.get(socket) ?? 0) + 1);
    expect(open.get(socket)).toBe(1);
    setImmediate(() => {
      open.set(socket, 0);
      const reference = request.headers.get('cko-idempotency-key')?.replace('key-of-', '');
      socket.write(httpAnswer(202, JSON.stringify({ id: PAYMENT, status: 'Pending', reference })));
    });
  });
  const gateway = openCheckout(server.url, { connections: 3 });
  const requests = Array.from({ length: 60 }, (_, i) => requestOf({ reference: `zq-${i}`, currency: 'CNY' }));
  const answers = await Promise.all(requests.map((request) => gateway.pay(request, soon())));
  expect(answers.every(({ answer }) => answer === 'accepted')).toBe(true);
  expect([server.connections, server.requests.length]).toEqual([3, 60]);
});
