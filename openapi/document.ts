import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Glossary } from './glossary.js';
import { type Example, Operations, titleOf } from './operations.js';
import { CHAPTERS, CONVENTIONS, HEADERS, WEBHOOKS } from './preface.js';
import { PROBLEM } from './problems.js';
import { type Route, routes } from './routes.js';
import { Source } from './source.js';

/** Where the document is kept, from the root of the repository. */
export const DOCUMENT = 'src/openapi/openapi.json';
/** Requests and answers that were recorded from real calls, by operation. */
export const EXAMPLES = 'openapi/examples.json';

/** Writes the document of the interface from the code below `root`. Throws where something is not explained. */
export function writeDocument(root: string): string {
  const glossary = new Glossary();
  const source = new Source(root);
  const operations = new Operations(source, glossary, read<Record<string, Example>>(root, EXAMPLES));
  const all = routes();
  const paths = pathsOf(all, operations);
  const complaints = [...glossary.complaints(), ...operations.problems.complaints()];
  if (complaints.length > 0) throw new Error(`The interface is not explained:\n${complaints.join('\n')}`);
  return `${JSON.stringify({ ...head(root, source, all), paths, webhooks: WEBHOOKS, components: componentsOf(operations) }, null, 2)}\n`;
}

function head(root: string, source: Source, all: readonly Route[]): object {
  const { version, license } = read<{ version: string; license: string }>(root, 'package.json');
  const controllers = new Map(all.map(({ controller }) => [titleOf(controller), controller] as const).filter(([, name]) => !name.endsWith('ActionsController')));
  return {
    openapi: '3.1.0',
    info: { title: 'Zhouqi', version, summary: 'Subscription billing on AlipayCN wallets', description: CONVENTIONS, license: { name: license, identifier: license } },
    servers: [{ url: '/' }],
    security: [{ api_key: [] }],
    tags: Object.values(CHAPTERS).map((name) => ({ name, description: source.words(controllers.get(name) ?? '') })),
  };
}

function pathsOf(all: readonly Route[], operations: Operations): Record<string, Record<string, object>> {
  const paths: Record<string, Record<string, object>> = {};
  // Reads first: what only shows a thing gives it its name, what shows its secret too is called after that.
  const inOrder = [...all.filter(({ method }) => method === 'get'), ...all.filter(({ method }) => method !== 'get')];
  const written = new Map(inOrder.map((route) => [route, operations.of(route)]));
  for (const route of all) paths[route.path] = { ...paths[route.path], [route.method]: written.get(route) as object };
  return paths;
}

function componentsOf({ requests, responses, parameters, problems }: Operations): object {
  const schemas = new Map([...responses.schemas, ...requests.schemas, ['Problem', PROBLEM]]);
  return {
    securitySchemes: { api_key: { type: 'http', scheme: 'bearer', description: 'An API key.' } },
    schemas: Object.fromEntries([...schemas].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    responses: Object.fromEntries([...problems.shared].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    parameters: Object.fromEntries(parameters.shared),
    examples: problems.examples(),
    headers: HEADERS,
  };
}

function read<T>(root: string, path: string): T {
  return JSON.parse(readFileSync(join(root, path), 'utf8')) as T;
}
