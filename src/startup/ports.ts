import { createServer } from 'node:net';
import { ConfigError } from '../platform/config/config.js';

/** Ends the start, naming the variable, where nobody could listen: before anything else was begun. */
export async function refuseTakenPort(name: string, port: number, host: string): Promise<void> {
  const trouble = await troubleAt(port, host);
  if (trouble === null) return;
  const { code } = trouble;
  if (code === 'EADDRINUSE') throw new ConfigError(`${name}: port ${port} is in use`);
  if (code === 'EACCES') throw new ConfigError(`${name}: port ${port} may not be used by this account`);
  throw new ConfigError(`HOST: nobody can listen on ${host} (${code})`);
}

function troubleAt(port: number, host: string): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen({ port, host }, () => server.close(() => resolve(null)));
  });
}
