import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EVENT_TYPES } from '../../src/domain/events.js';
import { filtersFor } from '../../src/domain/webhook.js';
import { Measuring } from '../../src/telemetry/measuring.js';
import { World } from '../support/world.js';
import { expectProblem, INVALID, nobody, refused, send } from './outsider.js';

const URL = 'https://shop.example/hooks';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const patch = async (id: string, body: object) => (await world.call('patch', `/v1/webhook_endpoints/${id}`).send(body).expect(200)).body;

describe('an endpoint', () => {
  test('has everything that was left out, and its secret once', async () => {
    const { secret, ...made } = await world.post('/v1/webhook_endpoints', { url: URL });
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(made).toEqual({
      id: expect.stringMatching(/^whk_/), object: 'webhook_endpoint', url: URL, events: ['*'], description: null, active: true, failing_since: null,
      disabled_at: null, disabled_reason: null, previous_secret_until: null, replay: null, metadata: {}, created_at: expect.any(String), updated_at: made['created_at'],
    });
    expect(await world.get(`/v1/webhook_endpoints/${made['id']}`)).toEqual(made);
    expect(await patch(made['id'], {})).toEqual(made);
    await world.call('delete', `/v1/webhook_endpoints/${made['id']}`).expect(204);
    for (const method of ['get', 'delete'] as const) {
      expectProblem(await send(world, method, `/v1/webhook_endpoints/${made['id']}`), { status: 404, code: 'webhook_endpoint_not_found' });
    }
    expect(await world.list('/v1/webhook_endpoints')).toEqual([]);
  });

  test('is changed in what is given; made active again, it is believed to be well', async () => {
    const { id } = await world.post('/v1/webhook_endpoints', { url: URL, description: 'Shop', events: ['invoice.*'], active: false });
    await world.database.query(`update webhook_endpoints set failing_since = now(), disabled_at = now(), disabled_reason = 'failing' where id = $1`, [id]);
    expect(await patch(id, { url: 'https://other.example/', description: null })).toMatchObject({
      url: 'https://other.example/', description: null, events: ['invoice.*'], active: false, disabled_reason: 'failing',
    });
    expect(await patch(id, { active: true })).toMatchObject({ active: true, failing_since: null, disabled_at: null, disabled_reason: null });
    await world.call('delete', `/v1/webhook_endpoints/${id}`).expect(204);
  });

  test.each([
    'http://shop.example/', 'ftp://shop.example/', 'https://localhost/', 'https://127.0.0.1/', 'https://0x7f.1/', 'https://2130706433/', 'https://[::1]/', 'https://[::ffff:10.0.0.1]/',
    'https://169.254.169.254/latest/meta-data', 'https://metadata.google.internal/', 'https://100.64.0.1/', 'https://１２７.0.0.1/', 'https://10.0.0.1./', 'https://user:secret@shop.example/',
    'https://user@shop.example/',
  ])('%s is refused', async (url) => {
    const { id } = await world.post('/v1/webhook_endpoints', { url: URL });
    const expected = { status: 422, code: 'webhook_url_refused', paths: ['url'] };
    await refused(world, 'post', '/v1/webhook_endpoints', { body: { url } }, expected);
    await refused(world, 'patch', `/v1/webhook_endpoints/${id}`, { body: { url } }, expected);
    await world.call('delete', `/v1/webhook_endpoints/${id}`).expect(204);
  });

  test('that is not active is neither tested nor told again', async () => {
    const { id } = await world.post('/v1/webhook_endpoints', { url: URL });
    await world.post('/v1/customers', {});
    await patch(id, { active: false });
    const [delivery] = await world.list(`/v1/webhook_endpoints/${id}/deliveries`);
    const inactive = { status: 409, code: 'webhook_endpoint_inactive' };
    await refused(world, 'post', `/v1/webhook_endpoints/${id}/test`, { body: {} }, inactive);
    await refused(world, 'post', `/v1/webhook_endpoints/${id}/replay`, { body: { from: '2026-03-01T00:00:00Z', to: '2026-03-02T00:00:00Z' } }, inactive);
    await refused(world, 'post', `/v1/webhook_deliveries/${delivery?.['id']}/redeliver`, { body: {} }, inactive);
    await world.settle();
    expect(await world.list(`/v1/webhook_endpoints/${id}/deliveries`)).toMatchObject([{ status: 'parked', attempts: 0, error: 'the endpoint is not active' }]);
    await world.call('delete', `/v1/webhook_endpoints/${id}`).expect(204);
    await refused(world, 'post', `/v1/webhook_deliveries/${delivery?.['id']}/redeliver`, { body: {} }, { status: 404, code: 'webhook_delivery_not_found' });
    await world.settle();
  });
});

