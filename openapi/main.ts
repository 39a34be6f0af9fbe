import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DOCUMENT, writeDocument } from './document.js';

/** Writes the document of the interface; with `--check`, says whether the one that is there is the one it would write. */
const file = join(process.cwd(), DOCUMENT);
const written = writeDocument(process.cwd());
if (!process.argv.includes('--check')) {
  writeFileSync(file, written);
  console.log(`Written: ${DOCUMENT}`);
} else if (readFileSync(file, 'utf8') === written) {
  console.log(`${DOCUMENT} says what the code does.`);
} else {
  console.error(`${DOCUMENT} does not say what the code does: npm run openapi`);
  process.exitCode = 1;
}
