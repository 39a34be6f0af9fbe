/** The tower, from the ground up: a floor imports only floors below it (and itself). */
const FLOORS = [
  ['domain'],
  ['platform'],
  ['wallets'],
  ['access', 'events', 'ledger'],
  ['plans', 'customers', 'invoices', 'parking', 'continuity', 'messages'],
  ['cases', 'gateway'],
  ['payments'],
  ['subscriptions'],
  ['clocks', 'inbox', 'telemetry', 'webhooks', 'pages'],
  ['scheduler'],
  ['health', 'reports', 'openapi', 'rotation'],
];

const folder = (names) => `^src/(${names.join('|')})/`;

/** Rooms of one floor do not know each other either. */
const neighbours = FLOORS.filter((names) => names.length > 1).flatMap((names) =>
  names.map((name) => ({
    name: `${name}-keeps-to-itself`,
    severity: 'error',
    from: { path: folder([name]) },
    to: { path: folder(names.filter((other) => other !== name)) },
  })),
);

const upwards = FLOORS.slice(0, -1).map((names, i) => ({
  name: `${names.join('-')}-looks-down-only`,
  severity: 'error',
  from: { path: folder(names) },
  to: { path: `${folder(FLOORS.slice(i + 1).flat())}|^src/[^/]+\\.ts$|^src/startup/` },
}));

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'domain-is-pure',
      comment: 'Rules and data only: no framework, no I/O, nothing but a Temporal polyfill.',
      severity: 'error',
      from: { path: '^src/domain/', pathNot: '\\.spec\\.ts$|^src/domain/testing/' },
      to: { pathNot: '^src/domain/|temporal-polyfill' },
    },
    {
      name: 'adapters-hide-behind-the-port',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/gateway/' },
      to: { path: '^src/gateway/checkout/' },
    },
    {
      name: 'the-sandbox-is-a-stranger',
      comment: 'It judges our books, so it shares no code with them.',
      severity: 'error',
      from: { path: '^sandbox/' },
      to: { path: '^(src|test|bench|demo|simulation)/' },
    },
    {
      name: 'we-are-strangers-to-the-sandbox',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^sandbox/' },
    },
    {
      name: 'the-client-is-a-stranger',
      comment: 'It knows what the document says, and nothing else.',
      severity: 'error',
      from: { path: '^client/' },
      to: { path: '^(src|sandbox|test|openapi)/' },
    },
    {
      name: 'the-judge-of-the-simulation-is-a-stranger',
      comment: 'What a period should cost is thought out anew there.',
      severity: 'error',
      from: { path: '^simulation/(model|judge[^/]*|cast|moves|violation)\\.ts$' },
      to: { path: '^src/' },
    },
    ...upwards,
    ...neighbours,
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types'] },
  },
};
