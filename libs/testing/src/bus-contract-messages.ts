import assert from 'node:assert/strict';
import { GroupSubjects, receive } from '@iec104mm2ss/bus';
import { WireError } from '@iec104mm2ss/wire';
import { delivered, octets, type Cases, rejection, settled, text, unique } from './bus-contract-parties.js';

export const MESSAGE_CASES: Record<string, Cases> = {
  messages: {
    'arrive in the order one publisher sent them, across subjects and subscriptions': async (parties) => {
      const { bus, other, until } = parties;
      const base = `contract.${unique('order')}`;
      const seen: number[] = [];
      for (const subject of ['a', 'b', 'c.*'])
        bus.subscribe(`${base}.${subject}`, ({ data }) => seen.push(+text(data)));
      await settled(parties, bus, other);
      for (let i = 0; i < 1_000; i++) other.publish(`${base}.${['a', 'b', 'c.x'][i % 3]}`, octets(String(i)));
      await until(() => seen.length >= 1_000, '1000 messages');
      assert.deepEqual(
        seen,
        Array.from({ length: 1_000 }, (_, i) => i),
      );
    },
    'match a pattern token by token': async (parties) => {
      const { bus, other } = parties;
      const base = `contract.${unique('match')}`;
      const patterns = ['a', 'a.*', 'a.>', '*.b', '>', 'a.*.c', '*.>', 'a.b.c.d'];
      const subjects = ['a', 'a.b', 'x.b', 'a.b.c', 'a.b.c.d', 'x'];
      const expected: Record<string, string[]> = {
        a: ['a'],
        'a.*': ['a.b'],
        'a.>': ['a.b', 'a.b.c', 'a.b.c.d'],
        '*.b': ['a.b', 'x.b'],
        '>': subjects,
        'a.*.c': ['a.b.c'],
        '*.>': ['a.b', 'x.b', 'a.b.c', 'a.b.c.d'],
        'a.b.c.d': ['a.b.c.d'],
      };
      const seen: Record<string, string[]> = {};
      for (const pattern of patterns) {
        seen[pattern] = [];
        bus.subscribe(`${base}.${pattern}`, ({ subject }) => seen[pattern]?.push(subject.slice(base.length + 1)));
      }
      await settled(parties, bus, other);
      for (const subject of subjects) other.publish(`${base}.${subject}`, octets(''));
      await delivered(parties, bus, other);
      assert.deepEqual(seen, expected);
    },
    'reach every subscriber, octet for octet': async (parties) => {
      const { bus, other, until } = parties;
      const subject = `contract.${unique('octets')}`;
      const seen: Buffer[] = [];
      bus.subscribe(subject, ({ data }) => seen.push(Buffer.from(data)));
      other.subscribe(subject, ({ data }) => seen.push(Buffer.from(data)));
      await settled(parties, bus, bus);
      await settled(parties, other, bus);
      const sent = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
      bus.publish(subject, sent);
      bus.publish(subject, Buffer.alloc(0));
      await until(() => seen.length === 4, 'four deliveries');
      assert.deepEqual(seen.map((data) => data.length).sort(), [0, 0, 256, 256]);
      for (const data of seen) if (data.length > 0) assert.deepEqual(data, sent);
    },
    'are never delivered inside a handler': async (parties) => {
      const { bus, until } = parties;
      const base = `contract.${unique('reentry')}`;
      const log: string[] = [];
      let depth = 0;
      const handle = (name: string, then?: () => void) => (): void => {
        depth++;
        assert.equal(depth, 1, 're-entered');
        log.push(name);
        then?.();
        depth--;
      };
      bus.subscribe(
        `${base}.first`,
        handle('first', () => {
          bus.publish(`${base}.second`, octets(''));
          bus.publish(`${base}.third`, octets(''));
        }),
      );
      bus.subscribe(`${base}.*`, handle('watcher'));
      bus.subscribe(
        `${base}.second`,
        handle('second', () => bus.publish(`${base}.fourth`, octets(''))),
      );
      bus.subscribe(`${base}.third`, handle('third'));
      bus.subscribe(`${base}.fourth`, handle('fourth'));
      await settled(parties, bus, bus);
      bus.publish(`${base}.first`, octets(''));
      await until(() => log.length === 8, 'eight deliveries');
      const direct = log.filter((name) => name !== 'watcher');
      assert.deepEqual(direct, ['first', 'second', 'third', 'fourth']);
    },
    'that a handler publishes do not overtake the one it handles': async (parties) => {
      const { bus, until } = parties;
      const base = `contract.${unique('overtake')}`;
      const seen: string[] = [];
      bus.subscribe(`${base}.cause`, () => bus.publish(`${base}.effect`, octets('')));
      bus.subscribe(`${base}.cause`, () => seen.push('cause'));
      bus.subscribe(`${base}.effect`, () => seen.push('effect'));
      await settled(parties, bus, bus);
      bus.publish(`${base}.cause`, octets(''));
      await until(() => seen.length === 2, 'both');
      assert.deepEqual(seen, ['cause', 'effect']);
    },
    'are lost to a handler that throws, and to nobody else': async (parties) => {
      const { bus, other, until } = parties;
      const base = `contract.${unique('throws')}`;
      const seen: string[] = [];
      bus.subscribe(`${base}.a`, ({ data }) => {
        seen.push(`first ${text(data)}`);
        throw new Error('broken');
      });
      bus.subscribe(`${base}.a`, ({ data }) => seen.push(`second ${text(data)}`));
      bus.subscribe(`${base}.b`, ({ data }) => seen.push(`b ${text(data)}`));
      await settled(parties, bus, other);
      for (const subject of ['a', 'b', 'a']) other.publish(`${base}.${subject}`, octets(subject));
      await until(() => seen.length === 5, 'five deliveries');
      // Which of two subscriptions hears a message first is not promised.
      assert.deepEqual(seen.sort(), ['b b', 'first a', 'first a', 'second a', 'second a']);
      const drops = bus.drops.all().filter(({ reason }) => reason === 'HANDLER');
      assert.equal(drops.length, 1);
      assert.equal(drops[0]?.count, 2);
    },
    'that are not understood are counted, and stop nothing': async (parties) => {
      const { bus, other, until } = parties;
      const { state } = new GroupSubjects(unique('decode'));
      const seen: string[] = [];
      receive(
        bus,
        state,
        (data) => (text(data).startsWith('v') ? text(data) : new WireError('VERSION', 'no version')),
        (value) => seen.push(value),
      );
      await settled(parties, bus, other);
      for (const message of ['v1', '', 'x', 'v2']) other.publish(state, octets(message));
      await until(() => seen.length === 2, 'two that are understood');
      assert.deepEqual(seen, ['v1', 'v2']);
      assert.deepEqual(bus.drops.all(), [{ kind: 'state', reason: 'VERSION', count: 2 }]);
    },
    'stop with unsubscribe': async (parties) => {
      const { bus, other, until } = parties;
      const subject = `contract.${unique('unsub')}`;
      let first = 0;
      let second = 0;
      const subscription = bus.subscribe(subject, () => {
        first++;
        if (first === 2) subscription.unsubscribe();
      });
      bus.subscribe(subject, () => second++);
      await settled(parties, bus, other);
      for (let i = 0; i < 5; i++) other.publish(subject, octets(''));
      await until(() => second === 5, 'five at the other');
      assert.equal(first, 2);
      subscription.unsubscribe();
    },
    'say whether anybody listens': async (parties) => {
      const { bus, other, until } = parties;
      const base = `contract.${unique('interest')}`;
      bus.subscribe(`${base}.exact`, () => undefined);
      bus.subscribe(`${base}.wild.*`, () => undefined);
      // Knowing may take a while; "nobody" may be known only roughly, but never wrongly.
      await until(() => other.hasInterest(`${base}.exact`), 'interest in a subject');
      await until(() => other.hasInterest(`${base}.wild.x`), 'interest in what a pattern covers');
      await until(() => !other.hasInterest(`${base}.family.>`), 'nobody in the family');
      bus.subscribe(`${base}.family.*`, () => undefined);
      let isKnown = false;
      void bus.listening().then(() => (isKnown = true));
      await until(() => isKnown, 'others know who listens');
      assert.equal(other.hasInterest(`${base}.family.>`), true);
      await until(() => other.hasInterest(`${base}.family.>`), 'somebody in the family');
    },
  },
  requests: {
    'are answered, each its own': async (parties) => {
      const { bus, other, until } = parties;
      const subject = `contract.${unique('request')}`;
      const kept: (() => void)[] = [];
      bus.subscribe(subject, (message) => {
        const answer = (): void => message.respond(octets(`re: ${text(message.data)}`));
        if (text(message.data) === 'late') kept.push(answer);
        else answer();
      });
      await settled(parties, bus, other);
      const late = other.request(subject, octets('late'), 10_000);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) => other.request(subject, octets(String(i)), 10_000)),
      );
      assert.deepEqual(
        answers.map(text),
        Array.from({ length: 20 }, (_, i) => `re: ${i}`),
      );
      await until(() => kept.length === 1, 'the late request');
      kept[0]?.();
      assert.equal(text(await late), 're: late');
    },
    'fail with TIMEOUT when the one who listens is silent': async (parties) => {
      const { bus, other } = parties;
      const subject = `contract.${unique('silent')}`;
      bus.subscribe(subject, () => undefined);
      await settled(parties, bus, other);
      assert.equal((await rejection(other.request(subject, octets(''), 50))).code, 'TIMEOUT');
    },
    'fail with NO_RESPONDERS when nobody listens': async (parties) => {
      const { bus } = parties;
      const subject = `contract.${unique('nobody')}`;
      assert.equal((await rejection(bus.request(subject, octets(''), 10_000))).code, 'NO_RESPONDERS');
    },
    'take the first answer when several answer, and a published message takes none': async (parties) => {
      const { bus, until } = parties;
      const subject = `contract.${unique('several')}`;
      let handled = 0;
      for (const name of ['one', 'two']) {
        bus.subscribe(subject, (message) => {
          handled++;
          message.respond(octets(name));
        });
      }
      await settled(parties, bus, bus);
      assert.match(text(await bus.request(subject, octets(''), 10_000)), /^(one|two)$/);
      bus.publish(subject, octets(''));
      await until(() => handled === 4, 'both handled both');
    },
  },
  'questions to all': {
    'bring every answer of everybody, in the order of each, until they are over': async (parties) => {
      const { bus, other, until } = parties;
      const subject = `contract.${unique('all')}`;
      const kept: ((data: Uint8Array) => void)[] = [];
      for (const [name, listener] of [
        ['one', bus],
        ['two', other],
      ] as const) {
        listener.subscribe(subject, (message) => {
          for (let i = 0; i < 3; i++) message.respond(octets(`${name} ${text(message.data)} ${i}`));
          kept.push((data) => message.respond(data));
        });
      }
      other.subscribe(subject, () => undefined);
      await settled(parties, bus, bus);
      await settled(parties, other, bus);
      const answers: string[] = [];
      const asking = bus.askAll(subject, octets('?'), (answer) => answers.push(text(answer)));
      await until(() => answers.length === 6, 'six answers');
      for (const name of ['one', 'two']) {
        const own = answers.filter((answer) => answer.startsWith(name));
        assert.deepEqual(own, [`${name} ? 0`, `${name} ? 1`, `${name} ? 2`]);
      }
      asking.unsubscribe();
      for (const respond of kept) respond(octets('late'));
      // Behind the late answers.
      await until(() => kept.length === 2, 'both asked once');
      await settled(parties, bus, bus);
      await settled(parties, other, bus);
      assert.equal(answers.length, 6);
    },
    'are not disturbed by a handler of answers that throws, nor by nobody': async (parties) => {
      const { bus, other, until } = parties;
      const subject = `contract.${unique('throwing')}`;
      let answered = 0;
      const nobody = bus.askAll(subject, octets(''), () => answered++);
      bus.subscribe(subject, (message) => {
        message.respond(octets('1'));
        message.respond(octets('2'));
      });
      await settled(parties, bus, other);
      assert.equal(answered, 0);
      const asking = other.askAll(subject, octets(''), () => {
        answered++;
        throw new Error('broken');
      });
      await until(() => answered === 2, 'both answers');
      for (const each of [nobody, asking]) each.unsubscribe();
    },
  },
  closing: {
    'ends requests with CLOSED': async (parties) => {
      const { bus } = parties;
      const subject = `contract.${unique('closing')}`;
      bus.subscribe(subject, () => undefined);
      await settled(parties, bus, bus);
      await bus.close();
      assert.equal((await rejection(bus.request(subject, octets(''), 10_000))).code, 'CLOSED');
    },
    'delivers what is under way': async (parties) => {
      const { bus, other, until } = parties;
      if (bus === other) return;
      const subject = `contract.${unique('underway')}`;
      let seen = 0;
      other.subscribe(subject, () => seen++);
      await settled(parties, other, bus);
      for (let i = 0; i < 1_000; i++) bus.publish(subject, octets(''));
      await bus.close();
      await until(() => seen === 1_000, 'all of them');
    },
  },
};
