import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configurationFile, digestOf } from '@iec104mm2ss/config';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ApiError } from '../../api/api-error.js';
import { RowDesk, type RowDeskParts } from './row-desk.js';

const HEADER = 'id,sys name,port no,rtu no,max conn,idletime,t1,t2,t3,w,k,buffsize,logevents,same ip,hosts,filter';
const row = (id: number): string =>
  `${id},R${id},240${id},${id},3,60,15,10,20,8,12,1000,Y,all,10.0.0.${id}:2404,10.1.0.0/16`;
const TEXT = `# ours\r\n${HEADER}\r\n${[1, 2, 3].map(row).join('\r\n')}\r\n`;

function bench(parts: Partial<RowDeskParts> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'mm2ss-rows-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'groups.csv');
  writeFileSync(path, TEXT);
  let saves = 0;
  const force = { octets: new Uint8Array(readFileSync(path)), base: '', refuse: undefined as string | undefined };
  const configuration = {
    path,
    get digest() {
      return digestOf(force.octets);
    },
    read: async () => new Uint8Array(readFileSync(path)),
    put: async (octets: Uint8Array, base: string) => {
      if (force.refuse === undefined) Object.assign(force, { octets, base });
      return force.refuse;
    },
  } satisfies RowDeskParts['configuration'];
  const desk = new RowDesk({
    configuration,
    isSource: true,
    isFile: true,
    status: async () => undefined,
    now: () => new Date(Date.UTC(2026, 10, 27, 1, 2, 3, 456) + 1_000 * saves++),
    ...parts,
  });
  const put = async (id: string, cells: Record<string, string>, mode: 'apply' | 'save') =>
    desk.put(id, { digest: (await desk.row(id)).digest, cells }, mode);
  const names = (): string[] => configurationFile('', force.octets).configuration.groups.map(({ name }) => name);
  return { desk, path, folder, configuration, force, put, names };
}

describe('rows that are in force until restart', () => {
  it('add up, and stay when another one is saved', async () => {
    const { desk, path, folder, put, names, force } = bench();
    await put('1', { 'sys name': 'One' }, 'apply');
    await put('2', { 'sys name': 'Two' }, 'apply');
    await put('1', { 'max conn': '9' }, 'apply');
    expect(names()).toEqual(['One', 'Two', 'R3']);
    expect([...desk.edited()]).toEqual(['2', '1']);
    expect((await desk.row('1')).applied).toEqual({ 'sys name': 'One', 'max conn': '9' });
    expect(readFileSync(path, 'utf8')).toBe(TEXT);

    await put('3', { 'sys name': 'Three' }, 'save');
    expect(names()).toEqual(['One', 'Two', 'Three']);
    expect(readFileSync(path, 'utf8')).toBe(TEXT.replace('3,R3', '3,Three'));
    expect(force.base).toBe(digestOf(readFileSync(path)));
    expect(readFileSync(join(folder, 'groups.csv.2026-11-27T01-02-03-456Z.bak'), 'utf8')).toBe(TEXT);

    // What is saved of a group is all that is in force of it.
    await put('2', { 'max conn': '8' }, 'save');
    expect([...desk.edited()]).toEqual(['1']);
    expect(readFileSync(path, 'utf8')).toContain('2,Two,2402,2,8,');
  }, 20_000);

  it('are gone when the file was put into force', async () => {
    const { desk, force, path, put } = bench();
    await put('1', { 'sys name': 'One' }, 'apply');
    force.octets = new Uint8Array(readFileSync(path));
    expect([...desk.edited()]).toEqual([]);
    expect((await desk.row('1')).applied).toEqual({});
  });

  it('are none when they could not be put into force', async () => {
    const { desk, force, put } = bench();
    force.refuse = 'no';
    await expect(put('1', { 'sys name': 'One' }, 'apply')).rejects.toThrow('not in force: no');
    expect([...desk.edited()]).toEqual([]);
  });
});

describe('a row that is put back', () => {
  it('to what the file says is not edited any more, cell by cell', async () => {
    const { desk, put, names } = bench();
    await put('1', { 'sys name': 'One', 'max conn': '9' }, 'apply');
    await put('1', { 'max conn': '3' }, 'apply');
    expect((await desk.row('1')).applied).toEqual({ 'sys name': 'One' });
    const back = { digest: (await desk.row('1')).digest, cells: { 'sys name': 'R1' } };
    expect((await desk.check('1', back)).changes).toEqual([
      { column: 'sys name', before: 'One', after: 'R1', effect: 'live' },
    ]);
    await put('1', { 'sys name': 'R1' }, 'apply');
    expect([...desk.edited()]).toEqual([]);
    expect((await desk.row('1')).applied).toEqual({});
    expect(names()).toEqual(['R1', 'R2', 'R3']);
  });
});

