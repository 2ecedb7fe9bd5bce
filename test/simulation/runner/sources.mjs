/**
 * Runs the TypeScript sources as they are: `node --conditions=@iec104mm2ss/source --import ./sources.mjs simulate.ts`. Node
 * itself strips types only, and NestJS needs decorators, so TypeScript translates each file when it is loaded. Files may be
 * patched on the way (see defects.mjs): `SIM_DEFECT` names one.
 */
import { readFileSync } from 'node:fs';
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
    const text = patched(fileName, readFileSync(fileName, 'utf8'));
    const { outputText } = ts.transpileModule(text, { fileName, compilerOptions });
    return { format: 'module', source: outputText, shortCircuit: true };
  },
});