describe('the list of deliveries', () => {
  let path: string;
  beforeAll(async () => {
    const { id } = await world.post('/v1/webhook_endpoints', { url: URL });
    path = `/v1/webhook_endpoints/${id}/deliveries`;
    for (let i = 0; i < 3; i += 1) await world.post('/v1/customers', {});
    const [first, second] = await world.list(path);
    await world.database.query(
      `update webhook_deliveries set status = 'delivered', delivered_at = queued_at, next_attempt_at = null, last_attempt_at = queued_at, updated_at = queued_at + interval '1 hour' where id = $1`,
      [first?.['id']],
    );
    await world.database.query(`update webhook_deliveries set status = 'parked', next_attempt_at = null where id = $1`, [second?.['id']]);
  });

  test.each(['status', 'event', 'event_type', 'subject', 'queued_at', 'next_attempt_at', 'last_attempt_at', 'delivered_at', 'created_at', 'updated_at'])(
    'can be filtered by %s',
    async (field) => {
      const all = await world.list(path);
      const values = new Set(all.map((item) => item[field] as string | null).filter((value) => value !== null));
      expect(values.size).toBeGreaterThan(0);
      for (const value of values) expect(await world.list(`${path}?${field}=${encodeURIComponent(value)}`)).toEqual(all.filter((item) => item[field] === value));
    },
  );

  test('is paged, newest first, and knows its endpoint’s only', async () => {
    const all = await world.list(path);
    expect(all.map(({ id }) => id)).toEqual(all.map(({ id }) => id).toSorted().toReversed());
    for (const { id } of all) expect(id).toMatch(/^dlv_[0-7][0-9a-hjkmnp-tv-z]{25}$/);
    const page = await world.get(`${path}?limit=2`);
    expect([...page['data'], ...(await world.list(`${path}?cursor=${page['next_cursor']}`))]).toEqual(all);
    const other = await world.post('/v1/webhook_endpoints', { url: URL });
    expect(await world.list(`/v1/webhook_endpoints/${other['id']}/deliveries`)).toEqual([]);
  });

  test.each(['status=lost', 'status=', `event=${nobody('plan')}`, 'event=*', 'event_type=invoice.', 'subject=', 'endpoint=x', 'limit=0', 'cursor=x', 'delivered_at[gte]=today', 'colour=red'])(
    '%s is refused',
    async (query) => {
      expectProblem(await send(world, 'get', `${path}?${query}`), { ...INVALID, paths: [query.slice(0, query.indexOf('='))] });
    },
  );

  test('is measured: what waits, for how long, and what is parked', async () => {
    world.clock.moveTo(world.clock.at + 60_000);
    await world.app.get(Measuring).run();
    const { text } = await send(world, 'get', '/metrics', { key: null });
    expect(text).toContain('zhouqi_webhook_deliveries{state="waiting"} 1\n');
    expect(text).toContain('zhouqi_webhook_deliveries{state="parked"} 1\n');
    expect(Number(/^zhouqi_webhook_deliveries_oldest_age_seconds (\S+)$/m.exec(text)?.[1])).toBeGreaterThanOrEqual(60);
  });
});

test('PostgreSQL hears what the filters say', async () => {
  const filters = [...new Set(EVENT_TYPES.flatMap(filtersFor))];
  const heard = await world.database.query<{ type: string; filters: string[] }>(
    `select type, array_agg(filter order by filter) as filters from unnest($1::text[]) as t(type), unnest($2::text[]) as f(filter)
      where webhook_hears(array[filter], type) group by type order by type`,
    [[...EVENT_TYPES], filters],
  );
  expect(heard).toEqual([...EVENT_TYPES].toSorted().map((type) => ({ type, filters: filtersFor(type).toSorted() })));
});
