import { afterAll, beforeAll, expect, test } from 'vitest';
import { World } from '../support/world.js';
import { expectProblem, INVALID, refused, send, TEA } from './outsider.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const rung = (after: string, notify = true) => ({ after, notify });
const DEFAULT = {
  object: 'dunning_policy', code: 'default', retries: [rung('1d'), rung('3d'), rung('5d'), rung('7d')],
  technical_retries: [{ after: '1h' }, { after: '4h' }], final_action: 'cancel', grace_days: 0, allowed_hours: null, quiet_hours: null,
};

test('one named default exists: 1, 3, 5 and 7 days after the previous try, no hours kept, then cancel', async () => {
  expect(await world.list('/v1/dunning_policies')).toMatchObject([DEFAULT]);
  expect(await world.get('/v1/dunning_policies/default')).toMatchObject(DEFAULT);
});

test('what a policy leaves out is as the default has it', async () => {
  expect(await world.post('/v1/dunning_policies', { code: 'bare' })).toMatchObject({ ...DEFAULT, code: 'bare', metadata: {} });
  const given = {
    code: 'patient', retries: [rung('2d', false), rung('36h')], technical_retries: [], final_action: 'unpaid' as const, grace_days: 3,
    allowed_hours: { from: '09:00', to: '21:00' }, quiet_hours: { from: '22:00', to: '08:00' }, metadata: { team: 'money' },
  };
  const made = await world.post('/v1/dunning_policies', { ...given, retries: [{ after: '2d', notify: false }, { after: '36h' }] });
  expect(made).toMatchObject(given);
  expect(await world.get(`/v1/dunning_policies/${made.id}`)).toEqual(made);
  expect(await world.get('/v1/dunning_policies/patient')).toEqual(made);
  expect(await world.list('/v1/dunning_policies?final_action=unpaid')).toEqual([made]);
});

test('a code is taken once', async () => {
  await refused(world, 'post', '/v1/dunning_policies', { body: { code: 'default' } }, { status: 409, code: 'dunning_policy_code_taken' });
});

test('everything but the code may change', async () => {
  const made = await world.post('/v1/dunning_policies', { code: 'changing', allowed_hours: { from: '09:00', to: '24:00' } });
  expect((await send(world, 'patch', '/v1/dunning_policies/changing', { body: {} })).body).toEqual(made);
  await world.pass(1_000);
  const changes = { retries: [], final_action: 'pause', grace_days: 1, allowed_hours: null, metadata: { a: 'b' } };
  const changed = (await send(world, 'patch', `/v1/dunning_policies/${made.id}`, { body: changes })).body;
  expect(changed).toEqual({ ...made, ...changes, updated_at: expect.any(String) });
  expect(changed.updated_at).not.toBe(made.updated_at);
  expect(await world.get('/v1/dunning_policies/changing')).toEqual(changed);
});

test('a plan names its policy by code or id, and shows the code', async () => {
  const policy = await world.post('/v1/dunning_policies', { code: 'of a plan' });
  const byCode = await world.post('/v1/plans', { ...TEA, dunning_policy: 'of a plan' });
  const byId = await world.post('/v1/plans', { ...TEA, code: 'coffee', dunning_policy: policy.id });
  expect([byCode.dunning_policy, byId.dunning_policy]).toEqual(['of a plan', 'of a plan']);
  expect((await send(world, 'patch', '/v1/plans/tea', { body: { dunning_policy: 'default' } })).body.dunning_policy).toBe('default');
  expect((await send(world, 'patch', '/v1/plans/tea', { body: { dunning_policy: policy.id } })).body.dunning_policy).toBe('of a plan');
  expect((await world.list('/v1/plans?dunning_policy=of%20a%20plan')).map((plan) => plan.code)).toEqual(['coffee', 'tea']);
  for (const dunning_policy of ['no such policy', 'dun_01h455vb4pex5vsknk084sn02q']) {
    await refused(world, 'post', '/v1/plans', { body: { ...TEA, code: 'other', dunning_policy } }, { ...INVALID, paths: ['dunning_policy'] });
    expectProblem(await send(world, 'patch', '/v1/plans/tea', { body: { dunning_policy } }), { ...INVALID, paths: ['dunning_policy'] });
  }
});

test('hours in which a wallet may be tried may be the whole day; hours in which nobody is written to may not', async () => {
  const whole = { from: '00:00', to: '24:00' };
  const made = await world.post('/v1/dunning_policies', { code: 'at any time', allowed_hours: whole, quiet_hours: { from: '00:00', to: '23:59' } });
  expect(made.allowed_hours).toEqual(whole);
  await refused(world, 'post', '/v1/dunning_policies', { body: { code: 'never', quiet_hours: whole } }, { ...INVALID, paths: ['quiet_hours.to'] });
  expectProblem(await send(world, 'patch', `/v1/dunning_policies/${made.id}`, { body: { quiet_hours: whole } }), { ...INVALID, paths: ['quiet_hours.to'] });
});
