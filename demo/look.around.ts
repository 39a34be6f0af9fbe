/** What the hints are about. */
interface Leftovers {
  dataDir: string;
  apiKey: string;
  clock: string;
  /** The subscription of a customer who revoked his wallet and came back. */
  returned: string;
}

/** How to go on from here on the same data, in lines that can be pasted. */
export function lookAround({ dataDir, apiKey, clock, returned }: Leftovers): string {
  return [
    'To look around, start the engine on the same data, and ask it from another terminal:',
    '',
    `  DATA_DIR=${dataDir} PORT=3000 npm start`,
    '',
    `  export AUTH="Authorization: Bearer ${apiKey}"`,
    '  # who is behind with a payment, and when the next try is',
    '  curl -s -H "$AUTH" "http://localhost:3000/v1/subscriptions?status=past_due"',
    '  # the life of one customer who revoked his wallet and came back, newest first',
    `  curl -s -H "$AUTH" "http://localhost:3000/v1/events?subject=${returned}"`,
    '  # let all of them live another month',
    '  curl -s -X POST -H "$AUTH" -H "Content-Type: application/json" \\',
    `    -d '{"to": "2027-02-01T00:00:00Z"}' http://localhost:3000/v1/test_clocks/${clock}/advance`,
    '  # the gateway\'s own book',
    '  curl -s http://localhost:4011/book',
  ].join('\n');
}
