/**
 * Node's own modules, without what `import` of them costs: for an import Node reads every export of the module once, and some
 * of them load what is behind them. `import { createServer } from 'node:http'` brings undici, HTTP/2 and web streams that way:
 * 13 MB. Here each import reads the exports that are used, and those only.
 */
import { createRequire, isBuiltin } from 'node:module';

const require = createRequire(import.meta.url);
const PREFIX = '\0builtin:';
/** `createRequire`, which the bundler's own functions begin with. */
const NEEDED_FIRST = /^(?:node:)?module$/;
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** @returns {import('rolldown').Plugin} */
export function builtins() {
  return {
    name: 'builtins',
    resolveId: {
      order: 'pre',
      handler(specifier, _importer, { kind }) {
        if (kind !== 'import-statement' || !isBuiltin(specifier) || NEEDED_FIRST.test(specifier)) return undefined;
        return { id: PREFIX + specifier.replace(/^node:/, ''), moduleSideEffects: false };
      },
    },
    load(id) {
      if (!id.startsWith(PREFIX)) return undefined;
      const name = id.slice(PREFIX.length);
      const names = Object.keys(require(`node:${name}`)).filter((key) => key !== 'default' && IDENTIFIER.test(key));
      return [
        `const builtin = /* @__PURE__ */ process.getBuiltinModule('node:${name}');`,
        'const read = (name) => builtin[name];',
        'export default builtin;',
        ...names.map((key) => `const $${key} = /* @__PURE__ */ read('${key}');\nexport { $${key} as ${key} };`),
      ].join('\n');
    },
  };
}
