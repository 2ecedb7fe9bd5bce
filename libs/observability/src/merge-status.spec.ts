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
      rtu: { state: 'disconnected', endpoint: null, since: null, linkEpoch: 0, connects: 0, lastError: null },
      listener: { open: false, addresses: [] },
      log: { capacity: 0, first: 0, next: 0, confirmed: 0, unconfirmed: 0, full: false },
      masters: [],
      rates: { fromRtuPerSecond: 0, toMastersPerSecond: 0, commandsPerSecond: 0 },
      counters: {},
    });
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
      log: { unconfirmed: 5, full: false },
      rates: { fromRtuPerSecond: 12.5, toMastersPerSecond: 20, commandsPerSecond: 1 },
      counters: { asdus_from_rtu: 25, asdus_to_masters: 14 },
    });
    expect(group.masters).toMatchObject([
      { session: 's1', originatorAddress: 1, commands: 4, gateway: 'gw-a', queue: 2, certificateName: null },
      { session: 's2', originatorAddress: 2, commands: 0, gateway: 'gw-b', state: 'started' },
    ]);
  });

  it('takes undefined for "not known", never for a value', () => {
    const parts = [[{ id: '1', rtu: { state: 'started' } }], [{ id: '1', name: undefined, rtu: { state: undefined } }]];
    const group = mergeStatus(parts as GroupContribution[][])[0]!;
    expect(group.name).toBe('');
    expect(group.rtu.state).toBe('started');
  });

  it('shows a group that only a service knows, and survives JSON unchanged', () => {
    const groups = mergeStatus([configured, [{ id: '9', counters: { toString: 1 } }]]);
    expect(groups[2]).toMatchObject({ id: '9', name: '', counters: { toString: 1 } });
    expect(JSON.parse(JSON.stringify(groups))).toEqual(groups);
  });
});
