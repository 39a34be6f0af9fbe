import { FAULTS } from '../faults/catalogue.js';
import type { SandboxGateway } from '../gateway.js';
import { ControlRefusal, type ControlRoute } from './router.js';

/** Faults and settings. */
export function faultRoutes(gateway: SandboxGateway): ControlRoute[] {
  const { faults, settings } = gateway.context;
  return [
    { method: 'GET', pattern: '/faults/catalogue', description: 'every fault there is: number, stage, operations, parameters', run: () => ({ data: Object.entries(FAULTS).map(([type, kind]) => ({ type, ...kind })) }) },
    { method: 'GET', pattern: '/faults', description: 'faults switched on, with how often they struck', run: () => ({ data: faults.list(), fired: faults.firedByType() }) },
    { method: 'POST', pattern: '/faults', description: '{type, match?, probability?, times?, for_seconds?, params?} switches one on', run: ({ body }) => faults.arm(body) },
    { method: 'DELETE', pattern: '/faults', description: 'switches all off', run: () => faults.disarmAll() },
    {
      method: 'DELETE', pattern: '/faults/{id}', description: 'switches one off',
      run: ({ params }) => {
        if (!faults.disarm(params['id']!)) throw new ControlRefusal(404, 'no such fault');
      },
    },
    { method: 'GET', pattern: '/settings', description: 'all settings', run: () => settings },
    {
      method: 'PATCH', pattern: '/settings', description: 'changes settings; {"preset": "fast"} takes out the delays',
      run: ({ body }) => {
        gateway.patchSettings(body);
        return settings;
      },
    },
  ];
}
