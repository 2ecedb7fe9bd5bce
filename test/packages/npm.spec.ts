import * as library from '@iec104mm2ss/iec104';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'mm2ss-npm-'));
const run = (command: string, args: readonly string[], cwd = folder): string =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
const node = (...args: string[]): string => run(process.execPath, args);

// A new folder of somebody else, with both packages installed as npm does it.
beforeAll(() => {
  node(join(root, 'packaging/package-npm.mjs'), join(folder, 'dist'));
  writeFileSync(join(folder, 'package.json'), '{"name":"consumer","private":true,"type":"module"}');
  const files = globSync(join(folder, 'dist/*.tgz'));
  expect(files).toHaveLength(2);
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', ...files]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the package with the command', () => {
  it('gives npx mm2ss', () => {
    expect(run('npx', ['mm2ss', '--help'])).toContain('Usage: mm2ss');
    expect(run('npx', ['mm2ss', 'decode', '680407000000'])).toContain('STARTDT act');
  });

  it('has the chart and the page of the console, and no maps', () => {
    const files = globSync('node_modules/iec104mm2ss/**/*', { cwd: folder });
    expect(files).toContain('node_modules/iec104mm2ss/deploy/helm/mm2ss/Chart.yaml');
    expect(files).toContain('node_modules/iec104mm2ss/bundle/console/index.html');
    expect(files.filter((file) => file.endsWith('.map'))).toEqual([]);
  });
});

it('has what its texts for users refer to', () => {
  const place = join(folder, 'node_modules/iec104mm2ss');
  const texts = ['README.md', ...globSync('docs/*.md', { cwd: place })];
  expect(texts.length).toBeGreaterThan(10);
  const links = texts.flatMap((text) =>
    [...readFileSync(join(place, text), 'utf8').matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, link = '']) =>
      join(dirname(text), link),
    ),
  );
  // For developers, who have the sources, and pictures.
  const ours = links.filter(
    (link) => /^(docs|[A-Z]+\.md)/.test(link) && !/\.png$|^(ARCHITECTURE|CONTRIBUTING)/.test(link),
  );
  expect(ours.length).toBeGreaterThan(30);
  expect(ours.filter((link) => !existsSync(join(place, link)))).toEqual([]);
});

describe('the library', () => {
  const readme = readFileSync(join(root, 'libs/iec104/README.md'), 'utf8');
  const examples = [...readme.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code = '']) => code);

  it('compiles what its README shows, with all types, and does it', async () => {
    mkdirSync(join(folder, 'src'));
    const [decode = '', encode = ''] = examples;
    writeFileSync(join(folder, 'src/decode.ts'), decode);
    writeFileSync(join(folder, 'src/encode.ts'), encode);
    writeFileSync(
      join(folder, 'src/main.ts'),
      `import { received } from './decode.js';
       import { apdu, commands } from './encode.js';
       console.log(JSON.stringify([received(apdu), commands.map(({ length }) => length)]));`,
    );
    const options = {
      module: 'nodenext',
      target: 'es2022',
      strict: true,
      rootDir: 'src',
      outDir: 'out',
      types: [],
      skipLibCheck: false,
    };
    const tsconfig = { compilerOptions: { ...options, lib: ['es2022', 'dom'] }, include: ['src'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
    node(join(root, 'node_modules/typescript/bin/tsc'), '-p', folder);
    expect(JSON.parse(node('out/main.js'))).toEqual([['4001 = 21.5'], [10, 10]]);
  });

  it('refuses what the types do not allow', () => {
    writeFileSync(
      join(folder, 'src/wrong.ts'),
      `import { encodeAsdu } from '@iec104mm2ss/iec104';
       encodeAsdu({ type: 'M_ME_NC_1', cot: 3, ca: 1, objects: [{ ioa: 1, value: 'high' }] });`,
    );
    let said = '';
    try {
      run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder, '--noEmit']);
    } catch (error) {
      said = (error as { stdout: string }).stdout;
    }
    rmSync(join(folder, 'src/wrong.ts'));
    expect(said).toMatch(/wrong\.ts.*TS2322/);
  });

  it('names only what there is in the table of its README', () => {
    const [, table = ''] = readme.split('## What there is');
    const names = [...table.matchAll(/^\| (`.*?)\|/gm)].flatMap(([, cell = '']) => [...cell.matchAll(/`(\w+)`/g)]);
    expect(names.length).toBeGreaterThan(10);
    for (const [, name = ''] of names) if (name !== 'command') expect(library).toHaveProperty(name);
  });
});
