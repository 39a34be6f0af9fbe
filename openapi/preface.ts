/** What holds for all operations alike. */
export const CONVENTIONS = `
Zhouqi sells subscriptions to AlipayCN wallets through Checkout.com: the customer pays once by redirect, and from then on the stored wallet is charged every period.

- **Keys**: \`Authorization: Bearer <key>\`. A \`read\` key reads, a \`write\` key writes too, an \`admin\` key may do everything.
- **Ids** say what they are of (\`sub_…\`). Ids of the gateway stand only in \`source\` and in fields named \`gateway_…\`.
- **Money** is an integer in minor units of its currency, 0 to 999,999,999.
- **Time** is RFC 3339 in UTC; stretches of time are half-open, \`[start, end)\`.
- **Clocks**: whatever happens to a customer is dated by his clock, which is a test clock's where he lives on one (\`created_at\`, \`settled_at\`, periods, \`next_charge_at\`, \`access_until\`, events). What the engine has to do with others stays in real time: with the gateway (\`requested_at\`, \`next_check_at\`, \`verified_at\`, \`checkout.expires_at\`), with mail servers and with your endpoints.
- **Lists** come newest first, page by page: pass \`next_cursor\` on as \`cursor\`, with the same filters. Every parameter that is not documented is refused.
- **Problems** are RFC 9457; programs look at \`code\`. Bad input is 422 and names every bad field; nothing is stored then. A method that a path does not have is 404, as an unknown path is; \`Allow\` names those that there are.
- **Repeats**: send every POST with an \`Idempotency-Key\`, and repeat it with the same key and body until it is answered. Whatever happens in between, it is done once. Keys are kept for 24 hours at least.
- **Pace**: a key may ask so often a second (\`RateLimit-Policy\`); more is 429, with \`Retry-After\`.
`.trim();

/** The chapters of the interface in the order in which they are read, by the controllers that they describe. */
export const CHAPTERS: Readonly<Record<string, string>> = {
  Plans: 'Plans',
  Customers: 'Customers',
  Subscriptions: 'Subscriptions',
  Invoices: 'Invoices',
  Charges: 'Charges',
  Refunds: 'Refunds',
  Policies: 'Dunning policies',
  Messages: 'Messages',
  MessageTemplates: 'Message templates',
  Events: 'Events',
  WebhookEndpoints: 'Webhook endpoints',
  WebhookDeliveries: 'Webhook deliveries',
  Reports: 'Reports',
  Parked: 'Parked rows',
  Quarantine: 'Quarantine',
  ApiKeys: 'API keys',
  Audit: 'Audit log',
  TestClocks: 'Test clocks',
  Pay: 'Pay page',
  Health: 'Health',
  Metrics: 'Metrics',
  OpenApi: 'OpenAPI',
};

const header = (description: string, schema: object = { type: 'string' }) => ({ description, schema });

export const HEADERS = {
  'X-Request-Id': header('Id of the request: the caller’s own, or a new one.'),
  RateLimit: header('What is left of the budget (`r`), and in how many seconds it is full again (`t`).'),
  'RateLimit-Policy': header('How many requests the key has in so many seconds.'),
  'Idempotent-Replayed': header('There, and `true`, when this was done before.', { type: 'string', const: 'true' }),
  'Retry-After': header('Seconds after which asking again makes sense, where that is known.', { type: 'integer', minimum: 1 }),
  'WWW-Authenticate': header('`Bearer`.'),
};

const sent = (name: string, description: string) => ({ name, in: 'header', required: true, description, schema: { type: 'string' } });

/** What is sent to a merchant's endpoints. */
export const WEBHOOKS = {
  event: {
    post: {
      operationId: 'event',
      summary: 'Something happened',
      description:
        'Sent to every active endpoint whose filters let it through, signed by the Standard Webhooks specification: at least once, and one after the other for each `subject`. Anything but a 2xx within 15 seconds is tried again, for seven days.',
      security: [],
      parameters: [
        sent('webhook-id', 'Id of the event: the same at every try.'),
        sent('webhook-timestamp', 'When it is sent, in seconds since 1970.'),
        sent('webhook-signature', '`v1,` and the base64 of the HMAC-SHA256 by the endpoint’s secret; several, separated by blanks, after a rotation.'),
      ],
      requestBody: { required: true, content: { 'application/json': { schema: { $ref: '#/components/schemas/Event' } } } },
      responses: { '2XX': { description: 'It is taken.' }, '410': { description: 'The endpoint is gone: it is disabled.' } },
    },
  },
};
