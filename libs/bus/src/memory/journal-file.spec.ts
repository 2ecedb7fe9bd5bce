import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Journal } from '../bus.js';
import { MemoryBus } from './memory-bus.js';

const OPTIONS = { maxEntries: 100, maxOctets: 2_000 };

let directory: string;
let buses: MemoryBus[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mm2ss-journal-'));
  buses = [];
});
afterEach(async () => {
  await Promise.all(buses.map((bus) => bus.close()));
  await rm(directory, { recursive: true });
});

function open(options = OPTIONS): { bus: MemoryBus; journal: Journal } {
  const bus = new MemoryBus({ directory: join(directory, 'audit') });
  buses.push(bus);
  return { bus, journal: bus.journal('audit', options) };
}
const file = (name = 'audit.jsonl'): string => join(directory, 'audit', name);
const lines = async (): Promise<unknown[]> =>
  (await readFile(file(), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
const texts = async (journal: Journal): Promise<string[]> =>
  (await journal.read(undefined, 100)).map((entry) => Buffer.from(entry).toString('latin1'));

describe('a journal in a file', () => {
  it('has a line of JSON for each entry, there when it counts as stored', async () => {
    const { journal } = open();
    await journal.append('1', 'a', Buffer.from('{"outcome":"ok"}'));
    expect(await lines()).toEqual([{ group: '1', id: 'a', entry: { outcome: 'ok' } }]);
  });

  it('is read by the next process, octet for octet, and stores nothing twice', async () => {
    const entries = ['{"a":1}', '{ "b": 2 }', '', 'null', 'é\n"', '\x00\xff\x80'].map((text) =>
      Buffer.from(text, 'latin1'),
    );
    const first = open();
    for (const [index, entry] of entries.entries()) await first.journal.append('1', `id${index}`, entry);
    await first.bus.close();
    const second = open();
    await second.journal.append('1', 'id0', Buffer.from('again'));
    await second.journal.append('2', 'new', Buffer.from('"new"'));
    expect(await texts(second.journal)).toEqual([...entries.map((entry) => entry.toString('latin1')), '"new"']);
    expect(await lines()).toHaveLength(7);
  });

  it('stays small: a file that is full becomes the older one', async () => {
    const { bus, journal } = open();
    for (let i = 0; i < 200; i++) await journal.append('1', `id${i}`, Buffer.from(JSON.stringify({ number: i })));
    expect((await readdir(join(directory, 'audit'))).sort()).toEqual(['audit.jsonl', 'audit.jsonl.1']);
    for (const name of ['audit.jsonl', 'audit.jsonl.1'])
      expect((await stat(file(name))).size).toBeLessThanOrEqual(2_000);
    await bus.close();
    const kept = await texts(open().journal);
    expect(kept.at(-1)).toBe('{"number":199}');
    expect(kept.length).toBeGreaterThan(40);
    // A file that is full already is not written on.
    const again = open();
    for (let i = 200; i < 260; i++)
      await again.journal.append('1', `id${i}`, Buffer.from(JSON.stringify({ number: i })));
    expect((await stat(file())).size).toBeLessThanOrEqual(2_000);
  });

  it('goes on behind a line that was half written when the power failed', async () => {
    const first = open();
    await first.journal.append('1', 'a', Buffer.from('1'));
    await first.bus.close();
    await writeFile(file(), `${await readFile(file(), 'utf8')}{"group":"1","id":"b","ent`);
    const second = open();
    await second.journal.append('1', 'c', Buffer.from('3'));
    await second.bus.close();
    expect(await texts(open().journal)).toEqual(['1', '3']);
  });

  it('says when it cannot be written, and stores the entry when it is appended again', async () => {
    await writeFile(join(directory, 'audit'), 'in the way');
    const { journal } = open();
    await expect(journal.append('1', 'a', Buffer.from('1'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await rm(join(directory, 'audit'));
    await journal.append('1', 'a', Buffer.from('1'));
    expect(await texts(journal)).toEqual(['1']);
    expect(await lines()).toHaveLength(1);
  });

  it('stores what many append at once, in order', async () => {
    const { journal } = open({ maxEntries: 1_000, maxOctets: 1_000_000 });
    await Promise.all(Array.from({ length: 200 }, (_, i) => journal.append('1', `id${i}`, Buffer.from(String(i)))));
    expect((await lines()).map((line) => (line as { entry: number }).entry)).toEqual(
      Array.from({ length: 200 }, (_, i) => i),
    );
  });

  it('takes nothing more when the bus was closed', async () => {
    const { bus, journal } = open();
    await bus.close();
    await expect(journal.append('1', 'a', Buffer.from('1'))).rejects.toMatchObject({ code: 'CLOSED' });
  });
});
