import type { GatewayRequest } from '../runtime/ports.js';
import type { Route } from './routes.js';

/** One request on its way through the gateway. */
export interface Call {
  request: GatewayRequest;
  route: Route;
  requestId: string;
  /** The body as text. */
  text: string;
  /** The body as JSON, absent when it is empty or not wanted. */
  json: unknown;
}
