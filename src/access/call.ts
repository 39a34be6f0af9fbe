import type { IdPrefix } from '../platform/ids/ids.js';
import type { ApiKey } from './api.key.js';

/** A request that writes: who asks what, of which thing. */
export interface Call {
  key: Pick<ApiKey, 'id' | 'name'>;
  method: string;
  /** As it is declared: /v1/customers/:id. */
  route: string;
  path: string;
  /** The id, or the code, in the path. */
  target: string | null;
  /** What it makes, when it makes something of its own. */
  creates: IdPrefix | null;
  /** The status with which it is answered when all goes well. */
  status: number;
  requestId: string;
}
