import { describe, expect, it } from 'vitest';
import { type GroupConfig, plainAddress } from '@iec104mm2ss/config';
import { groupConfig, host } from '@iec104mm2ss/testing';
import type { AdmissionRequest } from '@iec104mm2ss/wire';
import { type Admitted, admit, mayNotGoOn, type Refusal } from './admission.js';
import { newSession, type Session } from './session.js';

const RTU = '10.9.9.9';
const TERMS = { now: 20_000, startMs: 30_000 };

function request(changes: Partial<AdmissionRequest> = {}): AdmissionRequest {
  return {
    v: 2,
    group: '1',
    gateway: 'g',
    connection: 1,
    address: '10.0.0.1',
    port: 5_000,
    certificateNames: [],
    ...changes,
  };
}

let ids = 0;
function session(address: string): Session {
  const id = ++ids;
  const identity = { id, gateway: 'g', connection: id, address, port: 1, name: null, certificateName: null, oa: id };
  return newSession({ ...identity, since: 0 }, 0);
}

const decide = (
  config: Partial<GroupConfig>,
  sessions: readonly Session[] = [],
  changes: Partial<AdmissionRequest> = {},
  rtu: string | null = RTU,
): Admitted | Refusal => admit(groupConfig(config), request(changes), sessions, rtu, TERMS);

const code = (decision: Admitted | Refusal): string => ('code' in decision ? decision.code : 'admitted');

describe('a master', () => {
  it('is admitted when nothing speaks against it', () => {
    expect(decide({})).toEqual({ name: null, certificateName: null, replaces: [] });
  });

  it('is refused where rules are about names, and its certificate says those of several masters', () => {
    const certified = (name: string, value: string) => {
      return { name, sources: [], certificateNames: [{ kind: 'cn', value, text: `cn:${value}` } as const] };
    };
    const masters = [certified('A', 'a'), certified('B', 'b')];
    const all: GroupConfig['rights'] = [{ subject: '*', kind: 'any', rights: { monitor: [{ cas: [], ioas: [] }] } }];
    const decided = (config: Partial<GroupConfig>, ...certificateNames: string[]): string =>
      code(decide({ masters, ...config }, [], { certificateNames }));
    for (const rule of [{ rights: all }, { clock: { kind: 'master', name: 'A' } as const }]) {
      expect(decided(rule, 'cn:a')).toBe('admitted');
      expect(decided(rule, 'cn:b', 'dns:other')).toBe('admitted');
      expect(decided(rule, 'cn:a', 'cn:b')).toBe('rights');
    }
    expect(decided({}, 'cn:a', 'cn:b')).toBe('admitted');
  });

  it('is refused when it has no rights: by its certificate, its name, its address, or as nobody gives it any', () => {
    const monitor = [{ cas: [], ioas: [] }];
    const rights: GroupConfig['rights'] = [
      { subject: 'cn:scada-x', kind: 'certificate', rights: {} },
      { subject: 'A', kind: 'name', rights: { monitor } },
      { subject: '10.0.0.2', kind: 'address', range: host('10.0.0.2'), rights: {} },
      { subject: '10.0.0.3', kind: 'address', range: host('10.0.0.3'), rights: { monitor } },
    ];
    const masters = [{ name: 'A', sources: [host('10.0.0.1')], certificateNames: [] }];
    const decided = (address: string, ...certificateNames: string[]): string =>
      code(decide({ rights, masters }, [], { address, certificateNames }));
    expect(decided('10.0.0.1')).toBe('admitted');
    expect(decided('10.0.0.1', 'scada-x')).toBe('rights');
    expect(decided('10.0.0.2')).toBe('rights');
    expect(decided('10.0.0.3')).toBe('admitted');
    expect(decided('10.0.0.4')).toBe('rights');
  });

  it('is refused while the RTU is not connected', () => expect(code(decide({}, [], {}, null))).toBe('rtu_down'));

  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::FFFF:10.0.0.1', '10.0.0.1'],
    ['2001:db8::1', '2001:db8::1'],
  ])('is refused from the RTU’s own address (%s)', (rtu, address) => {
    expect(code(decide({}, [], { address }, rtu))).toBe('rtu_address');
  });

  it('is refused when it is not in the filter', () => {
    const filter = [host('10.0.0.2'), host('10.0.0.3')];
    expect(code(decide({ filter }))).toBe('filter');
    expect(code(decide({ filter }, [], { address: '10.0.0.3' }))).toBe('admitted');
  });

  it('is refused when as many as may are connected', () => {
    const two = [session('10.0.0.7'), session('10.0.0.8')];
    expect(code(decide({ maxConnections: 2 }, two))).toBe('max_connections');
    expect(code(decide({ maxConnections: 3 }, two))).toBe('admitted');
  });

  it('gets the place of an idle connection of an address that has more than half of them', () => {
    const greedy = ['10.0.0.7', '10.0.0.7', '10.0.0.7', '10.0.0.8'].map(session);
    const [started, idle] = greedy as [Session, Session];
    started.started = true;
    expect(decide({ maxConnections: 4 }, greedy)).toMatchObject({ replaces: [{ session: idle, code: 'share' }] });
    expect(code(decide({ maxConnections: 4 }, greedy, { address: '10.0.0.8' })), 'it has one').toBe('max_connections');
    for (const each of greedy) each.started = true;
    expect(code(decide({ maxConnections: 4 }, greedy)), 'many masters may share an address').toBe('max_connections');
    const fair = ['10.0.0.7', '10.0.0.7', '10.0.0.8', '10.0.0.9'].map(session);
    expect(code(decide({ maxConnections: 4 }, fair)), 'two redundant ones').toBe('max_connections');
  });

  it('gets a reason that a person understands with every refusal', () => {
    for (const decision of [
      decide({}, [], {}, null),
      decide({}, [], { address: RTU }),
      decide({ filter: [host('1.1.1.1')] }),
      decide({ sameIp: 'old' }, [session('10.0.0.1')]),
      decide({ maxConnections: 0 }),
    ]) {
      expect('message' in decision && decision.message.length > 10).toBe(true);
    }
  });

  it('is told the first of several reasons, in this order', () => {
    const config = { filter: [host('10.0.0.99')], sameIp: 'old' as const, maxConnections: 1 };
    const connected = [session('10.0.0.1')];
    expect(code(decide(config, connected, {}, null))).toBe('rtu_down');
    expect(code(decide(config, connected, { address: RTU }))).toBe('rtu_address');
    expect(code(decide(config, connected))).toBe('filter');
    expect(code(decide({ ...config, filter: [] }, connected))).toBe('same_ip');
    expect(code(decide({ ...config, filter: [], sameIp: 'all' }, connected))).toBe('max_connections');
  });
});

