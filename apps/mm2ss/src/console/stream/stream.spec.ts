import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { GroupSubjects, MemoryBus } from '@iec104mm2ss/bus';
import { FakeClock } from '@iec104mm2ss/testing';
import { describe, expect, it } from 'vitest';
import { EventWriter } from './event-writer.js';
import { looksOf } from './stream.js';
import { trafficFilter } from './traffic-filter.js';
import { watchTraffic } from './traffic-watch.js';

/** A response whose reader reads when it is told to. */
class FakeResponse extends EventEmitter {
  writableLength = 0;
  destroyed = false;
  writableEnded = false;
  written: string[] = [];
  isRead = true;

  writeHead(): this {
    return this;
  }
  write(text: string): boolean {
    this.written.push(text);
    if (!this.isRead) this.writableLength += text.length;
    return true;
  }
  end(): void {
    this.writableEnded = true;
  }
  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

function writer() {
  const clock = new FakeClock();
  const response = new FakeResponse();
  return { clock, response, events: new EventWriter(response as unknown as ServerResponse, clock) };
}

describe('a stream of events', () => {
  it('has names, ids and data of one line', () => {
    const { response, events } = writer();
    expect(events.write('delta', '{"a":1}', '5.7')).toBe(true);
    expect(events.write('log', '{\n"b":\r2}')).toBe(true);
    expect(response.written.slice(1)).toEqual([
      'event: delta\nid: 5.7\ndata: {"a":1}\n\n',
      'event: log\ndata: { "b": 2}\n\n',
    ]);
  });

  it('has a comment now and then, until it ends', () => {
    const { clock, response } = writer();
    clock.advance(46_000);
    expect(response.written.filter((text) => text === ':\n\n')).toHaveLength(3);
    response.destroy();
    clock.advance(60_000);
    expect(response.written.filter((text) => text === ':\n\n')).toHaveLength(3);
  });

  it('leaves out what a slow reader has no room for, and ends where nothing is read any more', () => {
    const { clock, response, events } = writer();
    response.isRead = false;
    const text = JSON.stringify('x'.repeat(100_000));
    let written = 0;
    while (events.write('log', text)) written++;
    expect(written).toBeLessThan(20);
    expect(response.writableLength).toBeLessThan(2 * 1024 * 1024);
    response.writableLength = 0;
    expect(events.write('log', text)).toBe(true);
    while (events.write('log', text));
    clock.advance(31_000);
    expect(events.write('log', text)).toBe(false);
    expect(response.destroyed).toBe(true);
  });
});

describe('what a tab looks at', () => {
  it.each([
    ['groups', '1,2,3,4,5'],
    ['logs', '1,2,3'],
    ['groups', 'x'],
    ['groups', '*'],
    ['logs', '1.>'],
    ['traffic', '1.>'],
    ['type', 'M_XX_NA_1'],
    ['ca', '70000'],
    ['ioa', 'x'],
  ])('is bounded, and of groups: not %s=%s', (name, value) => {
    expect(() => looksOf({ [name]: value })).toThrow();
  });

  it('is a few groups, or all', () => {
    expect(looksOf({ groups: '1,22', traffic: '*', logs: '*' })).toMatchObject({ groups: ['1', '22'], traffic: ['*'] });
  });
});

describe('the traffic', () => {
  const message = (type: string, fields: object = {}): Buffer =>
    Buffer.from(
      JSON.stringify({
        ...{ group: '1', direction: 'monitor', at: '2026-11-27T01:00:00.000Z' },
        asdu: { type, cause: 'SPONT', ca: 7, objects: [{ ioa: 10 }, { ioa: 11 }], ...fields },
      }),
    );

  function bench(query: Record<string, string> = {}) {
    const bus = new MemoryBus();
    const clock = new FakeClock();
    const got: { items: readonly string[]; leftOut: number }[] = [];
    const subjects = new GroupSubjects('1');
    const stop = watchTraffic(bus, clock, [subjects.decodedAll], trafficFilter(query), (items, leftOut) =>
      got.push({ items, leftOut }),
    );
    const publish = (type: string, fields?: object): void => bus.publish(subjects.decoded(type), message(type, fields));
    return { bus, clock, got, stop, publish, subjects };
  }

  it('comes together now and then, and the rest is counted', () => {
    const { clock, got, publish } = bench();
    for (let i = 0; i < 250; i++) publish('M_SP_NA_1');
    expect(got).toEqual([]);
    clock.advance(1_000);
    expect(got.map(({ items, leftOut }) => [items.length, leftOut])).toEqual([[100, 150]]);
    publish('M_SP_NA_1');
    clock.advance(1_000);
    expect(got[1]).toMatchObject({ leftOut: 0 });
  });

  it.each<[Record<string, string>, number]>([
    [{}, 4],
    [{ type: 'm_sp_na_1' }, 3],
    [{ ca: '8' }, 1],
    [{ ioa: '11,12' }, 4],
    [{ ioa: '12' }, 1],
    [{ cause: 'ACTCON' }, 1],
    [{ direction: 'control' }, 0],
    [{ type: 'M_SP_NA_1,M_ME_NC_1', ca: '7', cause: 'spont' }, 2],
  ])('is filtered by %j', (query, expected) => {
    const { clock, got, publish } = bench(query);
    publish('M_SP_NA_1');
    publish('M_SP_NA_1', { ca: 8 });
    publish('M_SP_NA_1', { cause: 'ACTCON', objects: [{ ioa: 12 }] });
    publish('M_ME_NC_1');
    clock.advance(1_000);
    expect(got.flatMap(({ items }) => items)).toHaveLength(expected);
  });

  it('has nothing that is no JSON, and ends', () => {
    const { bus, clock, got, stop, publish, subjects } = bench();
    bus.publish(subjects.decoded('M_SP_NA_1'), Buffer.from('{"items'));
    clock.advance(1_000);
    expect(got).toEqual([]);
    stop();
    publish('M_SP_NA_1');
    clock.advance(1_000);
    expect(got).toEqual([]);
    expect(bus.hasInterest(subjects.decodedAll)).toBe(false);
  });
});
