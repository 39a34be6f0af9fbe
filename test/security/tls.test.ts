import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { openCheckout, requestOf } from '../gateway/checkout.bench.js';
import { soon } from '../gateway/contract.js';

/** Made for this test: nobody vouches for it. */
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgyTi3bgkIpt5BfZog
qd3pQFvNZ6KwLwHeWpZP714hcpShRANCAATX9rzYgWGmh847Jd0zCjhWZPhRrAfB
N99eT0BXgHeK3PpWLzwdUzDUiqt39sDMnbCGoTUxUvHzvbQjpOQ2JYq/
-----END PRIVATE KEY-----`;
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBfzCCASWgAwIBAgIUSPJfJtRoO2KE9nyGEDY2UBi/psUwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNTA3MzYyN1oYDzIxMjYxMTAx
MDczNjI3WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATX9rzYgWGmh847Jd0zCjhWZPhRrAfBN99eT0BXgHeK3PpWLzwdUzDU
iqt39sDMnbCGoTUxUvHzvbQjpOQ2JYq/o1MwUTAdBgNVHQ4EFgQUZp/hzksVadfM
Wz3UPCBKVzEdY6swHwYDVR0jBBgwFoAUZp/hzksVadfMWz3UPCBKVzEdY6swDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAtX9rMBxH0b4y4QHqcc6Q
m7/SjloxExan791VpcUurY0CIG4t2agHJLrrNHmEFAV+rPBvrYUltYs+rKyE0aWJ
NZD7
-----END CERTIFICATE-----`;

test('27 TLS: to a gateway that nobody vouches for, or that speaks an old TLS, not a byte is said', async () => {
  for (const options of [{}, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' }] as const) {
    const requests: string[] = [];
    const server = createServer({ key: KEY, cert: CERTIFICATE, ...options }, (request, response) => {
      requests.push(String(request.url));
      response.end('{}');
    });
    server.on('tlsClientError', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const answer = await openCheckout(`https://localhost:${(server.address() as AddressInfo).port}`).pay(requestOf({ reference: 'r', currency: 'CNY' }), soon());
    expect(answer).toMatchObject({ answer: 'not_taken', reason: 'not_connected' });
    expect(requests).toEqual([]);
  }
});