describe('a second connection from one address', () => {
  const connected = (): Session[] => [session('10.0.0.1'), session('10.0.0.2'), session('10.0.0.1')];

  it('is admitted with `all`', () => {
    expect(decide({ sameIp: 'all' }, connected())).toMatchObject({ replaces: [] });
  });

  it('is refused with `old`, one from elsewhere is not', () => {
    expect(code(decide({ sameIp: 'old' }, connected()))).toBe('same_ip');
    expect(code(decide({ sameIp: 'old' }, connected(), { address: '10.0.0.3' }))).toBe('admitted');
  });

  it('replaces all earlier ones with `new`, also when the group is full', () => {
    const sessions = connected();
    const replaced = [sessions[0], sessions[2]];
    expect(decide({ sameIp: 'new', maxConnections: 3 }, sessions)).toMatchObject({
      replaces: replaced.map((each) => ({ session: each, code: 'same_ip' })),
    });
    expect(code(decide({ sameIp: 'new', maxConnections: 1 }, sessions))).toBe('max_connections');
    expect(code(decide({ sameIp: 'new', maxConnections: 3 }, sessions, { address: '10.0.0.4' }))).toBe(
      'max_connections',
    );
  });
});

const commonName = (value: string) => ({ kind: 'cn', value, text: `cn:${value}` }) as const;

describe('the name of a master', () => {
  const masters = [
    { name: 'A', sources: [host('10.0.0.1'), host('10.0.0.2')], certificateNames: [] },
    { name: 'B', sources: [], certificateNames: [commonName('scada-b')] },
    { name: 'C', sources: [host('10.0.0.3')], certificateNames: [commonName('scada-c')] },
  ];
  const nameOf = (changes: Partial<AdmissionRequest>): string | null | undefined => {
    const decision = decide({ masters }, [], changes);
    return 'code' in decision ? undefined : decision.name;
  };

  it.each([
    ['10.0.0.1', [], 'A'],
    ['10.0.0.2', [], 'A'],
    ['10.0.0.9', [], null],
    ['10.0.0.9', ['cn:other', 'cn:scada-b'], 'B'],
    ['10.0.0.1', ['cn:scada-c'], 'C'],
    // Without TLS a master that has certificates, too, is known by its address.
    ['10.0.0.3', [], 'C'],
    // A stranger's certificate at its address is a stranger, and so is one at the address of a master without certificates.
    ['10.0.0.3', ['cn:unknown'], null],
    ['10.0.0.1', ['cn:unknown'], null],
    // What kind of name it is counts.
    ['10.0.0.9', ['dns:scada-b'], null],
  ])('from %s with %j is %s', (address, certificateNames, name) => {
    expect(nameOf({ address, certificateNames })).toBe(name);
  });

  it('comes with that of its certificate', () => {
    expect(decide({}, [], { certificateNames: ['cn', 'san'] })).toMatchObject({ certificateName: 'cn' });
  });
});

it.each([
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['10.0.0.1', '10.0.0.1'],
  ['::ffff:0a00:1', '::ffff:0a00:1'],
  ['fe80::1', 'fe80::1'],
])('%s is the plain address %s', (address, plain) => expect(plainAddress(address)).toBe(plain));

describe('a session that an earlier owner admitted', () => {
  const others = (): Session[] => [session('10.0.0.1'), session('10.0.0.2')];
  const goesOn = (config: Partial<GroupConfig>, address = '10.0.0.3'): string =>
    mayNotGoOn(groupConfig(config), address, others())?.code ?? 'goes on';

  it('goes on while there is room', () => {
    expect(goesOn({ maxConnections: 3 })).toBe('goes on');
    expect(goesOn({ maxConnections: 2 })).toBe('max_connections');
  });

  it('does not go on when its master has come again and only one connection is kept', () => {
    expect(goesOn({}, '10.0.0.1')).toBe('goes on');
    expect(goesOn({ sameIp: 'old' }, '10.0.0.1')).toBe('same_ip');
    expect(goesOn({ sameIp: 'new' }, '10.0.0.1')).toBe('same_ip');
    expect(goesOn({ sameIp: 'new' })).toBe('goes on');
  });
});
