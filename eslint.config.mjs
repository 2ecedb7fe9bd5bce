import eslint from '@eslint/js';
import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import globals from 'globals';
import jsonc from 'jsonc-eslint-parser';
import tseslint from 'typescript-eslint';

/**
 * Who may depend on whom. Dependencies point one way: apps -> services -> libs, and libs/iec104 and libs/runtime depend on
 * nothing of ours.
 * Tags are in each project's package.json; test/workspace/boundaries.spec.ts shows that every line here bites.
 */
const anyNats = ['@nats-io/*', 'nats'];
const anyNest = ['@nestjs/*'];
const core = [
  'scope:iec104',
  'scope:runtime',
  'scope:wire',
  'scope:transport',
  'scope:bus',
  'scope:config',
  'scope:observability',
  'scope:tls',
];
const fakes = ['scope:testing', 'scope:simulator'];

/** @param {string[]} extra what specs may import besides */
const constraints = (extra) => [
  { sourceTag: 'scope:iec104', onlyDependOnLibsWithTags: [] },
  { sourceTag: 'scope:runtime', onlyDependOnLibsWithTags: [], bannedExternalImports: [...anyNats, ...anyNest] },
  {
    sourceTag: 'scope:wire',
    onlyDependOnLibsWithTags: ['scope:iec104'],
    bannedExternalImports: [...anyNats, ...anyNest],
  },
  {
    sourceTag: 'scope:transport',
    onlyDependOnLibsWithTags: ['scope:iec104', 'scope:runtime'],
    bannedExternalImports: [...anyNats, ...anyNest],
  },
  {
    sourceTag: 'scope:bus',
    onlyDependOnLibsWithTags: ['scope:runtime', 'scope:wire'],
    bannedExternalImports: anyNest,
  },
  { sourceTag: 'scope:config', onlyDependOnLibsWithTags: [], bannedExternalImports: [...anyNats, ...anyNest] },
  {
    sourceTag: 'scope:chart',
    onlyDependOnLibsWithTags: ['scope:config'],
    bannedExternalImports: [...anyNats, ...anyNest],
  },
  {
    sourceTag: 'scope:observability',
    onlyDependOnLibsWithTags: ['scope:runtime'],
    bannedExternalImports: [...anyNats, ...anyNest],
  },
  {
    sourceTag: 'scope:console-api',
    onlyDependOnLibsWithTags: ['scope:observability'],
    bannedExternalImports: [...anyNats, ...anyNest],
  },
  {
    sourceTag: 'scope:monitoring',
    onlyDependOnLibsWithTags: ['scope:observability'],
    bannedExternalImports: [...anyNats, ...anyNest],
  },
  {
    sourceTag: 'scope:tls',
    onlyDependOnLibsWithTags: ['scope:runtime', 'scope:observability'],
    bannedExternalImports: [...anyNats, ...anyNest],
  },
  {
    sourceTag: 'scope:simulator',
    onlyDependOnLibsWithTags: ['scope:config', 'scope:iec104', 'scope:runtime', 'scope:transport'],
    bannedExternalImports: [...anyNats, ...anyNest],
  },
  {
    sourceTag: 'scope:testing',
    onlyDependOnLibsWithTags: [...core, 'scope:simulator'],
    bannedExternalImports: anyNats,
  },
  { sourceTag: 'type:service', onlyDependOnLibsWithTags: [...core, ...extra], bannedExternalImports: anyNats },
  {
    sourceTag: 'type:app',
    onlyDependOnLibsWithTags: [
      ...core,
      'scope:chart',
      'scope:console-api',
      'scope:simulator',
      'type:service',
      ...extra,
    ],
    bannedExternalImports: anyNats,
  },
  // What runs in a browser knows only what it is told.
  {
    sourceTag: 'type:page',
    onlyDependOnLibsWithTags: ['scope:console-api'],
    bannedExternalImports: [...anyNats, ...anyNest],
  },
  { sourceTag: 'type:test', onlyDependOnLibsWithTags: ['*'] },
  { sourceTag: 'type:bench', onlyDependOnLibsWithTags: ['*'] },
  { sourceTag: 'type:tools', onlyDependOnLibsWithTags: [] },
];

