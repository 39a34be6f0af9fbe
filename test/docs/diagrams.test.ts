import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { chargeTransitions } from '../../src/domain/charge.js';
import { invoiceTransitions } from '../../src/domain/invoice.js';
import { stateDiagram } from '../../src/domain/machine.diagram.js';
import { messageTransitions } from '../../src/domain/message.delivery.js';
import { refundTransitions } from '../../src/domain/refund.js';
import { sourceTransitions } from '../../src/domain/source.js';
import { subscriptionTransitions } from '../../src/domain/subscription.js';
import { deliveryTransitions } from '../../src/domain/webhook.js';

const PAGE = fileURLToPath(new URL('../../docs/states.md', import.meta.url));

const DIAGRAMS: Readonly<Record<string, string>> = {
  subscription: stateDiagram(subscriptionTransitions, ['incomplete', 'trialing']),
  invoice: stateDiagram(invoiceTransitions, ['draft', 'open']),
  charge: stateDiagram(chargeTransitions, ['created']),
  refund: stateDiagram(refundTransitions, ['created']),
  message: stateDiagram(messageTransitions, ['pending', 'kept']),
  delivery: stateDiagram(deliveryTransitions, ['pending']),
  source: stateDiagram(sourceTransitions, ['pending']),
};

/** The page with each diagram that stands under its `<!-- name -->` mark drawn anew from its table. */
function redrawn(page: string): string {
  return page.replace(/<!-- (\w+) -->\n```mermaid\n[^]*?```/g, (old, name: string) => {
    const diagram = DIAGRAMS[name];
    return diagram === undefined ? old : `<!-- ${name} -->\n\`\`\`mermaid\n${diagram}\n\`\`\``;
  });
}

test('docs/states.md shows the machines as they are; `REDRAW=1 vitest run test/docs` draws it anew', async () => {
  const page = await readFile(PAGE, 'utf8');
  for (const name of Object.keys(DIAGRAMS)) expect(page, `the page has a place for ${name}`).toContain(`<!-- ${name} -->\n\`\`\`mermaid\n`);
  if (process.env['REDRAW'] === '1') await writeFile(PAGE, redrawn(page));
  else expect(redrawn(page)).toBe(page);
});
