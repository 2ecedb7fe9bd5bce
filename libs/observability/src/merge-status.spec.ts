import { describe, expect, it } from 'vitest';
import { mergeStatus, type GroupContribution } from './merge-status.js';

const configured: GroupContribution[] = [
  { id: '222', name: 'Dreez-SCS', port: 2405, rtuNumber: 101, ack: 'delivered', interrogation: 'all' },
  { id: '111', name: 'RTU-ABB', port: 2404, rtuNumber: 32, ack: 'stored', interrogation: 'originator' },
];

describe('mergeStatus', () => {
  it('gives every group all its fields, in the order of the configuration', () => {
    const groups = mergeStatus([configured]);
    expect(groups.map(({ id }) => id)).toEqual(['222', '111']);
    expect(groups[1]).toEqual({
      id: '111',
      name: 'RTU-ABB',
      port: 2404,
      rtuNumber: 32,
      ack: 'stored',
      interrogation: 'originator',
      trouble: [],
      rtu: { state: null, endpoint: null, since: null, linkEpoch: null, connects: null, lastError: null },
      listener: { open: null, addresses: [] },
      log: { capacity: null, first: null, next: null, confirmed: null, unconfirmed: null, full: null },
      masters: [],
      rates: { fromRtuPerSecond: null, toMastersPerSecond: null, commandsPerSecond: null },
      counters: {},
    });
  });

  it('has each trouble of a group once, whoever says it, and nobody who does not say it takes it back', () => {
    const log = { what: 'IEC104_LOG_111', reason: 'stream not found', since: '2026-11-26T12:00:00.000Z' };
    const states = { ...log, what: 'KV_iec104_state' };
    const group = mergeStatus([
      configured,
      [{ id: '111', trouble: [log] }],
      [{ id: '111', trouble: [states, log] }],
      configured,
    ])[1];
    expect(group?.trouble).toEqual([log, states]);
  });

  it('joins what connector, router and two gateways know', () => {
    const connector: GroupContribution = {
      id: '111',
      rtu: { state: 'started', endpoint: '127.0.0.1:2410', linkEpoch: 3, connects: 3 },
      log: { capacity: 1000, first: 10, next: 25, confirmed: 20, unconfirmed: 5 },
      rates: { fromRtuPerSecond: 12.5 },
      counters: { asdus_from_rtu: 25 },
    };
    const router: GroupContribution = {
      id: '111',
      owner: 'router-0',
      masters: [
        { session: 's1', originatorAddress: 1, commands: 4 },
        { session: 's2', originatorAddress: 2 },
      ],
      rates: { commandsPerSecond: 1 },
    };
    const gateway = (name: string, session: string): GroupContribution => ({
      id: '111',
      listener: { open: name === 'gw-a', addresses: [`${name}:2404`] },
      masters: [{ session, peer: '10.1.1.5:40000', gateway: name, state: 'started', queue: 2, queueLimit: 1000 }],
      rates: { toMastersPerSecond: 10 },
      counters: { asdus_to_masters: 7 },
    });
    const group = mergeStatus([
      configured,
      [connector],
      [router],
      [gateway('gw-a', 's1')],
      [gateway('gw-b', 's2')],
    ])[1]!;

    expect(group).toMatchObject({
      name: 'RTU-ABB',
      owner: 'router-0',
      rtu: { state: 'started', endpoint: '127.0.0.1:2410', lastError: null },
      listener: { open: true, addresses: ['gw-a:2404', 'gw-b:2404'] },
      log: { unconfirmed: 5, full: null },
      rates: { fromRtuPerSecond: 12.5, toMastersPerSecond: 20, commandsPerSecond: 1 },
      counters: { asdus_from_rtu: 25, asdus_to_masters: 14 },
    });
    expect(group.masters).toMatchObject([
      { session: 's1', originatorAddress: 1, commands: 4, gateway: 'gw-a', queue: 2, certificateName: null },
      { session: 's2', originatorAddress: 2, commands: null, gateway: 'gw-b', state: 'started' },
    ]);
  });

  it('takes undefined for "not known", never for a value', () => {
    const parts = [[{ id: '1', rtu: { state: 'started' } }], [{ id: '1', name: undefined, rtu: { state: undefined } }]];
    const group = mergeStatus(parts as GroupContribution[][])[0]!;
    expect(group.name).toBeNull();
    expect(group.rtu.state).toBe('started');
  });

  it('adds up a rate that one part does not know yet, and leaves one that nobody knows unknown', () => {
    const rates = (fromRtuPerSecond: number | null | undefined): GroupContribution[] => [
      { id: '1', rates: { fromRtuPerSecond } },
    ];
    const merged = (...parts: GroupContribution[][]) => mergeStatus(parts)[0]!.rates.fromRtuPerSecond;
    expect(merged(rates(undefined), rates(null))).toBeNull();
    expect(merged(rates(5), rates(undefined))).toBe(5);
    expect(merged(rates(null), rates(0))).toBe(0);
    expect(merged(rates(5), rates(2))).toBe(7);
  });

  it('says that a listener is closed only when a gateway says so', () => {
    const listener = (open: boolean): GroupContribution[] => [{ id: '1', listener: { open, addresses: [] } }];
    expect(mergeStatus([[{ id: '1' }]])[0]!.listener.open).toBeNull();
    expect(mergeStatus([listener(false)])[0]!.listener.open).toBe(false);
    expect(mergeStatus([listener(false), listener(true)])[0]!.listener.open).toBe(true);
    expect(mergeStatus([listener(true), listener(false)])[0]!.listener.open).toBe(true);
  });

  it('shows a group that only a service knows, and survives JSON unchanged', () => {
    const groups = mergeStatus([configured, [{ id: '9', counters: { toString: 1 } }]]);
    expect(groups[2]).toMatchObject({ id: '9', name: null, counters: { toString: 1 } });
    expect(JSON.parse(JSON.stringify(groups))).toEqual(groups);
  });
});
