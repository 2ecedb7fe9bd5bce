import assert from 'node:assert/strict';
import { GroupSubjects } from '@iec104mm2ss/bus';
import type { LogRecord } from '@iec104mm2ss/wire';
import { apduRun, BEGINNING, type Cases, delivered, octets, openLog, ranges, unique } from './bus-contract-parties.js';

export const LOG_CASES: Record<string, Cases> = {
  'the event log': {
    'begins at 0, stores in order and knows its extent': async (parties) => {
      const { bus, other } = parties;
      const group = unique('log');
      const opened = await openLog(parties, bus, group);
      assert.equal(opened.writer.next, 0);
      assert.equal(opened.writer.lastEpoch, 0);
      assert.deepEqual(await opened.log.extent(), { first: 0, next: 0, generation: 0 });
      assert.ok(opened.writer.generation > 0);
      opened.append(3, 1, 5);
      assert.equal(opened.writer.next, 9);
      await opened.allStored();
      const { generation } = opened.writer;
      assert.deepEqual(await other.eventLog(group).extent(), { first: 0, next: 9, generation });
      assert.equal(opened.refused, 0);
    },
    'reads from any position, inside a record too': async (parties) => {
      const { bus, other } = parties;
      const group = unique('read');
      const opened = await openLog(parties, bus, group);
      opened.append(3, 1, 5, 2);
      await opened.allStored();
      const log = other.eventLog(group);
      assert.equal(ranges(await log.read(0, 10)), '0+3 3+1 4+5 9+2');
      assert.equal(ranges(await log.read(2, 2)), '0+3 3+1');
      assert.equal(ranges(await log.read(3, 1)), '3+1');
      assert.equal(ranges(await log.read(4, 10)), '4+5 9+2');
      assert.equal(ranges(await log.read(8, 10)), '4+5 9+2');
      assert.equal(ranges(await log.read(10, 10)), '9+2');
      assert.equal(ranges(await log.read(11, 10)), '');
      const [whole] = await log.read(4, 1);
      assert.ok(whole !== undefined);
      const { epoch, generation, receivedAt, first, end, apdusAt } = whole;
      const expected = { epoch: 1, generation: opened.writer.generation, receivedAt: 1_000, first: 4, end: 9 };
      assert.deepEqual({ epoch, generation, receivedAt, first, end }, expected);
      assert.deepEqual(Buffer.from(whole.octets.subarray(apdusAt)), apduRun(5));
    },
    'reads on where a read ended, also when that was trimmed meanwhile': async (parties) => {
      const { bus, other, untilAsync } = parties;
      const group = unique('on');
      const opened = await openLog(parties, bus, group);
      opened.append(...Array.from({ length: 6 }, () => 5_000));
      await opened.allStored();
      const log = other.eventLog(group);
      assert.equal(ranges(await log.read(0, 2)), '0+5000 5000+5000');
      assert.equal(ranges(await log.read(10_000, 1)), '10000+5000');
      assert.equal(ranges(await log.read(10_000, 2)), '10000+5000 15000+5000');
      log.trim(25_000);
      await untilAsync(async () => (await log.extent()).first === 25_000, 'trimmed');
      assert.equal(ranges(await log.read(15_000, 2)), '25000+5000');
      assert.equal(ranges(await log.read(30_000, 2)), '');
      opened.append(1);
      await opened.allStored();
      assert.equal(ranges(await log.read(30_000, 2)), '30000+1');
    },
    'is followed from a position inside a record, the backlog and then live records, without gap': async (parties) => {
      const { bus, other, until } = parties;
      const group = unique('follow');
      const opened = await openLog(parties, bus, group);
      opened.append(...Array.from({ length: 100 }, (_, i) => 1 + (i % 7)));
      const middle = Math.floor(opened.writer.next / 2);
      await opened.allStored();
      const seen: LogRecord[] = [];
      const following = other
        .eventLog(group)
        .follow({ generation: opened.writer.generation, position: middle }, (each) => seen.push(each));
      // While the backlog is being read.
      opened.append(...Array.from({ length: 100 }, (_, i) => 1 + (i % 5)));
      await until(() => seen.at(-1)?.end === opened.writer.next, 'the end');
      opened.append(4, 4);
      await until(() => seen.at(-1)?.end === opened.writer.next, 'live records');
      const [begin] = seen as [LogRecord];
      assert.ok(begin.first <= middle && begin.end > middle, 'begins with the record that holds it');
      let position = begin.first;
      for (const { first, end } of seen) {
        assert.equal(first, position);
        position = end;
      }
      following.unsubscribe();
      const before = seen.length;
      opened.append(1);
      await opened.allStored();
      await delivered(parties, other, bus);
      assert.equal(seen.length, before);
    },
    'misses nothing that a follower itself causes to be appended': async (parties) => {
      const { bus, until } = parties;
      const group = unique('cause');
      const opened = await openLog(parties, bus, group);
      opened.append(1, 1, 1);
      await opened.allStored();
      const seen: number[] = [];
      opened.log.follow(BEGINNING, ({ first }) => {
        seen.push(first);
        if (opened.writer.next < 10) opened.append(1);
      });
      await until(() => seen.length >= 10, 'ten records');
      assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    },
    'is followed from its end: only what comes': async (parties) => {
      const { bus, other, until } = parties;
      const group = unique('end');
      const opened = await openLog(parties, bus, group);
      opened.append(5);
      await opened.allStored();
      const seen: LogRecord[] = [];
      other.eventLog(group).follow({ generation: opened.writer.generation, position: 5 }, (each) => seen.push(each));
      opened.append(2, 2);
      await until(() => seen.length >= 2, 'two records');
      assert.equal(ranges(seen), '5+2 7+2');
    },
    'gives up what is trimmed and nothing else': async (parties) => {
      const { bus, other, until, untilAsync } = parties;
      const group = unique('trim');
      const opened = await openLog(parties, bus, group);
      // Large enough for an implementation that trims in large steps.
      opened.append(10_000, 10_000, 10_000, 10_000);
      await opened.allStored();
      const log = other.eventLog(group);
      log.trim(25_000);
      await untilAsync(async () => (await log.extent()).first === 20_000, 'trimmed to the record that holds 25000');
      assert.equal((await log.extent()).next, 40_000);
      assert.equal(ranges(await log.read(0, 10)), '20000+10000 30000+10000');
      const seen: LogRecord[] = [];
      log.follow(BEGINNING, (each) => seen.push(each));
      await until(() => seen.length === 2, 'two records');
      assert.equal(ranges(seen), '20000+10000 30000+10000');
      log.trim(10_000);
      opened.append(1);
      await opened.allStored();
      assert.equal((await log.extent()).first, 20_000);
      assert.equal(opened.writer.next, 40_001);
    },
    'goes on where it was when it is opened again': async (parties) => {
      const { bus, other } = parties;
      const group = unique('again');
      const before = await openLog(parties, bus, group);
      before.appendOf(7, 3);
      await before.allStored();
      before.writer.close();
      const after = await openLog(parties, other, group);
      assert.equal(after.writer.next, 3);
      assert.equal(after.writer.lastEpoch, 7);
      after.append(2);
      await after.allStored();
      assert.equal(ranges(await after.log.read(0, 10)), '0+3 3+2');
    },
    'has one writer: opening another ends the first': async (parties) => {
      const { bus, other } = parties;
      const group = unique('writers');
      const first = await openLog(parties, bus, group);
      first.append(2);
      await first.allStored();
      const second = await openLog(parties, other, group);
      second.append(3);
      await second.allStored();
      first.append(9);
      second.append(4);
      await second.allStored();
      await delivered(parties, bus, other);
      assert.equal(second.refused, 0);
      assert.equal(first.stored, 2, 'the first one was told of nothing more');
      assert.equal(ranges(await second.log.read(0, 10)), '0+2 2+3 5+4');
    },
    'of one group has nothing of another': async (parties) => {
      const { bus } = parties;
      const one = await openLog(parties, bus, unique('one'));
      const two = await openLog(parties, bus, unique('two'));
      one.append(1);
      two.append(2);
      await one.allStored();
      await two.allStored();
      assert.equal(ranges(await one.log.read(0, 10)), '0+1');
      assert.equal(ranges(await two.log.read(0, 10)), '0+2');
    },

    'refuses what a closed writer appends': async (parties) => {
      const { bus } = parties;
      const opened = await openLog(parties, bus, unique('closed'));
      opened.writer.close();
      opened.append(1);
      assert.equal(opened.refused, 1);
      assert.equal((await opened.log.extent()).next, 0);
    },
    'begins a later generation each time it is opened, also when nothing was appended': async (parties) => {
      const { bus, other } = parties;
      const group = unique('generation');
      const writers = [await openLog(parties, bus, group)];
      writers.push(await openLog(parties, bus, group));
      writers[1]?.append(2);
      await writers[1]?.allStored();
      writers.push(await openLog(parties, other, group));
      writers.at(-1)?.append(3);
      await writers.at(-1)?.allStored();
      const [first, second, third] = writers.map(({ writer }) => writer.generation) as [number, number, number];
      assert.ok(first < second && second < third, `${first} ${second} ${third}`);
      const records = await bus.eventLog(group).read(0, 10);
      assert.deepEqual(
        records.map(({ generation }) => generation),
        [second, third],
      );
    },
    'holds a place up to where a later generation begins': async (parties) => {
      const { bus, other } = parties;
      const group = unique('valid');
      const first = await openLog(parties, bus, group);
      const log = other.eventLog(group);
      assert.equal(await log.validUpTo({ generation: first.writer.generation, position: 5 }), 0, 'an empty log');
      first.append(4, 4);
      await first.allStored();
      const second = await openLog(parties, bus, group);
      second.append(2, 2);
      await second.allStored();
      const third = await openLog(parties, other, group);
      const [one, two] = [first.writer.generation, second.writer.generation];
      assert.equal(await log.validUpTo({ generation: one, position: 5 }), 5);
      assert.equal(await log.validUpTo({ generation: one, position: 20 }), 8, 'seen live, never stored');
      assert.equal(await log.validUpTo({ generation: two, position: 11 }), 11);
      assert.equal(await log.validUpTo({ generation: two, position: 20 }), 12, 'beyond the end');
      assert.equal(await log.validUpTo({ generation: one - 1, position: 6 }), 0, 'of a log that is no more');
      assert.equal(await log.validUpTo({ generation: third.writer.generation, position: 12 }), 12);
    },
    'is followed across its being opened again, from where the place still holds': async (parties) => {
      const { bus, other, until } = parties;
      const group = unique('across');
      const first = await openLog(parties, bus, group);
      first.append(3, 3);
      await first.allStored();
      const seen: LogRecord[] = [];
      // Somebody who has seen live what was never stored.
      const ahead: LogRecord[] = [];
      other.eventLog(group).follow(BEGINNING, (each) => seen.push(each));
      other.eventLog(group).follow({ generation: first.writer.generation, position: 9 }, (each) => ahead.push(each));
      await until(() => seen.length === 2, 'the first generation');
      const second = await openLog(parties, other, group);
      second.append(2, 5);
      await until(() => seen.length === 4 && ahead.length === 2, 'the second generation');
      assert.equal(ranges(seen), '0+3 3+3 6+2 8+5');
      assert.equal(ranges(ahead), '6+2 8+5');
      const [one, two] = [first.writer.generation, second.writer.generation];
      assert.deepEqual(
        seen.map(({ generation }) => generation),
        [one, one, two, two],
      );
    },
    'is not stopped by a message on its subject that is no record': async (parties) => {
      const { bus, other, until } = parties;
      const group = unique('rubbish');
      const first = await openLog(parties, bus, group);
      first.append(1);
      await first.allStored();
      const seen: LogRecord[] = [];
      const following = other.eventLog(group).follow(BEGINNING, (each) => seen.push(each));
      await until(() => seen.length === 1, 'the first record');
      for (const rubbish of ['', 'x', 'null']) other.publish(new GroupSubjects(group).log, octets(rubbish));
      await delivered(parties, bus, other);
      // A writer that opens the log while rubbish is still on its way there is refused, and opens it again.
      for (let refused = true; refused;) {
        const second = await openLog(parties, bus, group);
        assert.equal(second.writer.next, 1);
        second.append(2, 2);
        await until(() => second.refused > 0 || second.stored === second.writer.next, 'stored or refused');
        refused = second.refused > 0;
      }
      await until(() => seen.length === 3, 'the others');
      assert.equal(ranges(seen), '0+1 1+2 3+2');
      assert.equal(ranges(await other.eventLog(group).read(0, 10)), '0+1 1+2 3+2');
      following.unsubscribe();
    },
    'holds no record without the one before it, whatever else comes on its subject': async (parties) => {
      const { bus, other, until } = parties;
      const group = unique('hole');
      const opened = await openLog(parties, bus, group);
      opened.append(1);
      await opened.allStored();
      // As many as records are refused because of them: then sequences fit again.
      for (let i = 0; i < 12; i++) {
        if (i % 4 === 2) for (let n = 0; n < 3; n++) bus.publish(new GroupSubjects(group).log, octets('x'));
        opened.append(1);
      }
      await until(() => opened.refused > 0 || opened.stored === opened.writer.next, 'refused, or all stored');
      await delivered(parties, bus, other);
      const records = await other.eventLog(group).read(0, 100);
      let end = 0;
      for (const record of records) {
        assert.equal(record.first, end, ranges(records));
        ({ end } = record);
      }
      assert.ok(end >= opened.stored);
    },
    'goes on for a follower that throws': async (parties) => {
      const { bus, other, until } = parties;
      const group = unique('throws');
      const opened = await openLog(parties, bus, group);
      const seen: number[] = [];
      other.eventLog(group).follow(BEGINNING, ({ first }) => {
        seen.push(first);
        throw new Error('broken');
      });
      opened.append(1, 1);
      await until(() => seen.length === 2, 'both records');
      assert.deepEqual(other.drops.all(), [{ kind: 'log', reason: 'HANDLER', count: 2 }]);
      assert.equal(opened.refused, 0);
    },
  },
};
