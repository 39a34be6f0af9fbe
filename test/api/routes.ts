import type { World } from '../support/world.js';

export interface Route {
  method: string;
  path: string;
}

interface Layer {
  route?: { path: string; methods: Record<string, boolean> };
}

/** Every route of a controller, as it is declared; what stands before all of them is in braces. */
export function routesOf(world: World): Route[] {
  const { stack } = (world.app.getHttpAdapter().getInstance() as { router: { stack: Layer[] } }).router;
  return stack.flatMap(({ route }) =>
    route === undefined || route.path.startsWith('{') ? [] : Object.keys(route.methods).map((method) => ({ method: method.toUpperCase(), path: route.path })),
  );
}
