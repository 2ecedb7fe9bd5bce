import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { GroupSubjects, MemoryBus } from '@iec104mm2ss/bus';
import { LogRing, type Status } from '@iec104mm2ss/observability';
import { FakeClock } from '@iec104mm2ss/testing';
import { describe, expect, it } from 'vitest';
import { OverviewFeed } from '../overview/overview-feed.js';
import { EventWriter } from './event-writer.js';
import { looksOf } from './looks.js';
import { Stream } from './stream.js';
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
    ['cause', 'whatever'],
    ['direction', 'up'],
    ['nothing', '1'],
  ])('is told when it cannot be: %s=%s', (name, value) => {
    const looks = looksOf({ traffic: '1', commands: '2', [name]: value });
    expect(looks.refused).toEqual([{ name, reason: expect.any(String) }]);
    // The rest is served; traffic by half a filter would be other traffic than was asked for.
    expect(looks.commands).toEqual(['2']);
    const isOfTraffic = ['traffic', 'type', 'ca', 'ioa', 'cause', 'direction'].includes(name);
    expect(looks.traffic).toEqual(isOfTraffic ? [] : ['1']);
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
    const stop = watchTraffic(bus, clock, [subjects.decodedAll], trafficFilter(query).filter, (items, leftOut) =>
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
    [{ cause: 'act_con' }, 1],
    [{ cause: '7' }, 1],
    [{ cause: '3,7' }, 4],
    [{ direction: 'control' }, 0],
    [{ type: 'M_SP_NA_1,M_ME_NC_1', ca: '7', cause: 'spont' }, 2],
  ])('is filtered by %j', (query, expected) => {
    const { clock, got, publish } = bench(query);
    publish('M_SP_NA_1');
    publish('M_SP_NA_1', { ca: 8 });
    publish('M_SP_NA_1', { cause: 'ACT_CON', objects: [{ ioa: 12 }] });
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

describe('a tab that reads too slowly', () => {
  it('is told how many commands it missed, and gets the whole list when it reads again', async () => {
    const clock = new FakeClock();
    const bus = new MemoryBus();
    let rate = 0;
    const feed = new OverviewFeed({
      status: { ofSystem: () => Promise.resolve(statusOf({ id: '1', rate: rate++ })) },
      groups: { current: [] },
      ...{ clock, alwaysRecords: false, edited: () => new Set<string>() },
    });
    await feed.current();
    feed.start();
    const response = new FakeResponse();
    const lines = { bus, ring: new LogRing(), clock, instance: 'own' };
    const stream = new Stream(
      { feed, bus, lines, clock },
      looksOf({ commands: '1' }),
      response as unknown as ServerResponse,
    );
    stream.begin();
    const named = (name: string): string[] => response.written.filter((text) => text.startsWith(`event: ${name}\n`));
    const pass = async (): Promise<void> => {
      for (let i = 0; i < 30; i++) {
        clock.advance(100);
        for (let turn = 0; turn < 10; turn++) await Promise.resolve();
      }
    };
    const command = (): void => bus.publish(new GroupSubjects('1').audit, Buffer.from('{"group":"1"}'));
    await pass();
    command();
    expect([named('overview').length, named('command').length]).toEqual([1, 1]);
    expect(named('delta').length).toBeGreaterThan(0);

    response.writableLength = 10 * 1024 * 1024;
    const before = response.written.length;
    await pass();
    command();
    command();
    expect(response.written).toHaveLength(before);

    response.writableLength = 0;
    await pass();
    command();
    expect(named('overview')).toHaveLength(2);
    expect(named('leftOut')).toEqual(['event: leftOut\ndata: {"of":"command","count":2}\n\n']);
    expect(named('command')).toHaveLength(2);
    response.destroy();
    expect(feed.size).toBe(0);
    feed.stop();
  });
});

/** As much of a status as the feed needs. */
function statusOf({ id, rate }: { readonly id: string; readonly rate: number }): Status {
  const unknown = { state: null, endpoint: null, since: null, linkEpoch: null, connects: null, lastError: null };
  const log = { capacity: null, first: null, next: null, confirmed: null, unconfirmed: null, full: null };
  const group = {
    ...{ id, name: id, port: 1, rtuNumber: 1, ack: null, interrogation: null, trouble: [], masters: [], counters: {} },
    ...{ rtu: unknown, log, listener: { open: null, addresses: [] } },
    rates: { fromRtuPerSecond: rate, toMastersPerSecond: null, commandsPerSecond: null },
  };
  return {
    processes: [],
    configuration: { digests: [], differ: false },
    bus: { kind: 'memory', connected: true },
    clock: { now: '2026-11-27T01:00:00.000Z' },
    groups: [group],
  } as unknown as Status;
}
