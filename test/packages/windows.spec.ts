import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { unzipSync } from 'fflate';
import { NtExecutable, NtExecutableResource, Resource } from 'resedit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { zip } from '../../packaging/windows/zip.mjs';
import { requireTool } from '../../tools/require.mjs';

const root = resolve(import.meta.dirname, '../..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const hasTools = ['node-windows', 'node-of-windows', 'mingw'].every((name) => requireTool(name) !== undefined);

describe.skipIf(!hasTools)('the zip for Windows', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mm2ss-windows-'));
  let files: Record<string, Uint8Array>;
  let exe: NtExecutable;
  let resources: NtExecutableResource;
  beforeAll(() => {
    execFileSync(process.execPath, [join(root, 'packaging/package-windows.mjs'), folder], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    files = unzipSync(readFileSync(join(folder, `iec104mm2ss-${version}-windows-x64.zip`)));
    exe = NtExecutable.from(files[`iec104mm2ss-${version}-windows-x64/iec104mm2ss.exe`] ?? new Uint8Array());
    resources = NtExecutableResource.from(exe);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('has the program, the sample and the texts in one folder, and nothing that an upgrade would overwrite', () => {
    const names = Object.keys(files).map((name) => name.replace(`iec104mm2ss-${version}-windows-x64/`, ''));
    const texts = [
      'LICENSE',
      'LICENSES.txt',
      'LICENSE-Node.js.txt',
      'README.md',
      'CHANGELOG.md',
      'UPGRADING.md',
      'docs/packages.md',
    ];
    expect(names).toEqual(
      expect.arrayContaining(['iec104mm2ss.exe', 'iec104mm2ss-service.node', 'sample.csv', ...texts]),
    );
    expect(names).not.toContain('iec104mm2ss.csv');
  });

  it('says in the properties of the file what it is', () => {
    const [information] = Resource.VersionInfo.fromEntries(resources.entries);
    const strings = information?.getStringValues({ lang: 0x409, codepage: 1200 });
    expect(strings).toMatchObject({ FileVersion: version, OriginalFilename: 'iec104mm2ss.exe' });
    expect(strings?.['ProductName']).toMatch(/^iec104mm2ss \(Node\.js \d+\.\d+\.\d+\)$/);
    expect(JSON.stringify(strings)).not.toContain('OpenJS');
    expect(resources.entries.some(({ type }) => type === 3 || type === 14)).toBe(false);
  });

  it('has the page of the console and all else that the program reads of itself inside', () => {
    const [blob] = resources.entries.filter(({ id }) => id === 'NODE_SEA_BLOB');
    const inside = Buffer.from(blob?.bin ?? new ArrayBuffer(0));
    const page = globSync('apps/console/dist/assets/*.js', { cwd: root }).map((file) =>
      file.replace('apps/console/dist', 'console'),
    );
    expect(page.length).toBeGreaterThan(0);
    for (const name of ['package.json', 'sample.csv', 'read-crls.cjs', 'service.node', 'chart/Chart.yaml', ...page]) {
      expect(inside.includes(name), name).toBe(true);
    }
    const whole = Buffer.from(exe.generate());
    expect(whole.includes('NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:1')).toBe(true);
  });

  it('is named with its checksum', () => {
    const [name = ''] = globSync('*.zip', { cwd: folder });
    const digest = createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex');
    expect(readFileSync(join(folder, 'SHA256SUMS'), 'utf8')).toBe(`${digest}  ${name}\n`);
  });
});

it('a zip has the same octets whenever and wherever it is made', () => {
  const before = process.env['TZ'];
  const make = (zone: string, names: string[]): Uint8Array => {
    process.env['TZ'] = zone;
    return zip('folder', Object.fromEntries(names.map((name) => [name, Buffer.from(name)])), 1_800_000_000);
  };
  try {
    expect(make('Asia/Tokyo', ['a', 'b/c'])).toEqual(make('America/New_York', ['b/c', 'a']));
  } finally {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  }
});
