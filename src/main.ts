import 'reflect-metadata';
import { ConfigError } from './platform/config/config.js';
import { errorText } from './platform/log/log.line.js';
import { type Engine, readConfig, startEngine } from './startup/engine.js';

const FORCED_EXIT_MS = 40_000;

function greet({ config, newApiKey, sandbox }: Engine): void {
  const lines = [
    `zhouqi is ready      ${config.PUBLIC_URL}/v1`,
    `documentation        ${config.PUBLIC_URL}/docs`,
    ...(sandbox ? [`sandbox gateway      ${sandbox.url} (control: ${sandbox.controlUrl})`] : []),
    ...(newApiKey ? ['', `admin API key, shown only this once: ${newApiKey}`] : []),
  ];
  console.log(lines.join('\n'));
}

/** SIGTERM and Ctrl-C end in order: no new work, what was sent is waited for, PostgreSQL last. */
function stopOnSignal(engine: Engine): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), FORCED_EXIT_MS).unref();
    engine.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(errorText(error));
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // Started by another process: we do not outlive it.
  process.on('disconnect', stop);
}

// What nobody expected ends the process: what was under way is looked up by whoever comes next.
process.on('uncaughtException', (error) => {
  console.error(`zhouqi: ended by what nobody expected\n${errorText(error)}`);
  process.exit(1);
});

try {
  const engine = await startEngine(readConfig());
  stopOnSignal(engine);
  greet(engine);
  process.send?.({ type: 'ready', url: engine.config.PUBLIC_URL, api_key: engine.newApiKey, sandbox: engine.sandbox });
} catch (error) {
  // One clear line for what the operator can mend; everything else with its stack.
  console.error(error instanceof ConfigError || isPlain(error) ? `zhouqi: ${(error as Error).message}` : errorText(error));
  process.exit(1);
}

function isPlain(error: unknown): boolean {
  return error instanceof Error && /already running|EADDRINUSE|ECONNREFUSED|did not start|lacks migrations/.test(error.message);
}
