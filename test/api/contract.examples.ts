import type { Response } from 'supertest';
import type { Example } from '../../openapi/operations.js';
import type { Receiver } from '../support/receiver.js';

const MOST_SHOWN = 2;
const ID = /\b([a-z]+)_([0-7][0-9a-hjkmnp-tv-z]{25})\b/g;

/** Made-up names of what is made up anew in every run: the same thing keeps its name. */
const ids = new Map<string, string>();

/** A call as it may be shown: real, but for what differs from run to run. */
export function exampleOf(request: object | undefined, response: Response, receiver: Receiver): Example {
  const isJson = response.headers['content-type']?.startsWith('application/json');
  // The document does not show itself.
  const shown = isJson && !('openapi' in response.body) ? shortened(response.body as object) : undefined;
  return { ...(request && { request: tamed(request, receiver) }), ...(shown && { response: tamed(shown, receiver) }) };
}

function shortened(body: object): object {
  return 'data' in body && Array.isArray(body.data) ? { ...body, data: body.data.slice(0, MOST_SHOWN) } : body;
}

function tamed(thing: object, receiver: Receiver): unknown {
  const text = JSON.stringify(thing)
    .replaceAll(receiver.url, 'https://shop.example/zhouqi')
    .replace(/http:\/\/127\.0\.0\.1:\d+/g, 'https://gateway.example')
    .replace(/http:\/\/localhost:\d+/g, 'https://billing.example')
    .replace(/(zq|whsec)_[\w+/=-]{20,}/g, '$1_bm90LWEtcmVhbC1zZWNyZXQtYnV0LWFuLWV4YW1wbGU')
    .replace(/(\/pay\/)[\w.~-]+/g, '$1wo3jxq5w2f')
    .replace(/"(request_id|next_cursor)":"[^"]*"/g, (_, name: string) => `"${name}":"${name === 'request_id' ? 'f1c2a3de-5f1a-4c0e-9d27-3a9f6d0b7c11' : 'c3ViXzAxa2prbWY4aDJlNXd2eG40ZjZicXozdDd5'}"`)
    .replace(/"duration_ms":\d+/g, '"duration_ms":12')
    .replace(ID, (_, kind: string, rest: string) => `${kind}_${nameFor(rest)}`);
  return JSON.parse(text);
}

function nameFor(id: string): string {
  const known = ids.get(id) ?? `01kjkmf8h2e5wvxn4f6bqz${(ids.size + 1_000).toString(8).padStart(4, '0')}`;
  ids.set(id, known);
  return known;
}
