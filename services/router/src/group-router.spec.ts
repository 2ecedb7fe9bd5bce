import { beforeEach, describe, expect, it } from 'vitest';
import { encodeAcks, encodeIn, encodeJson, GroupSubjects, InKind, type StateMessage } from '@iec104mm2ss/bus';
import { createLogger } from '@iec104mm2ss/observability';
import { groupConfig, RecordingBus, until } from '@iec104mm2ss/testing';
import { GroupRouter } from './group-router.js';

const ADDRESS = '10.0.0.1';
const GATEWAY = 'gateway-1';
const subjects = new GroupSubjects('1');
const { logger } = createLogger({ level: 'silent' });

let bus: RecordingBus;
let router: GroupRouter;

beforeEach(() => {
  bus = new RecordingBus();
  const config = groupConfig({ masters: [{ name: 'A', sources: [], certificateNames: ['scada-a'] }] });
  const saved = { confirmed: 0, cursors: {}, resting: [] };
  router = new GroupRouter(config, { bus, logger, instance: 'router-1' }, 1, saved, { first: 0, next: 0, begunAt: 0 });
  router.start();
  router.settle();
});

async function rtuIs(state: StateMessage['state']): Promise<void> {
  const message: StateMessage = {
    group: '1',
    connector: 'connector-1',
    state,
    epoch: 1,
    endpoint: null,
    address: '10.0.0.99',
    since: 0,
    reason: '',
    connects: 1,
    next: 0,
  };
  bus.publish(subjects.state, encodeJson(message));
  await until(() => router.rtuState?.state === state, `the RTU is ${state}`);
}

/** A session of the named master, its data transfer started. */
async function started(): Promise<number> {
  await rtuIs('started');
  const answer = router.admit({
    group: '1',
    gateway: GATEWAY,
    address: ADDRESS,
    port: 1,
    certificateNames: ['scada-a'],
  });
  const id = answer?.ok === true ? answer.session : 0;
  bus.publish(subjects.in, encodeIn(InKind.STARTED, id, 1, 0));
  await until(() => router.sessions.get(id)?.started === true, 'started');
  return id;
}

const acknowledge = (id: number, acknowledged: number): void =>
  bus.publish(subjects.ack, encodeAcks([{ id, acknowledged }], 1));
const cursor = (): number | undefined => router.state.cursors['A'];

describe('a named master’s session that the router closes', () => {
  it('still counts what its gateway reports until it says that the session is closed', async () => {
    const id = await started();
    acknowledge(id, 10);
    await until(() => cursor() === 10, 'acknowledged');
    await rtuIs('disconnected');
    expect(router.sessions.size).toBe(0);
    acknowledge(id, 34);
    bus.publish(subjects.in, encodeIn(InKind.CLOSED, id, 2, 0));
    acknowledge(id, 50);
    await rtuIs('started');
    expect(cursor()).toBe(34);
  });

  it('is forgotten with its gateway', async () => {
    const id = await started();
    await rtuIs('disconnected');
    router.gatewayGone(GATEWAY);
    acknowledge(id, 34);
    await rtuIs('started');
    expect(cursor()).toBe(0);
  });
});
