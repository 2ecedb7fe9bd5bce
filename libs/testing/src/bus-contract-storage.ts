import assert from 'node:assert/strict';
import { journalSubject } from '@iec104mm2ss/bus';
import { type Cases, octets, settled, text, unique } from './bus-contract-parties.js';

const ROOMY = { maxEntries: 1_000, maxOctets: 1_000_000 };

export const STORAGE_CASES: Record<string, Cases> = {
  'small values': {
    'are put, replaced, deleted, listed, and seen by others': async (parties) => {
      const { bus, other } = parties;
      const bucket = unique('bucket');
      const store = bus.keyValue(bucket);
      assert.equal(await store.get('a'), undefined);
      const value = octets('one');
      await store.put('a', value);
      value.fill(0);
      await store.put('b', octets('two'));
      await store.put('b', octets('three'));
      const seen = other.keyValue(bucket);
      assert.equal(text((await seen.get('a')) ?? octets('nothing')), 'one');
      assert.equal(text((await seen.get('b')) ?? octets('nothing')), 'three');
      assert.deepEqual((await seen.keys()).sort(), ['a', 'b']);
      await seen.delete('a');
      assert.equal(await store.get('a'), undefined);
      assert.deepEqual(await store.keys(), ['b']);
      assert.equal(await bus.keyValue(unique('bucket')).get('b'), undefined);
    },
    'hold any octets, under names with several tokens': async (parties) => {
      const { bus, other } = parties;
      const bucket = unique('bucket');
      const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
      const values = [Buffer.alloc(0), all, octets('null'), Buffer.alloc(20_000, 0xff)];
      for (const [index, value] of values.entries()) await bus.keyValue(bucket).put(`value.of_${index}.a-b`, value);
      for (const [index, value] of values.entries()) {
        const stored = await other.keyValue(bucket).get(`value.of_${index}.a-b`);
        assert.deepEqual(Buffer.from(stored ?? octets('nothing')), value);
      }
    },
  },

  'a journal': {
    'gives entries back in order, of one group or of all, the newest if there are more': async (parties) => {
      const { bus, other } = parties;
      const name = unique('journal');
      const journal = bus.journal(name, ROOMY);
      for (const [index, group] of ['1', '2', '1', '3', '1'].entries()) {
        await journal.append(group, `${name}.${index}`, octets(`entry ${index}`));
      }
      const reading = other.journal(name, ROOMY);
      const entries = async (group: string | undefined, max: number): Promise<string[]> =>
        (await reading.read(group, max)).map(text);
      assert.deepEqual(await entries(undefined, 10), ['entry 0', 'entry 1', 'entry 2', 'entry 3', 'entry 4']);
      assert.deepEqual(await entries('1', 10), ['entry 0', 'entry 2', 'entry 4']);
      assert.deepEqual(await entries('1', 2), ['entry 2', 'entry 4']);
      assert.deepEqual(await entries(undefined, 2), ['entry 3', 'entry 4']);
      assert.deepEqual(await entries('4', 10), []);
    },
    'stores an entry once, whoever appends it again': async (parties) => {
      const { bus, other } = parties;
      const name = unique('journal');
      await bus.journal(name, ROOMY).append('1', `${name}.a`, octets('first'));
      await other.journal(name, ROOMY).append('1', `${name}.a`, octets('first again'));
      await bus.journal(name, ROOMY).append('1', `${name}.b`, octets('second'));
      assert.deepEqual((await other.journal(name, ROOMY).read('1', 10)).map(text), ['first', 'second']);
    },
    'stores what many append at once, and goes to who subscribes to its subject': async (parties) => {
      const { bus, other, until } = parties;
      const name = unique('journal');
      const seen: string[] = [];
      other.subscribe(journalSubject(name.toLowerCase(), '7'), ({ data }) => seen.push(text(data)));
      await settled(parties, other, bus);
      const journal = bus.journal(name, ROOMY);
      const entries = Array.from({ length: 50 }, (_, i) => `entry ${i}`);
      await Promise.all(entries.map((entry) => journal.append('7', `${name}.${entry}`, octets(entry))));
      assert.deepEqual((await journal.read('7', 100)).map(text), entries);
      await until(() => seen.length === 50, 'all entries');
      assert.deepEqual(seen, entries);
    },
    'gives up the oldest entries when there are too many': async (parties) => {
      const { bus } = parties;
      const name = unique('journal');
      const journal = bus.journal(name, { maxEntries: 3, maxOctets: 1_000_000 });
      for (let i = 0; i < 10; i++) await journal.append('1', `${name}.${i}`, octets(String(i)));
      assert.deepEqual((await journal.read(undefined, 100)).map(text), ['7', '8', '9']);
    },
    'gives up the oldest entries when they are too large together': async (parties) => {
      const { bus } = parties;
      const name = unique('journal');
      const journal = bus.journal(name, { maxEntries: 1_000, maxOctets: 4_000 });
      for (let i = 0; i < 10; i++) await journal.append('1', `${name}.${i}`, Buffer.alloc(1_000, i));
      const kept = (await journal.read(undefined, 100)).map(([first]) => first);
      assert.ok(kept.length >= 1 && kept.length <= 4, `${kept.length} are kept`);
      assert.equal(kept.at(-1), 9);
    },
  },
};
