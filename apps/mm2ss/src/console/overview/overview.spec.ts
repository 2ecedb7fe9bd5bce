import { parseConfiguration } from '@iec104mm2ss/config';
import type { Overview, OverviewRow } from '@iec104mm2ss/console-api';
import type { GatewayStatus, GroupStatus, Status } from '@iec104mm2ss/observability';
import { FakeClock } from '@iec104mm2ss/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ANSWER_MS } from '../../status/ask-all.js';
import { OverviewHistory } from './history.js';
import { overviewDelta } from './overview-delta.js';
import { type FeedEvent, OverviewFeed } from './overview-feed.js';
import { knownNow, overviewRow, summaryOf } from './overview-row.js';

const NOW = '2026-11-27T01:00:00.000Z';
const EARLIER = '2026-11-27T00:59:00.000Z';

function group(id: string, fields: Partial<GroupStatus> = {}): GroupStatus {
  const server = { instance: 'a', silent: false, lastHeardAt: NOW };
  return {
    ...{ id, name: `R${id}`, port: 2404, rtuNumber: 1, ack: null, interrogation: null },
    servedBy: { connector: server, router: server },
    gateways: [gateway('g')],
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

function gateway(instance: string, silent = false): GatewayStatus {
  return { instance, silent, lastHeardAt: silent ? EARLIER : NOW, open: silent ? null : true, addresses: [] };
}

function status(groups: readonly GroupStatus[]): Status {
  return {
    ...{ version: 1, product: 'p', release: '1', startedAt: NOW, uptimeSeconds: 1, parts: [], scope: 'system' },
    bus: { kind: 'memory', connected: true },
    clock: { now: NOW, ntp: {} as Status['clock']['ntp'] },
    configuration: { digests: [], differ: false },
    processes: [],
    groups,
  };
}

const row = (of: GroupStatus): OverviewRow => overviewRow(of, { config: undefined, lastErrorAt: null, edited: false });

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
    const of = (gateways: GatewayStatus[]): OverviewRow =>
      overviewRow(group('1', { masters, gateways }), { config, lastErrorAt: null, edited: false });
    const made = of([gateway('g')]);
    expect(made).toMatchObject({ mastersExpected: 2, mastersMissing: ['B'], mastersMax: 7, queue: 5, queueLimit: 8 });
    expect(made).toMatchObject({ mastersStarted: 1, mastersConnected: 2, fromRtu: 1.3, toMasters: null, hosts: 1 });
    // It may be at the one that is silent.
    expect(of([gateway('g'), gateway('h', true)])).toMatchObject({ mastersMissing: [], mastersStarted: 1 });
  });

  const silent = { instance: 'c', silent: true, lastHeardAt: EARLIER };
  const heard = { instance: 'c', silent: false, lastHeardAt: NOW };
  it.each<[string, Partial<GroupStatus>, Partial<OverviewRow>]>([
    ['all answer', {}, { silent: [], unserved: [], lastHeardAt: null }],
    [
      'the connector is silent',
      { servedBy: { connector: silent, router: null } },
      { silent: ['connector'], unserved: ['router'], lastHeardAt: EARLIER },
    ],
    [
      'one of two gateways is silent',
      { gateways: [gateway('g'), gateway('h', true)] },
      { silent: ['gateway'], unserved: [], lastHeardAt: EARLIER, mastersStarted: 0 },
    ],
    ['no gateway serves it', { gateways: [] }, { silent: [], unserved: ['gateway'], mastersStarted: 0 }],
  ])('says when %s', (_, fields, expected) => {
    expect(row(group('1', fields))).toMatchObject(expected);
  });

  it.each<[string, Partial<GroupStatus>, (keyof OverviewRow)[]]>([
    ['connector', { servedBy: { connector: silent, router: heard } }, ['state', 'since', 'lastError', 'fromRtu']],
    ['router', { servedBy: { connector: heard, router: silent } }, ['unconfirmed', 'commands', 'observe']],
    ['gateway', { gateways: [gateway('g', true)] }, ['mastersStarted', 'mastersConnected', 'listening', 'toMasters']],
  ])('has nothing that only its silent %s would know', (part, fields, unknown) => {
    const rates = { fromRtuPerSecond: 1, toMastersPerSecond: 2, commandsPerSecond: 3 };
    const rtu = { ...group('1').rtu, lastError: 'ETIMEDOUT', tls: null };
    const of = group('1', { rates, rtu, observe: { since: NOW, reason: 'asked' }, ...fields });
    const made = row(of);
    expect(made.silent).toEqual([part]);
    expect(unknown.filter((field) => made[field] !== null)).toEqual([]);
    const others = ['state', 'unconfirmed', 'mastersStarted'] as const;
    expect(others.filter((field) => !unknown.includes(field) && made[field] === null)).toEqual([]);
    const known = knownNow(of, made.silent);
    expect([known.rtu.tls === undefined, known.observe === undefined]).toEqual([
      part === 'connector',
      part === 'router',
    ]);
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

  it('tells what has changed within two seconds, however long processes may take to answer', async () => {
    const clock = new FakeClock();
    let groups = [group('1')];
    const feed = new OverviewFeed({
      status: {
        ofSystem: () => {
          // As each said it when it was asked; the slowest is waited for.
          const asked = status(groups);
          return new Promise((resolve) => void clock.setTimer(() => resolve(asked), ANSWER_MS));
        },
      },
      groups: { current: [] },
      ...{ clock, alwaysRecords: false, edited: () => new Set<string>() },
    });
    feed.start();
    onTestFinished(() => feed.stop());
    const told: number[] = [];
    let changedAt = 0;
    const passMs = async (ms: number): Promise<void> => {
      for (let passed = 0; passed < ms; passed += 50) {
        clock.advance(50);
        for (let turn = 0; turn < 10; turn++) await Promise.resolve();
      }
    };
    feed.listen({
      event: ({ data }) => {
        if (data.includes('"state"')) told.push(clock.now() - changedAt);
      },
      status: () => undefined,
    });
    await passMs(5_000);
    // It changes at any moment between two looks.
    for (let offset = 0; offset < 2_000; offset += 150) {
      await passMs(4_000 + offset);
      const down = groups[0]?.rtu.state === 'started';
      groups = [group('1', { rtu: { ...group('1').rtu, state: down ? 'disconnected' : 'started' } })];
      changedAt = clock.now();
    }
    await passMs(4_000);
    expect(told).toHaveLength(14);
    expect(Math.max(...told)).toBeLessThanOrEqual(2_000);
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
