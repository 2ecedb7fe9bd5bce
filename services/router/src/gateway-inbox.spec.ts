import { expect, it } from 'vitest';
import { DropCounter, GroupSubjects } from '@iec104mm2ss/bus';
import { encodeStatement, InKind, type InMessage } from '@iec104mm2ss/wire';
import { GatewayInbox, MAX_INBOX } from './gateway-inbox.js';

type Parts = ConstructorParameters<typeof GatewayInbox>[0];

const handled: string[] = [];
const drops = new DropCounter();
const parts = {
  bus: { drops },
  subjects: new GroupSubjects('1'),
  table: {
    get: (id: number) => ({ id }),
    getEvenClosing: (id: number) => ({ id }),
    gone: () => undefined,
    confirm: () => undefined,
  },
  transfer: { started: ({ id }: { id: number }) => handled.push(`${id} started`) },
  acknowledged: ({ id }: { id: number }, position: number) => handled.push(`${id} acknowledged ${position}`),
  reconciliation: { reconcile: () => handled.push('statement') },
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
