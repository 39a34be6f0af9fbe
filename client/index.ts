import createClient, { type Client } from 'openapi-fetch';
import type { paths } from './schema.js';

export type Zhouqi = Client<paths>;

/** Where an engine answers, and the API key to ask it with. */
export interface Engine {
  /** `https://billing.example`, without `/v1`. */
  url: string;
  key: string;
}

/**
 * A typed client of the API: `client.GET('/v1/plans/{id}', { params: { path: { id: 'tea' } } })`. Types come
 * from the document of the interface (`npm run client`); nothing is checked while it runs.
 */
export function zhouqi({ url, key }: Engine): Zhouqi {
  return createClient<paths>({ baseUrl: url, headers: { authorization: `Bearer ${key}` } });
}
