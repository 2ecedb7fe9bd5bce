import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { firstName, tarGz } from './tar.js';

const long = `templates/${'a'.repeat(80)}/${'b'.repeat(80)}.yaml`;
const FILES = [
  { path: 'Chart.yaml', octets: Buffer.from('name: mm2ss\n') },
  { path: long, octets: Buffer.from('x'.repeat(1_000)) },
  { path: 'files/ü', octets: Buffer.from([0, 255, 10]) },
  { path: 'files/nothing', octets: Buffer.alloc(0) },
  { path: 'files/large', octets: Buffer.alloc(3_000_001, 'ab') },
];

describe('an archive of a chart', () => {
  it('holds the files as they are, for every tar', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mm2ss-tar-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'a.tgz'), await tarGz('mm2ss', FILES));
    const listed = execFileSync('tar', ['-tzf', 'a.tgz', '--quoting-style=literal'], { cwd: folder, encoding: 'utf8' });
    expect(listed.trimEnd().split('\n')).toEqual(FILES.map(({ path }) => `mm2ss/${path}`));
    execFileSync('tar', ['-xzf', 'a.tgz'], { cwd: folder });
    for (const { path, octets } of FILES) {
      const file = join(folder, 'mm2ss', path);
      expect(readFileSync(file).equals(octets), path).toBe(true);
      expect([statSync(file).mode & 0o777, statSync(file).mtime.toISOString()]).toEqual([
        0o644,
        '2000-01-01T00:00:00.000Z',
      ]);
    }
  });

  it('is the same octets each time, wherever and by whomever it is made', async () => {
    const digest = createHash('sha256')
      .update(await tarGz('mm2ss', FILES.slice(0, 3)))
      .digest('hex');
    const again = createHash('sha256')
      .update(await tarGz('mm2ss', FILES.slice(0, 3)))
      .digest('hex');
    expect(again).toBe(digest);
  });

  it('is known by its first name; what is none has none', async () => {
    expect(await firstName(await tarGz('mm2ss', FILES))).toBe('mm2ss/Chart.yaml');
    expect(await firstName(await tarGz('mm2ss', FILES.slice(1)))).toBe(`mm2ss/${long}`);
    for (const other of ['', 'x', gzipSync('x'), gzipSync(Buffer.alloc(2_000, 'x')), gzipSync(Buffer.alloc(1_024))]) {
      expect(await firstName(Buffer.from(other))).toBeUndefined();
    }
  });
});
