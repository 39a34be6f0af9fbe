import { Logger } from '@nestjs/common';
import { onTestFinished } from 'vitest';
import { type CheckoutAuth, SecretKeyAuth } from '../../src/gateway/checkout/checkout.auth.js';
import { CheckoutGateway } from '../../src/gateway/checkout/checkout.gateway.js';
import { CheckoutHttp, type HttpOptions } from '../../src/gateway/checkout/checkout.http.js';
import type { PaymentRequest } from '../../src/gateway/gateway.port.js';
import { KEY, redirectBody, startWorld, storedBody } from '../sandbox/support.js';
import type { GatewayBench, Trouble } from './contract.js';

// Warnings are for operators.
Logger.overrideLogger(false);

/** The Checkout.com adapter at this address; its connections end with the test. */
export function openCheckout(
  url: string,
  { auth = new SecretKeyAuth(KEY), ...http }: Partial<HttpOptions> & { auth?: CheckoutAuth } = {},
): CheckoutGateway {
  const client = new CheckoutHttp(url, { connections: 4, ...http });
  onTestFinished(() => client.close());
  return new CheckoutGateway(client, auth);
}

/** A request with this body, under a key of its own. */
export function requestOf(body: Record<string, unknown>): PaymentRequest {
  const reference = String(body.reference);
  return { idempotencyKey: `key-of-${reference}`, reference, currency: String(body.currency), body: JSON.stringify(body) };
}

interface Fault {
  type: string;
  params?: object;
}

const FAULT_OF: Record<Trouble, Fault> = {
  'answer lost': { type: 'response_lost' },
  'request lost': { type: 'reset_before_commit' },
  'silence after the commit': { type: 'response_lost', params: { mode: 'hang' } },
  'error page after the commit': { type: 'server_error_committed', params: { status: 502, body: 'html' } },
  'error page': { type: 'server_error', params: { status: 503, body: 'html' } },
  'empty error': { type: 'server_error', params: { status: 504, body: 'empty' } },
  'internal error': { type: 'internal_error' },
  'key in use': { type: 'key_conflict' },
  'key in use, told by 429': { type: 'key_conflict_legacy' },
  'answer broken off': { type: 'truncated_body' },
  'answer not quite JSON': { type: 'invalid_json' },
  'answer in HTML': { type: 'non_json' },
  'answer without a body': { type: 'empty_body' },
  'credentials refused': { type: 'unauthorized' },
  'scope missing': { type: 'scope_forbidden' },
  'too many requests': { type: 'rate_limited' },
  'too many requests, retry later': { type: 'rate_limited', params: { retry_after: 30 } },
  'wallet service away': { type: 'apm_unavailable' },
  'invalid request': { type: 'unprocessable', params: { error_codes: ['amount_invalid', 'currency_invalid'] } },
  'unheard-of refusal': { type: 'unprocessable', params: { error_type: 'invalid_request', error_codes: ['the_moon_is_full'] } },
  'declined at once': { type: 'declined_synchronously' },
  'new payments invisible': { type: 'details_not_found' },
  'reading refused': { type: 'reads_rate_limited' },
  'reading fails': { type: 'reads_failing' },
  'unheard-of status': { type: 'details_unknown_status' },
};

/** The adapter in front of a sandbox over HTTP. A call may take half a second before it counts as lost. */
export async function openSandboxBench(): Promise<GatewayBench> {
  const world = await startWorld({ settings: { webhook_url: '' } });
  return {
    gateway: openCheckout(world.sandbox.url, { totalMs: 500 }),
    redirect: () => requestOf(redirectBody('Recurring')),
    stored: async () => requestOf(storedBody(await world.source())),
    provoke: async (trouble, times = 1) => {
      const { type, params } = FAULT_OF[trouble];
      await world.arm(type, params, { times });
    },
    truth: async (reference) => {
      const { body } = await world.control('GET', `/payments?reference=${reference}`);
      return (body.data as { id: string }[]).map((payment) => payment.id);
    },
    capture: async (id) => {
      await world.control('POST', `/payments/${id}/approve`);
      await world.live(10);
    },
    decline: async (id, code) => void (await world.control('POST', `/payments/${id}/decline`, { response_code: code })),
  };
}
