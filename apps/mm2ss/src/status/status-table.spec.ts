import { type GroupContribution, mergeStatus, type ProcessStatus } from '@iec104mm2ss/observability';
import { describe, expect, it } from 'vitest';
import type { SystemView } from './merged.js';
import { statusLines } from './status-table.js';

const NOW = Date.parse('2026-11-26T12:00:00Z');
const at = (secondsAgo: number): string => new Date(NOW - 1_000 * secondsAgo).toISOString();

const GROUP: GroupContribution = {
  id: '111',
  name: 'RTU-ABB',
  owner: 'router-1',
  rtu: { state: 'started', endpoint: '10.0.0.1:2404', since: at(90_061) },
  listener: { open: true, addresses: ['10.9.0.1:2404', '10.9.0.2:2404'] },
  masters: [
    {
      session: '7',
      peer: '10.1.1.5:4711',
      name: 'A',
      state: 'started',
      since: at(3_600),
      originatorAddress: 3,
      queue: 0,
    },
    { session: '8', peer: '10.1.1.6:4711', state: 'stopped', gateway: 'gw-1' },
  ],
  rates: { fromRtuPerSecond: 1_234.5, toMastersPerSecond: 2.25, commandsPerSecond: 0 },
};

const process = (instance: string, changes: Partial<ProcessStatus> = {}): ProcessStatus => ({
  instance,
  host: 'host',
  parts: ['router'],
  release: '0',
  startedAt: at(0),
  configuration: null,
  ntp: null,
  serves: {},
  silent: false,
  lastHeardAt: at(65),
  ...changes,
});

function view(groups: readonly GroupContribution[], changes: Partial<SystemView> = {}): SystemView {
  return {
    processes: [],
    configuration: { digests: [], differ: false },
    groups: mergeStatus([groups]),
    ...changes,
  };
}

describe('the status for people', () => {
  it('says why an RTU is not connected, and nothing of errors that are over', () => {
    const rtu = { since: at(300), lastError: 'TLS: certificate has expired' };
    const groups = [
      { id: '7', rtu: { ...rtu, state: 'disconnected' } },
      { id: '8', rtu: { ...rtu, state: 'connecting' } },
      { id: '9', rtu: { ...rtu, state: 'started' } },
    ] as const;
    expect(statusLines(view(groups), undefined, NOW).slice(-3)).toEqual([
      '',
      'group 7: RTU not connected for 5m: TLS: certificate has expired',
      'group 8: RTU not connected for 5m: TLS: certificate has expired',
    ]);
  });

  it('has a line for each group, and nothing else while all is well', () => {
    expect(statusLines(view([GROUP, { id: '2' }]), undefined, NOW)).toEqual([
      'GROUP  NAME     RTU                    SINCE  LISTENER                     MASTERS  EVENTS/S  SENT/S  COMMANDS/S  OWNER',
      '111    RTU-ABB  started 10.0.0.1:2404   1d1h  10.9.0.1:2404 10.9.0.2:2404      1/2      1235     2.3         0.0  router-1',
      '2      -        -                          -  closed                           0/0         -       -           -  -',
    ]);
  });

  it('has the masters of the only group that is asked for', () => {
    const lines = statusLines(view([GROUP, { id: '2' }]), '111', NOW);
    expect(lines.slice(2)).toEqual([
      '',
      'SESSION  MASTER         NAME  STATE    SINCE  OA  QUEUE  COMMANDS  GATEWAY',
      '      7  10.1.1.5:4711  A     started     1h   3      0         -  -',
      '      8  10.1.1.6:4711  -     stopped      -   -      -         -  gw-1',
    ]);
  });

  it('says below what is missing, once for all groups that need it', () => {
    const missing = (what: string) => ({ what, reason: 'stream not found', since: at(65) });
    const groups = [
      { ...GROUP, trouble: [missing('IEC104_LOG_111'), missing('KV_iec104_state')] },
      { id: '2', trouble: [missing('KV_iec104_state')] },
    ];
    expect(statusLines(view(groups), undefined, NOW).slice(3)).toEqual([
      '',
      'IEC104_LOG_111 cannot be used for 1m5s: stream not found [group 111]',
      'KV_iec104_state cannot be used for 1m5s: stream not found [groups 111, 2]',
    ]);
  });

  it('says below which groups are in observe mode, since when and why', () => {
    const groups = [
      { ...GROUP, observe: { since: at(125), reason: 'asked for by me' } },
      { id: '2', observe: null },
    ];
    const lines = statusLines(view(groups), undefined, NOW).slice(3);
    expect(lines).toEqual(['', 'group 111: observe mode for 2m5s, only monitoring passes: asked for by me']);
  });

  it('names below who is missing, silent, or works with another file', () => {
    const by = (silent: boolean) => ({ instance: 'connector-1', silent, lastHeardAt: at(125) });
    const base = view([GROUP]);
    const configuration = (digest: string, refused: string | null = null) => {
      return { digest, file: 'groups.csv', loadedAt: at(0), refused };
    };
    const lines = statusLines(
      {
        ...base,
        processes: [
          process('router-1', { configuration: configuration('aa') }),
          process('gw-1', { parts: ['gateway'], configuration: configuration('bb', 'row 3, t1: 999') }),
          process('connector-1', { parts: ['connector'], silent: true }),
        ],
        configuration: { digests: ['aa', 'bb'], differ: true },
        groups: base.groups.map((group) => ({ ...group, servedBy: { connector: by(true), router: null } })),
      },
      undefined,
      NOW,
    );
    expect(lines.slice(2)).toEqual([
      '',
      'group 111: no connector answers (connector-1 was heard 2m5s ago)',
      'group 111: no router answers (none was heard)',
      'silent: connector-1 (connector), heard 1m5s ago',
      'the files differ: 1 processes work with aa',
      'another file: gw-1 (gateway) works with groups.csv bb of 2026-11-26T12:00:00.000Z',
      'groups.csv is not taken, nothing changes: row 3, t1: 999 [gw-1 (gateway)]',
    ]);
  });

  it('says of one that hears nobody that it may be cut off itself', () => {
    const processes = [process('router-1'), process('gw-1', { silent: true }), process('gw-2', { silent: true })];
    expect(statusLines(view([GROUP], { processes }), undefined, NOW).slice(2)).toEqual([
      '',
      'nobody else answers: router-1 may be cut off from the bus',
      'silent: gw-1 (router), heard 1m5s ago',
      'silent: gw-2 (router), heard 1m5s ago',
    ]);
  });

  it('leaves the terminal alone', () => {
    const lines = statusLines(view([{ ...GROUP, name: '\u001b[2Jx' }]), '111', NOW);
    expect(lines[1]).toContain('?[2Jx');
  });
});
