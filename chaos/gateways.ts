import { type Sandbox, startSandbox } from '../sandbox/server.js';

/** Sandboxes in a process of their own: the judges outlive every engine, and have nothing in common with it. */
export type Request =
  /** Opens one on the state in this folder, which it keeps up. */
  | { type: 'open'; id: string; dataDir: string; secretKey: string; webhookKey: string }
  | { type: 'close'; id: string };

export interface Reply {
  id: string;
  url: string;
  controlUrl: string;
}

const open = new Map<string, Sandbox>();

async function answer(request: Request): Promise<Reply> {
  if (request.type === 'close') {
    await open.get(request.id)?.close();
    open.delete(request.id);
    return { id: request.id, url: '', controlUrl: '' };
  }
  const { id, dataDir, secretKey, webhookKey } = request;
  const sandbox = await startSandbox({ dataDir, secretKey, settings: { preset: 'fast', webhook_key: webhookKey } });
  open.set(id, sandbox);
  return { id, url: sandbox.url, controlUrl: sandbox.controlUrl };
}

process.on('disconnect', () => process.exit(0));
process.on('message', (request: Request) => {
  answer(request).then(
    (reply) => process.send?.(reply),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
