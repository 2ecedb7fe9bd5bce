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
    ['runtime imports iec104', 'libs/runtime', '@iec104mm2ss/iec104'],
    ['runtime imports wire', 'libs/runtime', '@iec104mm2ss/wire'],
    ['runtime imports a package', 'libs/runtime', 'zod'],
    ['wire imports runtime', 'libs/wire', '@iec104mm2ss/runtime'],
    ['wire imports the bus', 'libs/wire', '@iec104mm2ss/bus'],
    ['wire imports Nest', 'libs/wire', '@nestjs/common'],
    ['wire speaks NATS', 'libs/wire', '@nats-io/transport-node'],
    ['transport imports wire', 'libs/transport', '@iec104mm2ss/wire'],
    ['transport imports the bus', 'libs/transport', '@iec104mm2ss/bus'],
    ['transport imports Nest', 'libs/transport', '@nestjs/common'],
    ['bus imports iec104', 'libs/bus', '@iec104mm2ss/iec104'],
    ['bus imports transport', 'libs/bus', '@iec104mm2ss/transport'],
    ['config imports observability', 'libs/config', '@iec104mm2ss/observability'],
    ['observability imports the bus', 'libs/observability', '@iec104mm2ss/bus'],
    ["the console's API imports the bus", 'libs/console-api', '@iec104mm2ss/bus'],
    ["the console's API imports Nest", 'libs/console-api', '@nestjs/common'],
    ['monitoring imports the bus', 'libs/monitoring', '@iec104mm2ss/bus'],
    ['monitoring imports Nest', 'libs/monitoring', '@nestjs/common'],
    ['the simulator imports the bus', 'libs/simulator', '@iec104mm2ss/bus'],
    ['the simulator imports wire', 'libs/simulator', '@iec104mm2ss/wire'],
    ['the command imports the fakes', 'apps/mm2ss', '@iec104mm2ss/testing'],
    ['the page imports the command', 'apps/console', '@iec104mm2ss/mm2ss'],
    ['the page imports observability', 'apps/console', '@iec104mm2ss/observability'],
    ['the page imports Nest', 'apps/console', '@nestjs/common'],
    ['a package is imported that package.json does not name', 'libs/config', 'prom-client'],
  ])('refuses that %s', async (_what, project, specifier) => {
    const source = `import * as probe from '${specifier}';\nexport const used = probe;`;
    expect(await rulesBrokenBy(source, `${project}/src/probe.ts`)).toContain(BOUNDARY);
  });

  it.each([
    ['services/router', '@iec104mm2ss/bus', 'probe.ts'],
    ['services/router', '@iec104mm2ss/wire', 'probe.ts'],
    ['services/router', '@iec104mm2ss/runtime', 'probe.ts'],
    ['services/router', '@iec104mm2ss/testing', 'probe.spec.ts'],
    ['libs/wire', '@iec104mm2ss/iec104', 'probe.ts'],
    ['libs/wire', 'zod', 'probe.ts'],
    ['libs/bus', '@iec104mm2ss/wire', 'probe.ts'],
    ['libs/bus', '@iec104mm2ss/runtime', 'probe.ts'],
    ['libs/monitoring', '@iec104mm2ss/observability', 'probe.ts'],
    ['libs/transport', '@iec104mm2ss/runtime', 'probe.ts'],
    ['libs/simulator', '@iec104mm2ss/runtime', 'probe.ts'],
    ['libs/simulator', '@iec104mm2ss/config', 'probe.ts'],
    ['libs/testing', '@iec104mm2ss/wire', 'probe.ts'],
    ['libs/testing', '@iec104mm2ss/runtime', 'probe.ts'],
    ['libs/transport', '@iec104mm2ss/iec104', 'probe.ts'],
    ['libs/simulator', '@iec104mm2ss/transport', 'probe.ts'],
    ['libs/testing', '@iec104mm2ss/simulator', 'probe.ts'],
    ['apps/mm2ss', '@iec104mm2ss/simulator', 'probe.ts'],
    ['apps/mm2ss', '@iec104mm2ss/testing', 'probe.spec.ts'],
    ['libs/bus', '@nats-io/transport-node', 'probe.ts'],
    ['apps/mm2ss', '@iec104mm2ss/router', 'probe.ts'],
    ['apps/console', '@iec104mm2ss/console-api', 'probe.ts'],
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

/** What takes time, chance or sockets past libs/runtime, and the rule that refuses it. */
const REAL_WORLD: readonly (readonly [source: string, rule: string])[] = [
  ['export const used = Date.now();', 'no-restricted-properties'],
  ['export const { now } = Date;', 'no-restricted-properties'],
  ['export const used = new Date();', 'no-restricted-syntax'],
  ['export const used = Date();', 'no-restricted-syntax'],
  ['export const used = performance.now();', 'no-restricted-globals'],
  ['setTimeout(() => undefined, 1);', 'no-restricted-globals'],
  ['setInterval(() => undefined, 1);', 'no-restricted-globals'],
  ['setImmediate(() => undefined);', 'no-restricted-globals'],
  ['queueMicrotask(() => undefined);', 'no-restricted-globals'],
  ['globalThis.setTimeout(() => undefined, 1);', 'no-restricted-globals'],
  ['process.nextTick(() => undefined);', 'no-restricted-properties'],
  ['export const used = process.hrtime.bigint();', 'no-restricted-properties'],
  ['export const used = Math.random();', 'no-restricted-properties'],
  ['export const used = Math.random;', 'no-restricted-properties'],
  ["import { randomBytes } from 'node:crypto';\nexport const used = randomBytes;", 'no-restricted-imports'],
  ["import { connect } from 'node:net';\nexport const used = connect;", 'no-restricted-imports'],
  ["import type { Socket } from 'node:net';\nexport type Used = Socket;", 'no-restricted-imports'],
  ["import tls from 'node:tls';\nexport const used = tls;", 'no-restricted-imports'],
  ["import { createSocket } from 'dgram';\nexport const used = createSocket;", 'no-restricted-imports'],
  ["import { setTimeout as wait } from 'node:timers/promises';\nexport const used = wait;", 'no-restricted-imports'],
  ["import { setTimeout as wait } from 'node:timers';\nexport const used = wait;", 'no-restricted-imports'],
  ["import { performance as clock } from 'node:perf_hooks';\nexport const used = clock;", 'no-restricted-imports'],
  ["export const used = await import('node:net');", 'no-restricted-syntax'],
];
const RULES_OF_REAL_WORLD = ['globals', 'imports', 'properties', 'syntax'].map((what) => `no-restricted-${what}`);

describe('what runs in the simulated world', () => {
  it.each([
    'services/router/src/probe.ts',
    'services/slave-connector/src/probe.ts',
    'services/master-gateway/src/probe.ts',
    'libs/bus/src/probe.ts',
    'libs/bus/src/memory/probe.ts',
    'libs/bus/src/broker/probe.ts',
    'libs/transport/src/probe.ts',
    'libs/wire/src/probe.ts',
    'test/simulation/probe.ts',
    'test/simulation/actors/probe.ts',
    'test/simulation/probe.spec.ts',
  ])('takes no time, chance or socket past libs/runtime: %s', async (file) => {
    for (const [source, rule] of REAL_WORLD) {
      expect(await rulesBrokenBy(source, file), source).toContain(rule);
    }
  });

  it.each([
    'export const used = new Date(5).toISOString();',
    'export const used = Math.max(1, 2);',
    "import { createHash } from 'node:crypto';\nexport const used = createHash;",
    "import { EventEmitter } from 'node:events';\nexport const used = EventEmitter;",
  ])('may use what is the same in every world: %s', async (source) => {
    for (const file of ['services/router/src/probe.ts', 'test/simulation/probe.ts']) {
      expect(await rulesBrokenBy(source, file)).toEqual([]);
    }
  });

  it.each([
    'libs/runtime/src/probe.ts',
    'libs/bus/src/nats/probe.ts',
    'libs/simulator/src/probe.ts',
    'services/router/src/probe.spec.ts',
    'apps/mm2ss/src/probe.ts',
    'test/e2e/probe.ts',
    'test/simulation/world/world.ts',
    'test/simulation/runner/probe.ts',
  ])('is all but what stands at the border: %s', async (file) => {
    for (const [source] of REAL_WORLD) {
      const broken = await rulesBrokenBy(source, file);
      expect(
        broken.filter((rule) => RULES_OF_REAL_WORLD.includes(rule)),
        source,
      ).toEqual([]);
    }
  });

  it('names in its messages what to use instead', async () => {
    const messages = async (source: string): Promise<string> => {
      const [result] = await eslint.lintText(`${source}\n`, { filePath: `${root}services/router/src/probe.ts` });
      return (result?.messages ?? []).map(({ message }) => message).join();
    };
    expect(await messages('setTimeout(() => undefined, 1);')).toContain('Clock');
    expect(await messages('export const used = Date.now();')).toContain('Clock');
    expect(await messages('export const used = Math.random();')).toContain('Runtime');
    expect(await messages("import net from 'node:net';\nexport const used = net;")).toContain('Network');
  });
});

describe('specs', () => {
  it.each(['it.only', 'it.skip', 'describe.only', 'describe.skip', 'test.todo'])('may not use %s', async (call) => {
    const source = `import { describe, it, test } from 'vitest';\n${call}('x', () => undefined);\nexport const used = [describe, it, test];`;
    expect(await rulesBrokenBy(source, 'libs/config/src/probe.spec.ts')).toContain('no-restricted-syntax');
    expect(await rulesBrokenBy(source, 'test/simulation/probe.spec.ts')).toContain('no-restricted-syntax');
  });
});
