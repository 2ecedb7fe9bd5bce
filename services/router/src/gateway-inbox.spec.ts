import { expect, it } from 'vitest';
import { DropCounter, GroupSubjects } from '@iec104mm2ss/bus';
import { encodeStatement, InKind, type InMessage, type Statement } from '@iec104mm2ss/wire';
import { GatewayInbox, MAX_INBOX } from './gateway-inbox.js';

type Parts = ConstructorParameters<typeof GatewayInbox>[0];

const handled: string[] = [];
/** Ages of what was stated, and of commands that came. */
const stated: number[] = [];
const drops = new DropCounter();
let now = 0;
const parts = {
  bus: { drops },
  clock: { now: () => now },
  subjects: new GroupSubjects('1'),
  table: {
    get: (id: number) => ({ id }),
    getEvenClosing: (id: number) => ({ id }),
    gone: () => undefined,
    confirm: () => undefined,
  },
  transfer: { started: ({ id }: { id: number }) => handled.push(`${id} started`) },
  acknowledged: ({ id }: { id: number }, position: number) => handled.push(`${id} acknowledged ${position}`),
  reconciliation: {
    reconcile: ({ sessions, closed }: Statement) => {
      handled.push('statement');
      stated.push(...[...sessions, ...closed].flatMap(({ commands }) => commands.map(({ ageMs }) => ageMs)));
      stated.push(...closed.map(({ agoMs }) => agoMs));
    },
  },
  commands: { onCommands: (_session: unknown, _message: unknown, ageMs: number) => stated.push(ageMs) },
  owners: { maySpeakFor: () => true, ownPart: (statement: unknown) => statement },
} as unknown as Parts;

it('keeps what gateways say until the group is open, in order and bounded', () => {
  const inbox = new GatewayInbox(parts);
  const statement = { group: '1', gateway: 'g', sessions: [], closed: [] };
  inbox.take({ kind: InKind.STATEMENT, json: encodeStatement(statement) }, undefined);
  const message = (session: number): InMessage => ({ kind: InKind.STARTED, session, number: 1 });
  for (let session = 1; session <= MAX_INBOX + 9; session++) inbox.take(message(session), undefined);
  inbox.acknowledge([{ session: 1, position: 5, generation: 1 }], undefined);
  expect(handled).toEqual([]);
  expect(inbox.stated()).toEqual([{ v: 2, ...statement }]);
  expect(drops.all()).toEqual([{ kind: 'in', reason: 'FULL', count: 10 }]);
  inbox.open();
  expect(handled.slice(0, 2)).toEqual(['statement', '1 started']);
  expect(handled).toHaveLength(MAX_INBOX);
  inbox.take(message(7), undefined);
  inbox.acknowledge([{ session: 1, position: 5, generation: 1 }], undefined);
  expect(handled.slice(-2)).toEqual(['7 started', '1 acknowledged 5']);
  expect(inbox.stated()).toEqual([]);
});

it('gives what has waited its age', () => {
  const inbox = new GatewayInbox(parts);
  const who = { address: '127.0.0.1', port: 1, name: null, certificateName: null };
  const command = { command: 1, asdu: 'LQEGAAEAAQAAAQ==', connectorFence: 1, deadline: 1, ageMs: 100, answered: null };
  const places = { number: 1, expected: 1, acknowledged: 1, generation: 1, nextCommand: 2, sinceMs: 1 };
  const flags = { started: true, starting: 0 };
  const session = { ...who, ...places, ...flags, session: 1, connection: 1, originatorAddress: 1, ownOa: 0 };
  const closed = { ...who, session: 2, originatorAddress: 2, used: true, agoMs: 500, code: 'peer', message: 'gone' };
  const statement = {
    group: '1',
    gateway: 'g',
    sessions: [{ ...session, commands: [command] }],
    closed: [{ ...closed, commands: [{ ...command, ageMs: 600 }] }],
  };
  const json = encodeStatement(statement);
  const commands = { kind: InKind.COMMANDS, session: 1 } as InMessage;
  stated.length = 0;
  now = 1_000;
  inbox.take({ kind: InKind.STATEMENT, json }, undefined);
  now = 2_000;
  inbox.take(commands, undefined);
  now = 3_500;
  expect(inbox.stated()[0]?.sessions[0]?.commands[0]?.ageMs).toBe(2_600);
  inbox.open();
  expect(stated).toEqual([2_600, 3_100, 3_000, 1_500]);
  stated.length = 0;
  inbox.take({ kind: InKind.STATEMENT, json }, undefined);
  inbox.take(commands, undefined);
  expect(stated).toEqual([100, 600, 500, 0]);
});
