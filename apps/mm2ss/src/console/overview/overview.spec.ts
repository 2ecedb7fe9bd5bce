import { parseConfiguration } from '@iec104mm2ss/config';
import type { Overview, OverviewRow } from '@iec104mm2ss/console-api';
import type { GroupStatus, ProcessStatus, Status } from '@iec104mm2ss/observability';
import { FakeClock } from '@iec104mm2ss/testing';
import { describe, expect, it } from 'vitest';
import { OverviewHistory } from './history.js';
import { overviewDelta } from './overview-delta.js';
import { type FeedEvent, OverviewFeed } from './overview-feed.js';
import { gatewaysByGroup, overviewRow, summaryOf } from './overview-row.js';

const NOW = '2026-11-27T01:00:00.000Z';
const EARLIER = '2026-11-27T00:59:00.000Z';

function group(id: string, fields: Partial<GroupStatus> = {}): GroupStatus {
  const server = { instance: 'a', silent: false, lastHeardAt: NOW };
  return {
    ...{ id, name: `R${id}`, port: 2404, rtuNumber: 1, ack: null, interrogation: null },
    servedBy: { connector: server, router: server },
    trouble: [],
    rtu: { state: 'started', endpoint: 'x:1', since: NOW, linkEpoch: 1, connects: 1, lastError: null },
    listener: { open: true, addresses: [] },
    log: { capacity: 10, first: 0, next: 0, confirmed: 0, unconfirmed: 0, full: false },
    masters: [],
    rates: { fromRtuPerSecond: 1.26, toMastersPerSecond: null, commandsPerSecond: 0 },
    counters: {},
    ...fields,
  };
}

function gateway(instance: string, groups: readonly string[], silent = false): ProcessStatus {
  return {
    ...{ instance, host: 'h', parts: ['gateway'], release: '1', startedAt: NOW, configuration: null, silent },
    serves: { gateway: groups },
    lastHeardAt: silent ? EARLIER : NOW,
  };
}

function status(groups: readonly GroupStatus[], processes = [gateway('g', ['1', '2'])]): Status {
  return {
    ...{ version: 1, product: 'p', release: '1', startedAt: NOW, uptimeSeconds: 1, parts: [], scope: 'system' },
    bus: { kind: 'memory', connected: true },
    clock: { now: NOW, ntp: {} as Status['clock']['ntp'] },
    configuration: { digests: [], differ: false },
    processes,
    groups,
  };
}

const row = (of: GroupStatus, gateways = [gateway('g', ['1'])]): OverviewRow =>
  overviewRow(of, { config: undefined, gateways, lastErrorAt: null, edited: false });

describe('a row', () => {
  it('has the named masters that are not there', () => {
    const header =
      'id,sys name,port no,rtu no,max conn,idletime,t1,t2,t3,w,k,buffsize,logevents,same ip,hosts,filter,masters';
    const text = `${header}\n1,A,2404,1,7,60,15,10,20,8,12,1000,Y,all,10.0.0.1:2404,,A=10.1.1.1;B=10.1.1.2\n`;
    const [config] = parseConfiguration(text).groups;
    const masters = [
      { session: '1', name: 'A', state: 'started', queue: 3, queueLimit: 9 },
      { session: '2', name: 'B', state: 'stopped', queue: 5, queueLimit: 8 },
    ] as unknown as GroupStatus['masters'];
    const made = overviewRow(group('1', { masters }), { config, gateways: [], lastErrorAt: null, edited: false });
    expect(made).toMatchObject({ mastersExpected: 2, mastersMissing: ['B'], mastersMax: 7, queue: 5, queueLimit: 8 });
    expect(made).toMatchObject({ mastersStarted: 1, mastersConnected: 2, fromRtu: 1.3, toMasters: null });
  });

  it.each<[string, Partial<GroupStatus>, ProcessStatus[], Partial<OverviewRow>]>([
    ['all answer', {}, [gateway('g', ['1'])], { silent: [], unserved: [], lastHeardAt: null }],
    [
      'the connector is silent',
      { servedBy: { connector: { instance: 'c', silent: true, lastHeardAt: EARLIER }, router: null } },
      [gateway('g', ['1'])],
      { silent: ['connector'], unserved: ['router'], lastHeardAt: EARLIER, state: null, fromRtu: null },
    ],
    [
      'one of two gateways is silent',
      {},
      [gateway('g', ['1']), gateway('h', ['1'], true)],
      { silent: ['gateway'], unserved: [], lastHeardAt: EARLIER },
    ],
    ['no gateway serves it', {}, [gateway('g', ['2'])], { silent: [], unserved: ['gateway'] }],
  ])('says when %s', (_, fields, gateways, expected) => {
    const serving = gatewaysByGroup(gateways).get('1') ?? [];
    expect(row(group('1', fields), serving)).toMatchObject(expected);
  });
});

