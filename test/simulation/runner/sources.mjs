/**
 * Runs the TypeScript sources as they are: `node --conditions=@iec104mm2ss/source --import ./sources.mjs simulate.ts`. Node
 * itself strips types only, and NestJS needs decorators, so TypeScript translates each file when it is loaded; what it made
 * of a text is kept. Files may be patched on the way: `SIM_DEFECT` names a defect of ../defects.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { patched } from '../defects/defects.mjs';

const compilerOptions = {
  target: ts.ScriptTarget.ES2024,
  module: ts.ModuleKind.ESNext,
  experimentalDecorators: true,
  verbatimModuleSyntax: true,
  inlineSourceMap: true,
};
const cache = fileURLToPath(new URL('../../../node_modules/.cache/simulation/', import.meta.url));
const kind = JSON.stringify([ts.version, compilerOptions]);
mkdirSync(cache, { recursive: true });

function translate(fileName, text) {
  const kept = `${cache}${createHash('sha256').update(kind).update(fileName).update(text).digest('hex')}.js`;
  try {
    return readFileSync(kept, 'utf8');
  } catch {
    const { outputText } = ts.transpileModule(text, { fileName, compilerOptions });
    // Others may be reading it.
    const made = `${kept}.${process.pid}`;
    writeFileSync(made, outputText);
    renameSync(made, kept);
    return outputText;
  }
}

registerHooks({
  resolve(specifier, context, next) {
    try {
      return next(specifier, context);
    } catch (error) {
      if (!specifier.startsWith('.') || !specifier.endsWith('.js')) throw error;
      return next(`${specifier.slice(0, -3)}.ts`, context);
    }
  },
  load(url, context, next) {
    if (!url.startsWith('file:') || !url.endsWith('.ts') || url.includes('/node_modules/')) return next(url, context);
    const fileName = fileURLToPath(url);
    const source = translate(fileName, patched(fileName, readFileSync(fileName, 'utf8')));
    return { format: 'module', source, shortCircuit: true };
  },
});
