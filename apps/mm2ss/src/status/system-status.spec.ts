import { BrokerBus, controlSubject, MemoryBus } from '@iec104mm2ss/bus';
import type { GroupContribution, Status } from '@iec104mm2ss/observability';
import { FakeClock, FakeServer } from '@iec104mm2ss/testing';
import { decodeJson, encodeJson } from '@iec104mm2ss/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { ANSWER_MS, readWait, STRANGER_MS } from './ask-all.js';
import { REMEMBERED_MS } from './heard.js';
import { CONFIGURED, type Known, statusAnswers } from './known.js';
import type { OwnStatus } from './own-status.js';
import { MAX_AGE_MS, SystemStatus } from './system-status.js';

const HEAD = { version: 1, product: 'x', release: '0', startedAt: '', uptimeSeconds: 0, parts: [] };

function known(instance: string, parts: Readonly<Record<string, readonly GroupContribution[]>>, digest = 'aa'): Known {
  return {
    process: {
      instance,
      host: 'host',
      parts: Object.keys(parts).filter((part) => part !== CONFIGURED),
      release: '0',
      startedAt: 0,
      configuration: { digest, file: 'groups.csv', loadedAt: 0, refused: null },
      ntp: null,
    },
    known: Object.entries(parts).map(([part, groups]) => ({ part, groups })),
  };
}

const CONFIG = [
  { id: '1', name: 'one' },
  { id: '2', name: 'two' },
];

let clock: FakeClock;
let server: FakeServer;
let bus: BrokerBus;
let status: SystemStatus;
/** Questions on the bus. */
let questions: number;

const runtime = (instance: string) => ({ clock, instance, random: () => 0.5 });

/** Another process on the bus. */
class Peer {
  silent = false;
  /** How long it takes to answer. */
  delayMs = 0;

  constructor(public knows: Known) {
    const { instance } = knows.process;
    const own = new BrokerBus(server.connect(clock), { runtime: runtime(instance), replicas: 1 });
    own.subscribe(controlSubject('status'), (message) => {
      expect(decodeJson('request', message.data)).toEqual({ v: 2, by: 'here' });
      const answer = (): void => {
        for (const each of statusAnswers(this.knows)) message.respond(encodeJson(each));
      };
      if (!this.silent) clock.setTimer(answer, this.delayMs);
    });
  }
}

/** Time passes until it is answered; says how long that took. */
async function ask(scope: 'system' | 'process' = 'system'): Promise<{ answer: Status; tookMs: number }> {
  const begun = clock.now();
  let answer: Status | undefined;
  const asking = scope === 'system' ? status.ofSystem() : status.ofProcess();
  void asking.then((came) => (answer = came));
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  await turns();
  while (answer === undefined) {
    await clock.advanceAsync(10);
    await turns();
  }
  return { answer, tookMs: clock.now() - begun };
}

beforeEach(() => {
  clock = new FakeClock();
  server = new FakeServer();
  questions = 0;
  bus = new BrokerBus(server.connect(clock), { runtime: runtime('here'), replicas: 1 });
  bus.subscribe(controlSubject('status'), () => questions++);
  const own = {
    head: () => HEAD,
    known: () =>
      Promise.resolve(known('here', { [CONFIGURED]: CONFIG, gateway: CONFIG.map(({ id }) => ({ id, masters: [] })) })),
  };
  status = new SystemStatus(bus, runtime('here'), own as unknown as OwnStatus);
});

