import { fileURLToPath } from 'node:url';
import { createProjectGraphAsync } from '@nx/devkit';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const BOUNDARY = '@nx/enforce-module-boundaries';

/** The project's own configuration, less what needs the probe to be a file on disk. */
const eslint = new ESLint({ cwd: root, overrideConfig: [tseslint.configs.disableTypeChecked] });

async function rulesBrokenBy(source: string, filePath: string): Promise<string[]> {
  const [result] = await eslint.lintText(`${source}\n`, { filePath: `${root}${filePath}` });
  const messages = result?.messages ?? [];
  const fatal = messages.find((message) => message.fatal);
  if (fatal) throw new Error(fatal.message);
  return [...new Set(messages.map((message) => String(message.ruleId)))].sort();
}

beforeAll(async () => {
  // The rule says nothing at all when there is no project graph.
  process.env.NX_DAEMON = 'false';
  await createProjectGraphAsync({ exitOnError: false });
});

describe('module boundaries', () => {
  it.each([
    ['a service imports another', 'services/router', '@iec104mm2ss/master-gateway'],
    ['a service imports another by its path', 'services/router', '../../master-gateway/src/index.js'],
    ['a service imports the command', 'services/slave-connector', '@iec104mm2ss/mm2ss'],
    ['a service imports the simulator', 'services/slave-connector', '@iec104mm2ss/simulator'],
    ['a service imports the fakes', 'services/master-gateway', '@iec104mm2ss/testing'],
    ['a service speaks NATS past the bus', 'services/router', '@nats-io/transport-node'],
    ['a lib imports a service', 'libs/transport', '@iec104mm2ss/router'],
    ['a lib imports the command', 'libs/config', '@iec104mm2ss/mm2ss'],
    ['transport imports the bus', 'libs/transport', '@iec104mm2ss/bus'],
    ['transport imports Nest', 'libs/transport', '@nestjs/common'],
    ['bus imports iec104', 'libs/bus', '@iec104mm2ss/iec104'],
    ['config imports observability', 'libs/config', '@iec104mm2ss/observability'],
    ['observability imports the bus', 'libs/observability', '@iec104mm2ss/bus'],
    ['the simulator imports the bus', 'libs/simulator', '@iec104mm2ss/bus'],
    ['the command imports the fakes', 'apps/mm2ss', '@iec104mm2ss/testing'],
    ['a package is imported that package.json does not name', 'libs/config', 'prom-client'],
  ])('refuses that %s', async (_what, project, specifier) => {
    const source = `import * as probe from '${specifier}';\nexport const used = probe;`;
    expect(await rulesBrokenBy(source, `${project}/src/probe.ts`)).toContain(BOUNDARY);
  });

  it.each([
    ['services/router', '@iec104mm2ss/bus', 'probe.ts'],
    ['services/router', '@iec104mm2ss/testing', 'probe.spec.ts'],
    ['libs/transport', '@iec104mm2ss/iec104', 'probe.ts'],
    ['libs/simulator', '@iec104mm2ss/transport', 'probe.ts'],
    ['libs/testing', '@iec104mm2ss/simulator', 'probe.ts'],
    ['apps/mm2ss', '@iec104mm2ss/simulator', 'probe.ts'],
    ['apps/mm2ss', '@iec104mm2ss/testing', 'probe.spec.ts'],
    ['libs/bus', '@nats-io/transport-node', 'probe.ts'],
    ['apps/mm2ss', '@iec104mm2ss/router', 'probe.ts'],
  ])('lets %s import %s in %s', async (project, specifier, file) => {
    const source = `import * as probe from '${specifier}';\nexport const used = probe;`;
    expect(await rulesBrokenBy(source, `${project}/src/${file}`)).toEqual([]);
  });
});

describe('libs/iec104', () => {
  it.each([
    ["import net from 'node:net';\nexport const used = net;", 'no-restricted-imports'],
    ["import { Buffer } from 'buffer';\nexport const used = Buffer;", 'no-restricted-imports'],
    ["import type { Socket } from 'node:net';\nexport type Used = Socket;", 'no-restricted-imports'],
    ["export * from 'rxjs';", 'no-restricted-imports'],
    ["import { used } from '@iec104mm2ss/transport';\nexport { used };", 'no-restricted-imports'],
    ["import { used } from '../../transport/src/index.js';\nexport { used };", BOUNDARY],
    ["export const used = await import('node:fs');", 'no-restricted-syntax'],
    ["export type Used = import('node:net').Socket;", 'no-restricted-syntax'],
    ['export const used = Buffer.alloc(6);', 'no-restricted-globals'],
    ['export const used = process.hrtime();', 'no-restricted-globals'],
    ['export const used = Date.now();', 'no-restricted-globals'],
    ['export const used = new Date();', 'no-restricted-globals'],
    ['export const used = performance.now();', 'no-restricted-globals'],
    ['setTimeout(() => undefined, 1);', 'no-restricted-globals'],
    ['setInterval(() => undefined, 1);', 'no-restricted-globals'],
    ['setImmediate(() => undefined);', 'no-restricted-globals'],
    ['queueMicrotask(() => undefined);', 'no-restricted-globals'],
    ['globalThis.setTimeout(() => undefined, 1);', 'no-restricted-globals'],
  ])('refuses %j', async (source, rule) => {
    expect(await rulesBrokenBy(source, 'libs/iec104/src/probe.ts')).toContain(rule);
  });

  it('lets its specs use the test runner', async () => {
    const source = "import fc from 'fast-check';\nimport { it } from 'vitest';\nexport const used = [fc, it, Buffer];";
    expect(await rulesBrokenBy(source, 'libs/iec104/src/probe.spec.ts')).toEqual([]);
  });
});

describe('specs', () => {
  it.each(['it.only', 'it.skip', 'describe.only', 'describe.skip', 'test.todo'])('may not use %s', async (call) => {
    const source = `import { describe, it, test } from 'vitest';\n${call}('x', () => undefined);\nexport const used = [describe, it, test];`;
    expect(await rulesBrokenBy(source, 'libs/config/src/probe.spec.ts')).toContain('no-restricted-syntax');
  });
});