const boundaries = (depConstraints, allow = []) => [
  'error',
  { enforceBuildableLibDependency: true, banTransitiveDependencies: true, allow, depConstraints },
];

/** What would make libs/iec104 more than a machine of octets: time, timers, the process, Node's buffers, I/O. */
const impureGlobals = [
  'Buffer',
  'Date',
  'clearImmediate',
  'clearInterval',
  'clearTimeout',
  'console',
  'fetch',
  'global',
  'globalThis',
  'performance',
  'process',
  'queueMicrotask',
  'require',
  'setImmediate',
  'setInterval',
  'setTimeout',
].map((name) => ({ name, message: 'libs/iec104 is sans-io: time comes in as an argument, octets as Uint8Array.' }));

const testFiles = ['**/*.spec.ts', 'test/**/*.ts'];

/**
 * What runs in the simulated world as well as in a real process: time, randomness and the network come in through Clock,
 * Runtime and Network of libs/runtime, the bus through libs/bus.
 */
const simulated = [
  'services/*/src/**/*.ts',
  'libs/bus/src/**/*.ts',
  'libs/transport/src/**/*.ts',
  'libs/wire/src/**/*.ts',
];
/** The files among them that are the border to the real world. */
const realWorld = ['libs/bus/src/nats/**/*.ts'];
/** The simulated world itself, less what drives it and reports on it in real time. */
const simulation = ['test/simulation/**/*.ts'];
const simulationDrivers = [
  'test/simulation/world/world.ts',
  'test/simulation/runner/**/*.ts',
  'test/simulation/sim-bus-contract.spec.ts',
];

const useClock = 'Time comes from Clock (libs/runtime): now() decides, wallMs() is for people; sleep and every wait.';
const useRuntime = 'Chance and identity come from Runtime (libs/runtime): random(), randomId(), instance.';
const useNetwork = 'Sockets come from Network (libs/runtime): connect and listen.';

const realTimeGlobals = [
  'performance',
  'queueMicrotask',
  'setImmediate',
  'setInterval',
  'setTimeout',
  'clearImmediate',
  'clearInterval',
  'clearTimeout',
].map((name) => ({ name, message: useClock }));
const anyGlobal = ['global', 'globalThis'].map((name) => ({ name, message: 'Name what you need.' }));

const realModules = [
  ...['net', 'tls', 'dgram', 'dns', 'dns/promises', 'http', 'https'].map((name) => ({ name, message: useNetwork })),
  ...['timers', 'timers/promises', 'perf_hooks'].map((name) => ({ name, message: useClock })),
].flatMap(({ name, message }) => [
  { name, message },
  { name: `node:${name}`, message },
]);
const chanceOfCrypto = ['crypto', 'node:crypto'].map((name) => ({
  name,
  importNames: [
    'randomBytes',
    'randomFill',
    'randomFillSync',
    'randomInt',
    'randomUUID',
    'getRandomValues',
    'webcrypto',
  ],
  message: useRuntime,
}));

const realProperties = [
  { object: 'Date', property: 'now', message: useClock },
  { object: 'process', property: 'nextTick', message: useClock },
  { object: 'process', property: 'hrtime', message: useClock },
  { object: 'process', property: 'uptime', message: useClock },
  { object: 'Math', property: 'random', message: useRuntime },
  { object: 'crypto', property: 'randomUUID', message: useRuntime },
  { object: 'crypto', property: 'getRandomValues', message: useRuntime },
];

const realSyntax = [
  { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: useClock },
  { selector: 'CallExpression[callee.name="Date"]', message: useClock },
  {
    selector: 'ImportExpression[source.value=/^(node:)?(net|tls|dgram|dns|https?|timers|perf_hooks|crypto)\\b/]',
    message: `${useNetwork} ${useClock}`,
  },
];

