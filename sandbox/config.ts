import type { SandboxOptions } from './server.js';
import { readSettings, type Settings } from './settings.js';

/** An environment variable that cannot be used; the message is one line that names it. */
export class BadConfiguration extends Error {}

type Environment = Record<string, string | undefined>;

/** Options of the sandbox process from its environment; throws `BadConfiguration`. */
export function readEnvironment(env: Environment): SandboxOptions {
  const port = readPort(env, 'SANDBOX_PORT', 4010);
  const webhookUrl = env['SANDBOX_WEBHOOK_URL'];
  const settings: Partial<Settings> & { preset?: string } = {
    ...readJson(env),
    ...(webhookUrl ? { webhook_url: readUrl('SANDBOX_WEBHOOK_URL', webhookUrl) } : {}),
    ...(env['SANDBOX_WEBHOOK_KEY'] ? { webhook_key: env['SANDBOX_WEBHOOK_KEY'] } : {}),
  };
  return {
    port,
    controlPort: readPort(env, 'SANDBOX_CONTROL_PORT', port === 0 ? 0 : port + 1),
    secretKey: env['CKO_SECRET_KEY'] || undefined,
    client: readClient(env),
    dataDir: env['SANDBOX_DATA_DIR'] || undefined,
    settings,
  };
}

function readPort(env: Environment, name: string, initial: number): number {
  const text = env[name] || String(initial);
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new BadConfiguration(`${name}: must be a port number, not ${JSON.stringify(text)}`);
  return port;
}

function readUrl(name: string, text: string): string {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) throw new BadConfiguration(`${name}: must be an http or https URL, not ${JSON.stringify(text)}`);
  return text;
}

function readClient(env: Environment): { id: string; secret: string } | undefined {
  const id = env['CKO_CLIENT_ID'];
  const secret = env['CKO_CLIENT_SECRET'];
  if (Boolean(id) !== Boolean(secret)) throw new BadConfiguration('CKO_CLIENT_ID, CKO_CLIENT_SECRET: either both or none');
  return id && secret ? { id, secret } : undefined;
}

function readJson(env: Environment): Partial<Settings> & { preset?: string } {
  const text = env['SANDBOX_SETTINGS'];
  if (text === undefined || text === '') return {};
  try {
    const settings = JSON.parse(text) as Partial<Settings>;
    readSettings(settings);
    return settings;
  } catch (error) {
    throw new BadConfiguration(`SANDBOX_SETTINGS: ${error instanceof SyntaxError ? 'not JSON' : (error as Error).message}`);
  }
}
