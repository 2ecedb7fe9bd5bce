import { beforeEach, describe, expect, it } from 'vitest';
import { DropCounter } from '@iec104mm2ss/bus';
import type { Statement } from '@iec104mm2ss/wire';
import type { Session } from './session.js';
import { SessionOwners } from './session-owners.js';

const SUBJECT = 'iec104.v1.1.in';
const A = 'gateway1/host-1-aa';
const B = 'gateway2/host-2-bb';

let drops: DropCounter;
let known: Map<number, string>;
let owners: SessionOwners;
beforeEach(() => {
  drops = new DropCounter();
  known = new Map([[5, A]]);
  const table = {
    getEvenClosing: (id: number) => (known.has(id) ? ({ gateway: known.get(id) } as Session) : undefined),
  };
  const saved = [
    { oa: 7, session: 70, restedMs: 0, gateway: 'gateway1' },
    { oa: 8, session: 80, restedMs: 0 },
    { oa: 9, session: 0, restedMs: 0 },
  ];
  owners = new SessionOwners(drops, SUBJECT, table, saved);
});

const statement = (gateway: string, ...sessions: number[]): Statement =>
  ({ group: '1', gateway, sessions: sessions.map((session) => ({ session })), closed: [{ session: 70 }] }) as Statement;
const ids = (part: Statement | undefined): unknown => [
  part?.sessions.map(({ session }) => session),
  part?.closed.map(({ session }) => session),
];

describe('a session', () => {
  it.each([
    ['of its own gateway', 5, 'gateway1', true],
    ['of another gateway', 5, 'gateway2', false],
    ['of a gateway with a name, without one', 5, undefined, false],
    ['that an earlier owner admitted, of its own gateway', 70, 'gateway1', true],
    ['that an earlier owner admitted, of another gateway', 70, 'gateway2', false],
    ['that an earlier release admitted', 80, 'gateway2', true],
    ['that nobody knows', 90, 'gateway2', true],
  ] as const)('%s may be spoken for: %#', (_what, session, by, may) => {
    expect(owners.maySpeakFor(session, by)).toBe(may);
    expect(drops.all()).toEqual(may ? [] : [{ kind: 'in', reason: 'SENDER', count: 1 }]);
  });

  it('of a bus without names may be spoken for by everybody', () => {
    known.set(6, 'host-3-cc');
    expect(owners.maySpeakFor(6, undefined)).toBe(true);
  });
});

describe('a statement', () => {
  it('counts as far as it is about sessions of its sender', () => {
    expect(ids(owners.ownPart(statement(A, 5, 90), 'gateway1'))).toEqual([[5, 90], [70]]);
    expect(ids(owners.ownPart(statement(B, 5, 90), 'gateway2'))).toEqual([[90], []]);
    expect(drops.all()).toEqual([{ kind: 'in', reason: 'SENDER', count: 2 }]);
  });

  it('in the name of another gateway is left out whole', () => {
    expect(owners.ownPart(statement(A, 90), 'gateway2')).toBeUndefined();
    expect(owners.ownPart(statement(A, 90), undefined)).toBeUndefined();
    expect(drops.all()).toEqual([{ kind: 'in', reason: 'SENDER', count: 2 }]);
  });
});
