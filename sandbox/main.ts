import { BadConfiguration, readEnvironment } from './config.js';
import { startSandbox } from './server.js';

/** The sandbox as a process of its own. */
async function main(): Promise<void> {
  const sandbox = await startSandbox(readEnvironment(process.env));
  console.log(`sandbox gateway ready: ${sandbox.url} (control: ${sandbox.controlUrl})`);
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    void sandbox.close().then(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  // Started by another process: it is told where we are, and we do not outlive it.
  if (process.send !== undefined) {
    process.once('disconnect', stop);
    process.send({ type: 'ready', url: sandbox.url, controlUrl: sandbox.controlUrl });
  }
}

main().catch((error: NodeJS.ErrnoException) => {
  console.error(error instanceof BadConfiguration || error.code !== undefined ? `sandbox: ${error.message}` : error);
  process.exit(1);
});
