import { randomUUID } from 'node:crypto';
import { ControlApi } from './control/control.js';
import { SandboxGateway, type GatewayOptions } from './gateway.js';
import { listen, type Listener } from './http-listener.js';
import { SystemClock } from './runtime/clock.js';
import { Pump } from './runtime/pump.js';
import { defaultSettings } from './settings.js';
import { HttpWebhookSender } from './webhooks/http-sender.js';

export interface SandboxOptions extends Partial<Omit<GatewayOptions, 'publicUrl'>> {
  /** 0 or absent takes any free port, here and for the control API. */
  port?: number;
  controlPort?: number;
}

export interface Sandbox {
  /** Base URL of the simulated API. */
  url: string;
  controlUrl: string;
  gateway: SandboxGateway;
  close(): Promise<void>;
}

/** Starts a sandbox gateway and its control API on loopback. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { port = 0, controlPort = 0, ...rest } = options;
  const clock = options.clock ?? new SystemClock();
  const sender = options.sender ?? new HttpWebhookSender(options.settings?.webhook_concurrency ?? defaultSettings().webhook_concurrency);
  const gateway = await SandboxGateway.open({ ...rest, clock, sender, seed: options.seed ?? randomUUID() });
  const control = new ControlApi(gateway);
  const listeners: Listener[] = [];
  try {
    listeners.push(await listen(port, (request) => gateway.handle(request)));
    listeners.push(await listen(controlPort, (request) => control.handle(request)));
  } catch (error) {
    await Promise.all(listeners.map((listener) => listener.close()));
    gateway.close();
    throw error;
  }
  const [api, controls] = listeners as [Listener, Listener];
  gateway.context.publicUrl = api.url;
  const pump = new Pump(gateway, clock);
  return {
    url: api.url,
    controlUrl: controls.url,
    gateway,
    close: async () => {
      pump.stop();
      await Promise.all([api.close(), controls.close()]);
      gateway.close();
      await sender.close?.();
    },
  };
}
