import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { OAuth } from '../../src/gateway/checkout/checkout.auth.js';
import { LookupFailed } from '../../src/gateway/gateway.port.js';
import { startWorld } from '../sandbox/support.js';
import { openCheckout, requestOf } from './checkout.bench.js';
import { soon } from './contract.js';
import { httpAnswer, startRawServer } from './raw.server.js';

const PAYMENT = `pay_${'h'.repeat(26)}`;
const REQUEST = requestOf({ reference: 'zq-order-4-1', currency: 'CNY' });
const TAKEN = JSON.stringify({ id: PAYMENT, status: 'Pending' });

/** A token endpoint that gives out numbered tokens, and an API that takes only the ones in force. */
async function openSignedIn(tokenAnswer?: Buffer) {
  let now = 0;
  const refused = new Set<string>();
  const tokens = await startRawServer((socket, _, count) =>
    socket.write(tokenAnswer ?? httpAnswer(200, JSON.stringify({ access_token: `token-${count}`, token_type: 'Bearer', expires_in: 3600 }))),
  );
  const api = await startRawServer((socket, { headers }) => {
    socket.write(refused.has(headers.get('authorization') ?? '') ? httpAnswer(401, '') : httpAnswer(202, TAKEN));
  });
  const auth = new OAuth({ tokenUrl: `${tokens.url}/connect/token`, clientId: 'ack_me', clientSecret: 'a secret & more' }, () => now);
  return {
    tokens,
    api,
    refused,
    pass: (ms: number) => void (now += ms),
    gateway: openCheckout(api.url, { auth, connections: 30 }),
    used: () => [...new Set(api.requests.map(({ headers }) => headers.get('authorization')))],
  };
}

test('many calls at once need one token, asked for with our credentials', async () => {
  const { gateway, tokens, used } = await openSignedIn();
  await Promise.all(Array.from({ length: 30 }, () => gateway.pay(REQUEST, soon())));
  expect(tokens.requests).toHaveLength(1);
  expect(tokens.requests[0]?.line).toBe('POST /connect/token HTTP/1.1');
  expect(Object.fromEntries(new URLSearchParams(tokens.requests[0]?.body.toString()))).toEqual({
    grant_type: 'client_credentials',
    client_id: 'ack_me',
    client_secret: 'a secret & more',
    scope: 'gateway:payment gateway:payment-details gateway:payment-refunds',
  });
  expect(used()).toEqual(['Bearer token-1']);
});

test('a token is renewed a minute before it ends, not sooner', async () => {
  const { gateway, pass, used } = await openSignedIn();
  await gateway.pay(REQUEST, soon());
  pass(3_539_000);
  await gateway.pay(REQUEST, soon());
  expect(used()).toEqual(['Bearer token-1']);
  pass(1_000);
  await gateway.pay(REQUEST, soon());
  expect(used()).toEqual(['Bearer token-1', 'Bearer token-2']);
});

test('after a 401 the next call brings a new token; many 401s at once bring one', async () => {
  const { gateway, tokens, refused } = await openSignedIn();
  await gateway.pay(REQUEST, soon());
  refused.add('Bearer token-1');
  const answers = await Promise.all(Array.from({ length: 30 }, () => gateway.pay(REQUEST, soon())));
  expect(answers.every((answer) => answer.answer === 'not_taken' && answer.reason === 'unauthorized')).toBe(true);
  await Promise.all(Array.from({ length: 30 }, () => gateway.pay(REQUEST, soon())));
  expect(tokens.requests).toHaveLength(2);
});

test('a 401 that comes late speaks of the token before, and leaves the new one alone', async () => {
  const auth = new OAuth({ tokenUrl: (await openSignedIn()).tokens.url, clientId: 'a', clientSecret: 'b' });
  const first = await auth.authorization();
  auth.reject(first);
  const second = await auth.authorization();
  auth.reject(first);
  expect([second, await auth.authorization()]).toEqual(['Bearer token-2', 'Bearer token-2']);
});

test('a 401 to a look-up brings a new token too', async () => {
  const { gateway, tokens, refused } = await openSignedIn();
  await gateway.pay(REQUEST, soon());
  refused.add('Bearer token-1');
  await expect(gateway.payment(PAYMENT)).rejects.toThrow(LookupFailed);
  await gateway.pay(REQUEST, soon());
  expect(tokens.requests).toHaveLength(2);
});

test.each<[string, Buffer, 'unauthorized' | 'unavailable']>([
  ['400 invalid_client', httpAnswer(400, '{"error":"invalid_client"}'), 'unauthorized'],
  ['401', httpAnswer(401, ''), 'unauthorized'],
  ['429', httpAnswer(429, ''), 'unavailable'],
  ['500', httpAnswer(500, '<html>'), 'unavailable'],
  ['a redirect', httpAnswer(302, '', { location: 'http://127.0.0.1:1/' }), 'unavailable'],
  ['a 200 in HTML', httpAnswer(200, '<html>'), 'unavailable'],
  ['a 200 without a token', httpAnswer(200, '{}'), 'unavailable'],
  ['null', httpAnswer(200, 'null'), 'unavailable'],
  ['a token that would break the header', httpAnswer(200, '{"access_token":"a\\r\\nb: c"}'), 'unavailable'],
])('a token endpoint that answers %s: not taken, and the API sees nothing', async (_, answer, reason) => {
  const { gateway, api, tokens } = await openSignedIn(answer);
  expect(await gateway.pay(REQUEST, soon())).toEqual({ answer: 'not_taken', reason, requestId: null });
  await expect(gateway.payment(PAYMENT)).rejects.toThrow(LookupFailed);
  expect([api.connections, tokens.requests.length]).toEqual([0, 2]);
});

test('a token endpoint that is away: not taken, and our credentials are not to blame', async () => {
  const tokenUrl = await new Promise<string>((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(`http://127.0.0.1:${port}`));
    });
  });
  const gateway = openCheckout('http://127.0.0.1:9', { auth: new OAuth({ tokenUrl, clientId: 'a', clientSecret: 'b' }) });
  expect(await gateway.pay(REQUEST, soon())).toMatchObject({ answer: 'not_taken', reason: 'unavailable' });
});

test('the sandbox takes our tokens', async () => {
  const client = { id: 'ack_zhouqi', secret: 'of the sandbox' };
  const { sandbox } = await startWorld({ client });
  const auth = new OAuth({ tokenUrl: `${sandbox.url}/connect/token`, clientId: client.id, clientSecret: client.secret });
  expect(await openCheckout(sandbox.url, { auth }).payment(PAYMENT)).toBeNull();
});