describe('the status of the system', () => {
  it('has what every process knows, each first hand', async () => {
    new Peer(known('router-1', { router: [{ id: '1', owner: 'router-1', rtu: { state: 'connected' } }] }));
    new Peer(known('connector-1', { [CONFIGURED]: [CONFIG[0]!], connector: [{ id: '1', rtu: { state: 'started' } }] }));
    const { answer, tookMs } = await ask();
    expect(answer.scope).toBe('system');
    expect(answer.processes.map(({ instance, silent }) => [instance, silent])).toEqual([
      ['here', false],
      ['connector-1', false],
      ['router-1', false],
    ]);
    expect(answer.processes[2]).toMatchObject({ parts: ['router'], serves: { router: ['1'] } });
    expect(answer.groups.map(({ id, name, owner, rtu }) => [id, name, owner, rtu.state])).toEqual([
      ['1', 'one', 'router-1', 'started'],
      ['2', 'two', undefined, null],
    ]);
    expect(answer.groups.map(({ servedBy }) => servedBy)).toEqual([
      {
        connector: { instance: 'connector-1', silent: false, lastHeardAt: expect.any(String) },
        router: { instance: 'router-1', silent: false, lastHeardAt: expect.any(String) },
      },
      { connector: null, router: null },
    ]);
    // Nobody was known before.
    expect(tookMs).toBe(ANSWER_MS);
    expect(questions).toBe(1);
  });

  it('waits no longer than for those that are known, and a moment for strangers', async () => {
    const slow = new Peer(known('router-1', { router: [] }));
    await ask();
    slow.delayMs = 300;
    await clock.advanceAsync(MAX_AGE_MS);
    expect((await ask()).tookMs).toBe(300);
    slow.delayMs = 0;
    new Peer(known('router-2', { router: [] })).delayMs = STRANGER_MS - 20;
    await clock.advanceAsync(MAX_AGE_MS);
    const { answer, tookMs } = await ask();
    expect(tookMs).toBe(STRANGER_MS);
    expect(answer.processes.map(({ instance }) => instance)).toEqual(['here', 'router-1', 'router-2']);
  });

  it('waits as long as it is told to for processes that are slow, and leaves others their own time', async () => {
    new Peer(known('router-1', { router: [] })).delayMs = 3_000;
    const patient = status.ofSystem(5_000);
    const same = status.ofSystem(5_000);
    const hasty = status.ofSystem();
    await clock.advanceAsync(5_000);
    const instances = async (answer: ReturnType<typeof status.ofSystem>): Promise<string[]> =>
      (await answer).processes.map(({ instance }) => instance);
    expect(await instances(patient)).toEqual(['here', 'router-1']);
    expect(await same).toBe(await patient);
    expect(await instances(hasty)).toEqual(['here']);
    expect(questions).toBe(2);
  });

  it('names who does not answer, what he served, and when he was heard', async () => {
    const connector = new Peer(known('connector-1', { connector: [{ id: '1', rtu: { state: 'started' } }] }));
    const heardAt = (await ask()).answer.processes[1]?.lastHeardAt;
    connector.silent = true;
    await clock.advanceAsync(5_000);
    const { answer, tookMs } = await ask();
    expect(tookMs).toBe(ANSWER_MS);
    expect(answer.processes[1]).toMatchObject({ instance: 'connector-1', silent: true, lastHeardAt: heardAt });
    expect(answer.groups[0]?.servedBy?.connector).toEqual({
      instance: 'connector-1',
      silent: true,
      lastHeardAt: heardAt,
    });
    expect(answer.groups[0]?.rtu.state).toBeNull();
    // Another one has taken over: the silent one is still named.
    new Peer(known('connector-2', { connector: [{ id: '1' }] }));
    await clock.advanceAsync(MAX_AGE_MS);
    const after = (await ask()).answer;
    expect(after.groups[0]?.servedBy?.connector).toMatchObject({ instance: 'connector-2', silent: false });
    expect(after.processes.map(({ silent }) => silent)).toEqual([false, true, false]);
    await clock.advanceAsync(REMEMBERED_MS);
    expect((await ask()).answer.processes.map(({ instance }) => instance)).toEqual(['here', 'connector-2']);
  });

  it('does not miss who has said good-bye', async () => {
    const connector = new Peer(known('connector-1', { connector: [{ id: '1' }] }));
    await ask();
    connector.silent = true;
    status.left('connector-1');
    await clock.advanceAsync(MAX_AGE_MS);
    const { answer } = await ask();
    expect(answer.processes.map(({ instance }) => instance)).toEqual(['here']);
    expect(answer.groups[0]?.servedBy?.connector).toBeNull();
  });

  it('names no one as serving a group that he has given back', async () => {
    const connector = new Peer(known('connector-1', { connector: [{ id: '1' }] }));
    await ask();
    connector.knows = known('connector-1', { connector: [] });
    await clock.advanceAsync(MAX_AGE_MS);
    expect((await ask()).answer.groups[0]?.servedBy?.connector).toBeNull();
  });

  it('says when processes work with different files', async () => {
    const router = new Peer(known('router-1', { router: [] }));
    expect((await ask()).answer.configuration).toEqual({ digests: ['aa'], differ: false });
    router.knows = known('router-1', { router: [] }, 'bb');
    await clock.advanceAsync(MAX_AGE_MS);
    expect((await ask()).answer.configuration).toEqual({ digests: ['aa', 'bb'], differ: true });
    // Who is silent is named as such; what file he has is not known.
    router.silent = true;
    await clock.advanceAsync(MAX_AGE_MS);
    expect((await ask()).answer.configuration).toEqual({ digests: ['aa'], differ: false });
  });

  it('is asked for once by fifty at a time, and at most once a second', async () => {
    new Peer(known('router-1', { router: [] }));
    const texts = Array.from({ length: 50 }, () => status.systemText());
    await clock.advanceAsync(ANSWER_MS + 10);
    expect(new Set(await Promise.all(texts)).size).toBe(1);
    expect(questions).toBe(1);
    await ask();
    expect(questions).toBe(1);
    await clock.advanceAsync(MAX_AGE_MS);
    await ask();
    expect(questions).toBe(2);
  });

  it('is not waited for where this process alone is asked for', async () => {
    new Peer(known('router-1', { router: [] }));
    const { answer, tookMs } = await ask('process');
    expect(tookMs).toBe(0);
    expect(questions).toBe(0);
    expect(answer).toMatchObject({ scope: 'process', processes: [{ instance: 'here' }] });
    expect(answer.groups.map(({ servedBy }) => servedBy)).toEqual([undefined, undefined]);
  });

  it('drops an answer that is none, and takes all others', async () => {
    const stranger = new BrokerBus(server.connect(clock), { runtime: runtime('stranger'), replicas: 1 });
    stranger.subscribe(controlSubject('status'), (message) => {
      message.respond(Buffer.from('nonsense'));
      message.respond(encodeJson({ v: 1 }));
    });
    new Peer(known('router-1', { router: [] }));
    const { answer } = await ask();
    expect(answer.processes.map(({ instance }) => instance)).toEqual(['here', 'router-1']);
    expect(bus.drops.all()).toEqual([
      { kind: 'ctl.status', reason: 'JSON', count: 1 },
      { kind: 'ctl.status', reason: 'VERSION', count: 1 },
    ]);
  });

  it('of one process without servers asks nobody', async () => {
    const memory = new MemoryBus({ clock });
    memory.subscribe(controlSubject('status'), () => questions++);
    const own = { head: () => HEAD, known: () => Promise.resolve(known('here', { connector: [{ id: '1' }] })) };
    status = new SystemStatus(memory, runtime('here'), own as unknown as OwnStatus);
    const { answer, tookMs } = await ask();
    expect([tookMs, questions]).toEqual([0, 0]);
    expect(answer.groups[0]?.servedBy?.connector).toMatchObject({ instance: 'here', silent: false });
  });
});

it.each([
  [undefined, ANSWER_MS],
  ['1', 1_000],
  ['30', 30_000],
  ['0', undefined],
  ['31', undefined],
  ['1.5', undefined],
  ['-1', undefined],
  ['x', undefined],
  ['', undefined],
])('a wait of %o is %o ms', (text, ms) => {
  expect(readWait(text)).toBe(ms);
});
