import { createServer } from 'node:net';

const NEIGHBOURS = 20;
const EPHEMERAL_TRIES = 20;

/** Binds the loopback port for a moment; 0 asks the system for any. Undefined when it is taken. */
function probe(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1' }, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : undefined;
      server.close(() => resolve(bound));
    });
  });
}

/**
 * Free loopback ports: the preferred one, its neighbours, then whatever the system gives.
 * A stream rather than one answer, because another process may take a port between probe and use.
 */
export async function* freePorts(preferred: number): AsyncGenerator<number> {
  if (preferred !== 0) {
    for (let port = preferred; port < preferred + NEIGHBOURS && port <= 65_535; port++) {
      if ((await probe(port)) !== undefined) yield port;
    }
  }
  for (let tries = 0; tries < EPHEMERAL_TRIES; tries++) {
    const port = await probe(0);
    if (port !== undefined) yield port;
  }
}
