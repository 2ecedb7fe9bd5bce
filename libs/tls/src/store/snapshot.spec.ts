import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSnapshot } from './snapshot.js';

let dir: string;
beforeEach(() => (dir = mkdtempSync(path.join(tmpdir(), 'mm2ss-tls-snapshot-'))));
afterEach(() => rmSync(dir, { recursive: true }));

function write(...names: readonly string[]): void {
  for (const name of names) {
    mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
    writeFileSync(path.join(dir, name), name);
  }
}

/** Where each file of each set is from. */
async function sets(): Promise<Readonly<Record<string, Readonly<Record<string, string>>>>> {
  const all = [...(await readSnapshot(dir))].map(([group, { files }]) => {
    const from = [...files].map(([name, octets]) => [name, Buffer.from(octets).toString()] as const);
    return [group, Object.fromEntries(from)] as const;
  });
  return Object.fromEntries(all);
}

const SHARED = { 'tls.crt': 'tls.crt', 'tls.key': 'tls.key', 'ca.crt': 'ca.crt' };

describe('files of a group', () => {
  it.each([
    ['in a folder of their own', '7/'],
    ['beside the shared ones, as a secret has no folders', '7.'],
  ])('%s take the place of the shared ones', async (_where, at) => {
    write('tls.crt', 'tls.key', 'ca.crt', `${at}tls.crt`, `${at}tls.key`);
    expect(await sets()).toEqual({
      '': SHARED,
      7: { 'ca.crt': 'ca.crt', 'tls.crt': `${at}tls.crt`, 'tls.key': `${at}tls.key` },
    });
  });

  it('in its folder go before those beside the shared ones', async () => {
    write('tls.crt', 'tls.key', '7.tls.crt', '7.tls.key', '7.ca.crt', '7/ca.crt');
    expect((await sets())['7']).toEqual({ 'tls.crt': '7.tls.crt', 'tls.key': '7.tls.key', 'ca.crt': '7/ca.crt' });
  });

  it('are of no other group, nor shared; a CRL there counts for all', async () => {
    write('tls.crt', 'tls.key', '7.ca.crt', '77.ca.crt', 'x.ca.crt', '7.tls.pem', '7.plant.crl');
    const shared = { 'tls.crt': 'tls.crt', 'tls.key': 'tls.key', '7.plant.crl': '7.plant.crl' };
    expect(await sets()).toEqual({
      '': shared,
      7: { ...shared, 'ca.crt': '7.ca.crt' },
      77: { ...shared, 'ca.crt': '77.ca.crt' },
    });
  });

  it('that cannot be taken are named, and are no fault of the others', async () => {
    write('tls.crt', '8.ca.crt');
    mkdirSync(path.join(dir, '7.tls.key'));
    const all = await readSnapshot(dir);
    expect([...all].map(([group, { failures }]) => [group, failures])).toEqual([
      ['', []],
      ['7', ['7.tls.key cannot be read: it is no regular file']],
      ['8', []],
    ]);
  });
});