describe('what a change is said to cost', () => {
  const effects = async (desk: RowDesk, cells: Record<string, string>): Promise<Record<string, unknown>> => {
    const { changes } = await desk.check('1', { digest: (await desk.row('1')).digest, cells });
    return Object.fromEntries(changes.map(({ column, effect }) => [column, effect]));
  };

  it('is nothing where it would not be taken, for those cells, too, that are well by themselves', async () => {
    const { desk } = bench({ isSource: false });
    const { digest } = await desk.row('1');
    for (const bad of [{ t1: 'soon' }, { 'sys name': 'a\nb' }]) {
      const check = await desk.check('1', { digest, cells: { hosts: '10.0.0.9', 'max conn': '9', ...bad } });
      expect(check).toMatchObject({ ok: false, effect: null, closesMasters: 0, howTo: null });
      expect(check.consequence).toBe('the row would not be taken');
      expect(check.changes.filter(({ effect }) => effect !== null)).toEqual([]);
    }
  });

  it('is what is kept for a master that is not named any more', async () => {
    const { desk, put } = bench();
    await put('1', { masters: 'A=10.1.1.5;B=10.1.1.6' }, 'apply');
    const { digest } = await desk.row('1');
    const { consequence } = await desk.check('1', { digest, cells: { masters: 'B=10.1.1.6' } });
    expect(consequence).toBe('nobody is disconnected; what is kept for A, not named any more, is given up');
  });

  it('is known of cells that are taken together only', async () => {
    const { desk } = bench();
    // With t2 as it is this t1 would be refused.
    expect(await effects(desk, { t1: '8', t2: '5', 'sys name': 'One' })).toEqual({
      t1: 'link',
      t2: 'link',
      'sys name': 'live',
    });
  });

  it('counts from what is in force until restart', async () => {
    const { desk, put } = bench();
    await put('1', { hosts: '10.0.0.9:2404' }, 'apply');
    // To save it as well changes nothing that is running.
    expect(await effects(desk, { 'sys name': 'One' })).toEqual({ hosts: 'live', 'sys name': 'live' });
  });
});

describe('a row that is saved', () => {
  it('replaces the file, not a link to it, and keeps its mode', async () => {
    const { folder, path, put, desk } = bench();
    chmodSync(path, 0o640);
    const link = join(folder, 'link.csv');
    symlinkSync(path, link);
    await put('1', { 'sys name': 'One' }, 'save');
    expect(readFileSync(link, 'utf8')).toContain('1,One');
    expect(readdirSync(folder).sort()).toEqual(['groups.csv', 'groups.csv.2026-11-27T01-02-03-456Z.bak', 'link.csv']);
    expect(await desk.whyNoSave()).toBeUndefined();
    expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  it('is refused where the file is write-protected, for root, too', async () => {
    const { path, desk, put } = bench();
    chmodSync(path, 0o444);
    expect(await desk.whyNoSave()).toMatch(/write-protected|cannot be written/);
    await expect(put('1', { 'sys name': 'One' }, 'save')).rejects.toMatchObject({ status: 409 });
  });

  it.runIf(process.getuid?.() === 0)('belongs to whom the file belonged', async () => {
    const { path, put } = bench();
    chownSync(path, 1234, 2345);
    await put('1', { 'sys name': 'One' }, 'save');
    expect(statSync(path)).toMatchObject({ uid: 1234, gid: 2345 });
  });

  it('leaves nothing behind where it fails, whenever that is', async () => {
    for (const at of [1, 2]) {
      const { folder, path, configuration, put } = bench();
      const { read } = configuration;
      let reads = 0;
      // Somebody writes the file while it is being saved, or it cannot be read any more.
      configuration.read = async () => {
        // The first is for the row, the second to judge it, the third before it is replaced.
        if (++reads < 3) return read();
        if (at === 1) throw new Error('gone');
        return new Uint8Array(Buffer.from('else'));
      };
      await expect(put('1', { 'sys name': 'One' }, 'save')).rejects.toMatchObject({ status: 409 });
      expect(readdirSync(folder)).toEqual(['groups.csv']);
      expect(readFileSync(path, 'utf8')).toBe(TEXT);
    }
  });

  it.each<[string, Partial<RowDeskParts>, RegExp]>([
    ['the file is of a ConfigMap', { isSource: false }, /ConfigMap/],
    ['it was no file', { isFile: false }, /did not come from a file/],
  ])('is refused where %s', async (_, parts, reason) => {
    const { desk, path, put } = bench(parts);
    expect(await desk.whyNoSave()).toMatch(reason);
    await expect(put('1', { 'sys name': 'One' }, 'save')).rejects.toMatchObject({ status: 409 });
    expect(readFileSync(path, 'utf8')).toBe(TEXT);
  });

  it.each<[Record<string, string>, number]>([
    [{ 'max conn': 'x' }, 400],
    [{ 'port no': '2402' }, 400],
    [{ id: '9' }, 400],
    [{ nothing: '9' }, 400],
    [{ 'sys name': 'a\nb' }, 400],
    [{ 'sys name': 'a\u0000b' }, 400],
    [{ 'sys name': 'a\ud800b' }, 400],
  ])('is refused with %j', async (cells, status) => {
    const { path, put } = bench();
    const outcome = put('1', cells, 'save');
    await expect(outcome).rejects.toBeInstanceOf(ApiError);
    await expect(outcome).rejects.toMatchObject({ status });
    expect(readFileSync(path, 'utf8')).toBe(TEXT);
  });

  it('is refused when the file is another one by now, or there is no such group', async () => {
    const { desk } = bench();
    await expect(desk.put('1', { digest: 'old', cells: {} }, 'save')).rejects.toMatchObject({ status: 409 });
    await expect(desk.row('9')).rejects.toMatchObject({ status: 404 });
  });
});
