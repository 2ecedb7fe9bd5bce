/** How a file that tsc has built becomes a bundle, whatever form that has. */
import { fileURLToPath } from 'node:url';
import { builtins } from './builtins.mjs';
import { leaveOut } from './left-out.mjs';
import { reflectMetadataFirst } from './reflect-metadata.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Modules of packages that only define: where nothing of one is used, it is left out. */
const PURE = /\/node_modules\/(?:@nestjs|@nats-io)\//;
const OURS = /\/(?:libs|services)\/[\w-]+\/dist\//;

function fail(level, log) {
  if (level === 'warn') throw new Error(`bundle: ${log.message}`);
}

/**
 * @param {import('rolldown').InputOptions['input']} input
 * @returns {import('rolldown').InputOptions}
 */
export function inputOptions(input) {
  return {
    input,
    cwd: root,
    platform: 'node',
    plugins: [builtins(), leaveOut(), reflectMetadataFirst()],
    treeshake: { moduleSideEffects: (id) => !(PURE.test(id) || OURS.test(id)) },
    experimental: { resolveNewUrlToAsset: true },
    onLog: fail,
  };
}
