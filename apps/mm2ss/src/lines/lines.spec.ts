import { MemoryBus } from '@iec104mm2ss/bus';
import type { LogLine } from '@iec104mm2ss/console-api';
import { LogRing } from '@iec104mm2ss/observability';
import { FakeClock } from '@iec104mm2ss/testing';
import { encodeJson } from '@iec104mm2ss/wire';
import type { Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { watchLines } from './line-watch.js';
import { LinesVerbs } from './lines.module.js';

const line = (group: string, msg: string, second = 0): string =>
  JSON.stringify({ level: 'info', time: `2026-11-27T01:00:0${second}.000Z`, group, msg, event: 'x' });

/** Three processes: who looks, and two others. */
function bench() {
  const clock = new FakeClock();
  const bus = new MemoryBus();
  const nats = { kind: 'nats', connected: true, drops: bus.drops, askAll: bus.askAll.bind(bus) } as const;
  const rings = new Map(['own', 'a', 'b'].map((instance) => [instance, new LogRing()]));
  let questions = 0;
  for (const [instance, ring] of rings) {
    if (instance === 'own') continue;
    const verbs = new LinesVerbs(ring, { instance }, bus);
    bus.subscribe('iec104.v1.ctl.lines', (message) => {
      questions++;
      const answers = verbs.lines(JSON.parse(Buffer.from(message.data).toString()));
      answers?.forEach((answer) => message.respond(encodeJson(answer))).catch(() => undefined);
    });
  }
  const got: { lines: readonly LogLine[]; begin: boolean }[] = [];
  const sources = { bus: nats, ring: rings.get('own') as LogRing, clock, instance: 'own' };
  const watch = (group: string) => watchLines(sources, group, (lines, begin) => got.push({ lines, begin }));
  const add = (instance: string, text: string): void => rings.get(instance)?.add(text);
  const pass = async (ms: number): Promise<void> => {
    for (let at = 0; at < ms; at += 100) {
      clock.advance(100);
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    }
  };
  return { bus, got, watch, add, pass, questions: () => questions };
}

describe('the log lines of a group', () => {
  it('are those of all processes by time, then what comes, each once', async () => {
    const { got, watch, add, pass } = bench();
    add('a', line('1', 'second', 2));
    add('b', line('1', 'first', 1));
    add('b', line('2', 'of another'));
    add('own', line('1', 'third', 3));
    watch('1');
    await pass(700);
    expect(got).toHaveLength(1);
    expect(got[0]?.begin).toBe(true);
    expect(got[0]?.lines.map(({ message, instance }) => `${instance}: ${message}`)).toEqual([
      'b: first',
      'a: second',
      'own: third',
    ]);
    expect(got[0]?.lines[0]).toMatchObject({ level: 'info', group: '1', fields: { event: 'x' } });
    add('a', line('1', 'fourth', 4));
    await pass(2_500);
    expect(got.slice(1).map(({ lines, begin }) => [begin, lines.map(({ message }) => message)])).toEqual([
      [false, ['fourth']],
    ]);
  });

  it('travel only while somebody looks', async () => {
    const { watch, pass, questions } = bench();
    await pass(3_000);
    expect(questions()).toBe(0);
    const stop = watch('1');
    await pass(3_000);
    expect(questions()).toBeGreaterThan(2);
    stop();
    await pass(1_000);
    const count = questions();
    await pass(5_000);
    expect(questions()).toBe(count);
  });

  it('are nothing where nobody has any', async () => {
    const { got, watch, pass } = bench();
    watch('9');
    await pass(700);
    expect(got).toEqual([{ lines: [], begin: true }]);
  });
});

async function answers(of: Observable<unknown> | undefined): Promise<unknown[]> {
  const all: unknown[] = [];
  await of?.forEach((answer) => all.push(answer));
  return all;
}

describe('a process that is asked for its lines', () => {
  it('gives them in messages that the bus takes', async () => {
    const ring = new LogRing();
    for (let i = 0; i < 500; i++) ring.add(line('1', 'x'.repeat(4_000)));
    const verbs = new LinesVerbs(ring, { instance: 'a' }, new MemoryBus());
    const ask = (request: object) => verbs.lines({ v: 2, by: 'b', group: '1', after: {}, ...request });
    const parts = await answers(ask({}));
    expect(parts.length).toBeGreaterThan(5);
    expect(Math.max(...parts.map((part) => JSON.stringify(part).length))).toBeLessThan(1_000_000);
    expect(ask({ by: 'a' })).toBeUndefined();
    expect(await answers(ask({ after: { a: 500 } }))).toEqual([]);
  });

  it('counts a question that is none', () => {
    const bus = new MemoryBus();
    expect(new LinesVerbs(new LogRing(), { instance: 'a' }, bus).lines({ v: 1 })).toBeUndefined();
    expect(bus.drops.all()).toMatchObject([{ kind: 'ctl.lines', count: 1 }]);
  });
});
