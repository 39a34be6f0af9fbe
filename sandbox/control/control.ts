import { FaultRefused } from '../faults/registry.js';
import type { SandboxGateway } from '../gateway.js';
import { controlIndex } from '../index-pages.js';
import type { GatewayRequest, HttpReply } from '../runtime/ports.js';
import { SettingRefused } from '../settings.js';
import { bookRoutes } from './book-routes.js';
import { faultRoutes } from './fault-routes.js';
import { paymentRoutes } from './payment-routes.js';
import { ControlRefusal, findRoute, json, type ControlRoute } from './router.js';
import { timeRoutes } from './time-routes.js';
import { webhookRoutes } from './webhook-routes.js';

/** The switches and books of a gateway, for tests and for trying things out; no part of the simulated API. */
export class ControlApi {
  readonly routes: readonly ControlRoute[];

  constructor(gateway: SandboxGateway) {
    this.routes = [...faultRoutes(gateway), ...timeRoutes(gateway), ...paymentRoutes(gateway), ...bookRoutes(gateway), ...webhookRoutes(gateway)];
  }

  async handle(request: GatewayRequest): Promise<HttpReply> {
    if (request.path === '/' && request.method === 'GET') return controlIndex(this.routes.map(({ method, pattern, description }) => [`${method} ${pattern}`, description]));
    try {
      const found = findRoute(this.routes, request.method, request.path);
      if (found === undefined) throw new ControlRefusal(404, 'no such call; GET / lists them');
      const result = await found.route.run({ params: found.params, query: new URLSearchParams(request.query), body: readBody(request) });
      return json(200, result ?? {});
    } catch (error) {
      if (error instanceof ControlRefusal) return json(error.status, { error: error.message });
      if (error instanceof FaultRefused || error instanceof SettingRefused) return json(422, { error: error.message });
      throw error;
    }
  }
}

function readBody(request: GatewayRequest): Record<string, unknown> {
  const text = String(request.body ?? '');
  if (text === '') return {};
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new ControlRefusal(400, 'the body is not JSON');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new ControlRefusal(422, 'the body must be a JSON object');
  return body as Record<string, unknown>;
}
