import { defineConfig } from 'vitest/config';

/** Tests run from sources: a package's `exports` name src/index.ts under this condition. */
const conditions = ['@iec104mm2ss/source'];

const shared = {
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  // NestJS needs TypeScript's own decorators, on parameters too; tokens are explicit, so no metadata is emitted.
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: false } },
};

const seconds = (n: number): number => n * 1000;

/**
 * Tests that compute rather than wait, on every core. What they import is loaded once for each worker, not for each file:
 * nothing of it keeps anything that a test could notice.
 */
const computing = { isolate: false, maxWorkers: '100%' };

/** Real sockets and processes: one file at a time, so that ports, cores and timings are nobody else's. */
const slow = {
  fileParallelism: false,
  maxWorkers: 1,
  testTimeout: seconds(120),
  hookTimeout: seconds(120),
  teardownTimeout: seconds(30),
};

/** Three at a time: they wait a lot, each file has ports of its own, and what they allow is far from what is seen. */
const severalFiles = { fileParallelism: true, maxWorkers: 3 };

const projects = [
  {
    ...shared,
    test: {
      name: 'unit',
      include: ['{libs,services,apps}/*/src/**/*.spec.ts', 'test/fuzz/**/*.spec.ts'],
      // Far from what any takes, on a machine that is busy with other things, too.
      testTimeout: seconds(180),
      ...computing,
    },
  },
  {
    ...shared,
    test: {
      name: 'workspace',
      include: ['test/workspace/**/*.spec.ts'],
      testTimeout: seconds(120),
      // The project graph is made in one, which takes its time on a busy machine.
      hookTimeout: seconds(120),
    },
  },
  {
    ...shared,
    test: {
      name: 'simulation',
      include: ['test/simulation/**/*.spec.ts'],
      testTimeout: seconds(120),
      ...computing,
      // Helper threads that collect garbage gain nothing where every core has a worker.
      execArgv: ['--single-threaded-gc'],
    },
  },
  // What is given to users, unpacked or installed.
  {
    ...shared,
    test: {
      name: 'packages',
      include: ['test/packages/**/*.spec.ts'],
      testTimeout: seconds(120),
      // One makes the zip for Windows.
      hookTimeout: seconds(300),
    },
  },
  // What helm makes of the chart.
  {
    ...shared,
    test: { name: 'chart', include: ['test/chart/**/*.spec.ts'], testTimeout: seconds(120), isolate: false },
  },
  // What Prometheus makes of the alerts.
  {
    ...shared,
    test: { name: 'observability', include: ['test/observability/**/*.spec.ts'], testTimeout: seconds(60) },
  },
  {
    ...shared,
    test: { ...slow, ...severalFiles, name: 'integration', include: ['test/integration/**/*.spec.ts'] },
  },
  {
    ...shared,
    test: { ...slow, name: 'interop', include: ['test/interop/**/*.spec.ts'], hookTimeout: seconds(300) },
  },
  // The console's page in a real browser.
  {
    ...shared,
    test: {
      ...slow,
      ...severalFiles,
      name: 'console',
      include: ['test/console/**/*.spec.ts'],
      expect: { poll: { timeout: seconds(30) } },
      testTimeout: seconds(300),
      hookTimeout: seconds(300),
    },
  },
  {
    ...shared,
    test: {
      ...slow,
      ...severalFiles,
      name: 'e2e',
      include: ['test/e2e/**/*.spec.ts'],
      testTimeout: seconds(300),
      hookTimeout: seconds(300),
    },
  },
  // A real Prometheus beside the whole system: `make e2e-observability`, and no part of `make test`.
  {
    ...shared,
    test: {
      ...slow,
      name: 'e2e-observability',
      include: ['test/e2e-observability/**/*.spec.ts'],
      testTimeout: seconds(300),
      hookTimeout: seconds(120),
    },
  },
  // On a cluster: `make e2e-kubernetes`, and no part of `make test`.
  {
    ...shared,
    test: {
      ...slow,
      name: 'e2e-kubernetes',
      include: ['test/e2e-kubernetes/**/*.spec.ts'],
      testTimeout: seconds(1_200),
      hookTimeout: seconds(600),
    },
  },
];

export default defineConfig({
  test: {
    // One after the other: they have different numbers of workers.
    projects: projects.map((project, groupOrder) => ({
      ...project,
      test: { ...project.test, sequence: { groupOrder } },
    })),
  },
});