describe('a delta', () => {
  const overview = (groups: readonly GroupStatus[]): Overview => ({
    summary: summaryOf(status(groups)),
    rows: groups.map((each) => row(each)),
  });

  it('has the fields that changed, and nothing where nothing did', () => {
    const before = overview([group('1'), group('2')]);
    expect(overviewDelta(before, overview([group('1'), group('2')]))).toBeUndefined();
    const later = { ...before, summary: { ...before.summary, now: EARLIER } };
    expect(overviewDelta(before, later)).toBeUndefined();
    const rates = { fromRtuPerSecond: 2, toMastersPerSecond: null, commandsPerSecond: 0 };
    expect(overviewDelta(before, overview([group('1'), group('2', { rates })]))).toEqual({
      summary: {},
      changed: [{ id: '2', fromRtu: 2 }],
      removed: [],
    });
  });

  it('has rows that come, go and move', () => {
    const delta = overviewDelta(overview([group('1'), group('2')]), overview([group('3'), group('1')]));
    expect(delta).toMatchObject({ removed: ['2'], order: ['3', '1'], changed: [{ id: '3', name: 'R3' }] });
  });
});

describe('the history', () => {
  it('has a value each five seconds, of a quarter of an hour, and none of who is silent', () => {
    const history = new OverviewHistory();
    for (let second = 0; second < 1_000; second++) {
      const silent = second === 990 ? ['connector'] : [];
      history.record([{ ...row(group('1')), fromRtu: second, silent }], second * 1_000, second * 1_000);
    }
    const { times, series } = history.of('1');
    expect(times).toHaveLength(180);
    expect(times.at(-1)).toBe(995_000);
    expect(series.fromRtu.slice(-3)).toEqual([985, null, 995]);
    expect(history.of('2').times).toEqual([]);
  });
});

describe('the feed', () => {
  function bench(alwaysRecords = false) {
    const clock = new FakeClock();
    let asked = 0;
    let groups = [group('1')];
    let fails = false;
    const feed = new OverviewFeed({
      status: {
        ofSystem: () => {
          asked++;
          return fails ? Promise.reject(new Error('broken')) : Promise.resolve(status(groups));
        },
      },
      groups: { current: [] },
      ...{ clock, alwaysRecords, edited: () => new Set<string>() },
    });
    feed.start();
    const events: FeedEvent[] = [];
    const listen = async () => {
      await feed.current();
      return feed.listen({ event: (event) => events.push(event), status: () => undefined });
    };
    const pass = async (seconds: number): Promise<void> => {
      for (let i = 0; i < seconds * 10; i++) {
        clock.advance(100);
        for (let turn = 0; turn < 10; turn++) await Promise.resolve();
      }
    };
    const set = (next: GroupStatus[]): void => void (groups = next);
    return { feed, events, listen, pass, set, fail: (now: boolean) => (fails = now), asked: () => asked };
  }

  it('asks once a second while somebody looks, and not at all otherwise', async () => {
    const { listen, pass, asked, events } = bench();
    await pass(20);
    expect(asked()).toBe(0);
    const stops = [await listen(), await listen()];
    await pass(10);
    const count = asked();
    expect(count).toBeGreaterThanOrEqual(9);
    expect(count).toBeLessThanOrEqual(13);
    for (const stop of stops) stop();
    await pass(2);
    const after = asked();
    await pass(20);
    expect(asked()).toBe(after);
    // Nothing has changed: there is a sign of life all the same.
    expect(events.length).toBeGreaterThan(0);
    expect(JSON.parse(events[0]?.data ?? '')).toEqual({ summary: { now: NOW }, changed: [], removed: [] });
  });

  it('records all the time where nobody else is asked', async () => {
    const { pass, feed, asked } = bench(true);
    await pass(30);
    expect(feed.history.of('1').times.length).toBeGreaterThanOrEqual(5);
    expect(asked()).toBeLessThan(9);
  });

  it('gives whoever comes back what he missed, or all', async () => {
    const { feed, events, listen, pass, set } = bench();
    await listen();
    set([group('1'), group('2')]);
    await pass(2);
    const first = events.find(({ data }) => data.includes('"changed":[{'));
    set([group('2')]);
    await pass(2);
    expect(feed.since(first?.id).map(({ name }) => name)).not.toContain('overview');
    expect(feed.since(first?.id).some(({ data }) => data.includes('"removed":["1"]'))).toBe(true);
    for (const other of [undefined, '', '1.1', 'x', `${first?.id}9999`]) {
      expect(feed.since(other).map(({ name }) => name)).toEqual(['overview']);
    }
  });

  it('says that it does not know, when it does not', async () => {
    const { feed, listen, pass, fail } = bench();
    await listen();
    fail(true);
    await pass(2);
    const { summary, rows } = await feed.current();
    expect(summary.stale).toContain('broken');
    expect(rows).toHaveLength(1);
    fail(false);
    await pass(2);
    expect((await feed.current()).summary.stale).toBeNull();
  });
});