const unfocusedTests = {
  selector:
    'MemberExpression[object.name=/^(it|test|describe|suite|bench)$/][property.name=/^(only|skip|todo|fails)$/]',
  message: 'No focused or skipped tests: what needs a missing tool uses skipIf with requireTool().',
};

const nothingReal = {
  'no-restricted-globals': ['error', ...realTimeGlobals, ...anyGlobal],
  'no-restricted-imports': ['error', { paths: [...realModules, ...chanceOfCrypto] }],
  'no-restricted-properties': ['error', ...realProperties],
};

export default tseslint.config(
  {
    ignores: [
      '**/node_modules',
      '**/dist',
      'apps/mm2ss/bundle',
      '**/.tsc',
      '.nx',
      '.tools',
      'coverage',
      'log',
      'test-results',
      'bench/results',
      'deploy',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts', '**/*.tsx', '**/*.mjs', '**/*.js'],
    extends: [eslint.configs.recommended],
    plugins: { '@nx': nx },
    rules: { '@nx/enforce-module-boundaries': boundaries(constraints([])), eqeqeq: 'error' },
  },
  { files: ['**/*.mjs', '**/*.js'], languageOptions: { globals: globals.node } },
  {
    files: ['**/*.ts', '**/*.tsx', '**/*.mts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: {
        projectService: {
          allowDefaultProject: ['vitest.config.ts', 'tools/*.d.mts', 'packaging/*.d.mts', 'packaging/windows/*.d.mts'],
        },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // An async method may satisfy an interface without awaiting anything itself.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['libs/*/src/**/*.ts', 'services/*/src/**/*.ts'],
    ignores: testFiles,
    rules: { 'no-console': 'error' },
  },
  {
    files: ['libs/iec104/src/**/*.ts'],
    ignores: testFiles,
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^(?!\\.\\.?/)', message: 'libs/iec104 imports nothing but its own files.' }] },
      ],
      'no-restricted-globals': ['error', ...impureGlobals],
      'no-restricted-syntax': [
        'error',
        { selector: 'ImportExpression', message: 'libs/iec104 imports nothing but its own files.' },
        { selector: 'TSImportType[source.value=/^[^.]/]', message: 'libs/iec104 imports nothing but its own files.' },
      ],
    },
  },
  {
    files: testFiles,
    rules: {
      '@nx/enforce-module-boundaries': boundaries(constraints(fakes), [
        '../../tools/require.mjs',
        '../../tools/chart-readme.mjs',
        '../../packaging/changelog.mjs',
        '../../packaging/versions.mjs',
        '../../packaging/windows/zip.mjs',
      ]),
      // Asymmetric matchers (expect.any, expect.objectContaining) are typed any.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/unbound-method': 'off',
      'no-restricted-syntax': ['error', unfocusedTests],
    },
  },
  {
    files: simulated,
    ignores: [...testFiles, ...realWorld],
    rules: { ...nothingReal, 'no-restricted-syntax': ['error', ...realSyntax] },
  },
  {
    files: simulation,
    ignores: simulationDrivers,
    rules: { ...nothingReal, 'no-restricted-syntax': ['error', ...realSyntax, unfocusedTests] },
  },
  {
    files: ['{libs,services,apps}/*/package.json'],
    languageOptions: { parser: jsonc },
    plugins: { '@nx': nx },
    rules: {
      '@nx/dependency-checks': [
        'error',
        {
          buildTargets: ['build'],
          checkVersionMismatches: false,
          checkObsoleteDependencies: true,
          ignoredFiles: [
            '{projectRoot}/src/**/*.spec.ts',
            '{projectRoot}/src/golden.ts',
            '{projectRoot}/vite.config.ts',
          ],
        },
      ],
    },
  },
  prettier,
);
