import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type { Patch } from './switch.js';

/** Where the project lies, seen from this file, compiled or not. */
const ROOT = ((folder: string): string => {
  let found = folder;
  while (!existsSync(join(found, 'package.json'))) found = dirname(found);
  return found;
})(dirname(fileURLToPath(import.meta.url)));
/** What a test file needs beside itself. */
const SOURCES = ['src', 'test', 'client', 'sandbox', 'migrations', 'simulation', 'vitest.config.ts', 'tsconfig.json', 'tsconfig.build.json'];

/** Sources with patches applied, by file. Throws where a patch does not fit exactly once. */
export async function patched(patches: readonly Patch[]): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const { file, find, put } of patches) {
    const text = files.get(file) ?? (await readFile(join(ROOT, file), 'utf8'));
    const times = text.split(find).length - 1;
    if (times !== 1) throw new Error(`${file} holds this text ${times} times, not once: ${find}`);
    files.set(file, text.replace(find, () => put));
  }
  return files;
}

async function nest(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'zhouqi-sabotage-'));
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** A throw-away copy of the compiled program with some files compiled anew; returns its folder. */
export async function compiledMutant(patches: readonly Patch[]): Promise<string> {
  const files = await patched(patches);
  const folder = await nest();
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await cp(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true, filter: (path) => !/\.(map|tsbuildinfo|d\.ts)$/.test(path) });
  for (const [file, text] of files) {
    const target = join(folder, 'dist', file.replace(/\.ts$/, '.js'));
    await unlink(target);
    await writeFile(target, compiled(text, file));
  }
  return folder;
}

/** One file compiled alone, as the build compiles it among the others. */
function compiled(text: string, fileName: string): string {
  return ts.transpileModule(text, {
    fileName,
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2023,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      useDefineForClassFields: false,
      isolatedModules: true,
    },
  }).outputText;
}

/** A throw-away copy of the sources with the patches applied, for the test suite; returns its folder. */
export async function sourceMutant(patches: readonly Patch[]): Promise<string> {
  const files = await patched(patches);
  const folder = await nest();
  for (const part of SOURCES) await cp(join(ROOT, part), join(folder, part), { recursive: true });
  await cp(join(ROOT, 'package.json'), join(folder, 'package.json'));
  await mkdir(join(folder, 'dist'), { recursive: true });
  for (const [file, text] of files) await writeFile(join(folder, file), text);
  return folder;
}

export function remove(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true });
}
