import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { Cause, encodeAsdu, TypeId } from '@iec104mm2ss/iec104';
import { SYSTEM_CLOCK } from '@iec104mm2ss/runtime';
import { DeadlineScheduler } from '@iec104mm2ss/transport';
import {
  MasterSimulator,
  type MasterOptions,
  parsePoints,
  type ReceivedAsdu,
  type RtuEvent,
  type RtuOptions,
  RtuSimulator,
} from './index.js';

const CA = 47;
const open: AsyncDisposable[] = [];

afterEach(async () => {
  for (const station of open.splice(0).reverse()) await station[Symbol.asyncDispose]();
});

interface Watched {
  master: MasterSimulator;
  got: ReceivedAsdu[];
  /** Resolves when the condition holds, looking again at each ASDU. */
  until(condition: (got: ReceivedAsdu[]) => boolean): Promise<ReceivedAsdu[]>;
}

async function startRtu(options: RtuOptions = {}): Promise<RtuSimulator> {
  const rtu = new RtuSimulator({ ca: CA, endOfInitialization: 'never', ...options });
  open.push(rtu);
  await rtu.start();
  return rtu;
}

function makeMaster(rtu: RtuSimulator, options: Partial<MasterOptions> = {}): Watched {
  const master = new MasterSimulator({ ...rtu.address, ca: CA, ...options });
  open.push(master);
  const got: ReceivedAsdu[] = [];
  master.on('asdu', (asdu) => got.push(asdu));
  return {
    master,
    got,
    until: async (condition) => {
      while (!condition(got)) await once(master, 'asdu');
      return got;
    },
  };
}

async function startMaster(rtu: RtuSimulator, options: Partial<MasterOptions> = {}): Promise<Watched> {
  const watched = makeMaster(rtu, options);
  await watched.master.connect();
  return watched;
}

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
const header = ({ view }: ReceivedAsdu): number[] => [view.typeId, view.cot];

function recordEvents(rtu: RtuSimulator): RtuEvent[] {
  const events: RtuEvent[] = [];
  rtu.on('event', (event) => events.push(event));
  return events;
}

describe('spontaneous events', () => {
  it('reach every started master, in order, with a window smaller than the burst', async () => {
    const rtu = await startRtu({ link: { k: 3, w: 2 } });
    const events = recordEvents(rtu);
    const a = await startMaster(rtu, { link: { w: 2 } });
    const b = await startMaster(rtu, { link: { w: 1 } });
    rtu.burst(200);
    const expected = events.map(({ asdu }) => hex(asdu));
    expect(new Set(expected).size).toBe(200);
    expect((await a.until((got) => got.length >= 200)).map(({ octets }) => hex(octets))).toEqual(expected);
    expect((await b.until((got) => got.length >= 200)).map(({ octets }) => hex(octets))).toEqual(expected);
  });

  it('carry CP56Time2a and COT 3', async () => {
    const rtu = await startRtu({ wallClock: () => Date.UTC(2026, 10, 5, 10, 11, 12, 345) });
    const { until } = await startMaster(rtu);
    rtu.setValue(1000, 1);
    const [asdu] = await until((got) => got.length === 1);
    expect(asdu?.decode()).toMatchObject({
      type: 'M_SP_TB_1',
      cot: Cause.SPONT,
      ca: CA,
      objects: [{ ioa: 1000, value: true, time: { hour: 10, minute: 11, milliseconds: 12_345 } }],
    });
  });

  it('are kept while nobody is connected and arrive in order afterwards', async () => {
    const rtu = await startRtu();
    const events = recordEvents(rtu);
    rtu.burst(50);
    expect(rtu.buffered).toBe(50);
    const { until } = await startMaster(rtu);
    const got = await until(({ length }) => length >= 50);
    expect(got.map(({ octets }) => hex(octets))).toEqual(events.map(({ asdu }) => hex(asdu)));
  });

  it('are sent again on the next link as far as they were not acknowledged', async () => {
    const rtu = await startRtu({ link: { k: 8 } });
    const events = recordEvents(rtu);
    const first = await startMaster(rtu);
    first.master.setAcknowledging(false);
    rtu.burst(20);
    await first.until(({ length }) => length === 8);
    first.master.acknowledge(3);
    await first.until(({ length }) => length === 11);
    first.master.crash();
    await once(rtu, 'disconnected');
    expect(rtu.buffered).toBe(17);
    const second = await startMaster(rtu);
    const got = await second.until(({ length }) => length >= 17);
    expect(got.map(({ octets }) => hex(octets))).toEqual(events.slice(3).map(({ asdu }) => hex(asdu)));
  });

  it('give way to newer ones when the buffer is full, which is counted', async () => {
    const rtu = await startRtu({ eventBuffer: 10 });
    const events = recordEvents(rtu);
    rtu.burst(25);
    expect(rtu.counts).toMatchObject({ events: 25, overflow: 15 });
    const { until } = await startMaster(rtu);
    const got = await until(({ length }) => length === 10);
    expect(got.map(({ octets }) => hex(octets))).toEqual(events.slice(15).map(({ asdu }) => hex(asdu)));
  });

  it('survive an RTU that is off the network, generator included', async () => {
    const rtu = await startRtu();
    const events = recordEvents(rtu);
    const { master, until } = await startMaster(rtu, { reconnect: { minMs: 1, maxMs: 1 } });
    rtu.burst(5);
    await until(({ length }) => length === 5);
    await rtu.stop();
    rtu.burst(5);
    while (master.counts.failedAttempts === 0) await once(master, 'connectFailed');
    await rtu.start();
    const got = await until((all) => all.length > 0 && hex(all.at(-1)!.octets) === hex(events.at(-1)!.asdu));
    const distinct = [...new Set(got.map(({ octets }) => hex(octets)))];
    expect(distinct).toEqual(events.map(({ asdu }) => hex(asdu)));
  });
});

describe('start of data transfer', () => {
  it('begins with M_EI_NA_1 after power-on, once', async () => {
    const rtu = await startRtu({ endOfInitialization: 'power-on' });
    rtu.burst(1);
    const first = await startMaster(rtu);
    expect((await first.until(({ length }) => length === 2)).map(header)).toEqual([
      [TypeId.M_EI_NA_1, Cause.INIT],
      [TypeId.M_SP_TB_1, Cause.SPONT],
    ]);
    await first.master.stopDataTransfer();
    const second = await startMaster(rtu);
    await second.master.read(1000);
    expect(second.got.map(header)).toEqual([[TypeId.M_SP_NA_1, Cause.REQ]]);
    rtu.powerOn();
    const third = await startMaster(rtu);
    expect((await third.until(({ length }) => length === 1)).map(header)).toEqual([[TypeId.M_EI_NA_1, Cause.INIT]]);
  });

  it('can be stopped and started again; nothing arrives in between', async () => {
    const rtu = await startRtu();
    const { master, got, until } = await startMaster(rtu);
    await master.stopDataTransfer();
    rtu.burst(3);
    expect(await master.command('single 5000 on')).toMatchObject({ result: 'closed' });
    await master.startDataTransfer();
    await until(({ length }) => length === 3);
    expect(got).toHaveLength(3);
  });

  it('can ask for a general interrogation by itself', async () => {
    const rtu = await startRtu();
    const { until } = await startMaster(rtu, { interrogateOnStart: true });
    const got = await until((all) => all.at(-1)?.view.cot === Cause.ACT_TERM);
    expect(got.filter(({ view }) => view.cot === Cause.INROGEN).length).toBeGreaterThan(3);
  });

  it('refuses connections above the maximum', async () => {
    const rtu = await startRtu({ maxConnections: 1 });
    const first = await startMaster(rtu);
    await expect(makeMaster(rtu).master.connect()).rejects.toThrow();
    expect(rtu.counts.refusedConnections).toBe(1);
    expect(first.master.started).toBe(true);
  });
});

describe('requests', () => {
  it('general interrogation: ACT_CON, every point but counters, ACT_TERM', async () => {
    const rtu = await startRtu();
    const { master, got } = await startMaster(rtu);
    const outcome = await master.interrogate();
    expect(outcome).toMatchObject({ result: 'positive', terminated: true, cause: Cause.ACT_CON });
    expect(header(got[0]!)).toEqual([TypeId.C_IC_NA_1, Cause.ACT_CON]);
    expect(header(got.at(-1)!)).toEqual([TypeId.C_IC_NA_1, Cause.ACT_TERM]);
    const objects = got.slice(1, -1).flatMap((asdu) => {
      const decoded = asdu.decode();
      return decoded.type === 'OPAQUE' ? [] : decoded.objects;
    });
    expect(objects.map(({ ioa }) => ioa)).toHaveLength(43);
    expect(got.length).toBeLessThan(43);
    expect(outcome.answers).toHaveLength(got.length);
  });

  it('packs loose points without SQ and never above 249 octets', async () => {
    const rows = Array.from({ length: 200 }, (_, i) => `${100 + 2 * i},float,${i}`);
    const rtu = await startRtu({ points: parsePoints(['ioa,type,value', ...rows].join('\n')) });
    const { master, got } = await startMaster(rtu);
    await master.interrogate();
    const data = got.slice(1, -1);
    expect(data.every(({ view, octets }) => !view.sq && octets.length <= 249)).toBe(true);
    expect(data.reduce((sum, { view }) => sum + view.count, 0)).toBe(200);
  });

  it('group interrogation and broadcast CA', async () => {
    const rtu = await startRtu();
    const { master, got } = await startMaster(rtu);
    await master.interrogate(22, { ca: MasterSimulator.BROADCAST_CA });
    expect(got.map(({ view }) => view.ca)).toEqual(got.map(() => CA));
    expect(got.slice(1, -1).map(header)).toEqual([[TypeId.M_DP_NA_1, Cause.INRO2]]);
    expect(await master.interrogate(50)).toMatchObject({ result: 'negative', cause: Cause.ACT_CON });
  });

  it('refuses a second interrogation when asked to', async () => {
    const rtu = await startRtu({ oneInterrogationAtATime: true, link: { k: 1 } });
    const { master } = await startMaster(rtu, { link: { w: 1 } });
    const results = await Promise.all([master.interrogate(20), master.interrogate(21)]);
    expect(results.map(({ result }) => result)).toEqual(['positive', 'negative']);
  });

  it('counter interrogation: read, freeze with reset, group', async () => {
    const rtu = await startRtu();
    const { master } = await startMaster(rtu);
    rtu.setValue(4400, 123);
    expect(await master.counters(5, 2)).toMatchObject({ result: 'positive', terminated: false });
    rtu.setValue(4400, 7);
    const outcome = await master.counters(1, 0);
    expect(outcome).toMatchObject({ result: 'positive', terminated: true });
    const data = outcome.answers.find(({ view }) => view.cot === Cause.REQCO1);
    expect(data?.decode()).toMatchObject({ type: 'M_IT_NA_1', objects: [{ ioa: 4400, value: 123, sequence: 1 }] });
  });

  it('read, test and reset process', async () => {
    const rtu = await startRtu();
    const { master, until } = await startMaster(rtu);
    rtu.setValue(4200, 12.5);
    const read = await master.read(4200);
    expect(read.answers[0]?.decode()).toMatchObject({ type: 'M_ME_NC_1', cot: Cause.REQ, objects: [{ value: 12.5 }] });
    expect(await master.read(9)).toMatchObject({ result: 'negative', cause: Cause.UNKNOWN_IOA });
    expect(await master.testCommand()).toMatchObject({ result: 'positive' });
    expect(await master.testCommand(77)).toMatchObject({ result: 'positive' });
    expect(await master.resetProcess()).toMatchObject({ result: 'positive' });
    await until((got) => got.at(-1)?.view.typeId === TypeId.M_EI_NA_1);
    expect(rtu.value(4200)).toBe(0);
  });

  it('confirms clock synchronization behind the events already queued, then stamps by the new time', async () => {
    const rtu = await startRtu({ link: { k: 1 }, wallClock: () => Date.UTC(2026, 0, 1) });
    const { master, got, until } = await startMaster(rtu, { link: { w: 1 } });
    rtu.burst(5);
    await master.clockSync(Date.UTC(2026, 5, 1));
    expect(got.map(({ view }) => view.typeId).indexOf(TypeId.C_CS_NA_1)).toBe(5);
    rtu.setValue(1000, 1);
    expect((await until(({ length }) => length === 7)).at(-1)?.decode()).toMatchObject({
      objects: [{ time: { month: 6, day: 1 } }],
    });
  });

  it.each([
    ['mirror', 9],
    ['zero', 0],
  ] as const)('answers with OA %s', async (oa, expected) => {
    const rtu = await startRtu({ oa });
    const { master, got } = await startMaster(rtu, { oa: 9 });
    await master.interrogate();
    await master.command('single 5000 on');
    const control = got.filter(({ view }) => view.typeId >= 45 || view.cot === Cause.INROGEN);
    expect(new Set(control.map(({ view }) => view.oa))).toEqual(new Set([expected]));
  });

  it.each([
    [Cause.UNKNOWN_TYPE, { type: 'P_AC_NA_1', cot: 6, ca: CA, objects: [{ ioa: 5000, qpa: 1 }] }],
    [Cause.UNKNOWN_TYPE, { type: 'OPAQUE', typeId: 200, cot: 6, ca: CA, count: 1, opaque: Uint8Array.of(1, 0, 0, 9) }],
    [Cause.UNKNOWN_CAUSE, { type: 'C_SC_NA_1', cot: 3, ca: CA, objects: [{ ioa: 5000, value: true }] }],
    [Cause.UNKNOWN_CA, { type: 'C_SC_NA_1', cot: 6, ca: 48, objects: [{ ioa: 5000, value: true }] }],
    [Cause.UNKNOWN_CA, { type: 'C_SC_NA_1', cot: 6, ca: 65535, objects: [{ ioa: 5000, value: true }] }],
    [Cause.UNKNOWN_IOA, { type: 'C_SC_NA_1', cot: 6, ca: CA, objects: [{ ioa: 4999, value: true }] }],
    [Cause.UNKNOWN_IOA, { type: 'C_DC_NA_1', cot: 6, ca: CA, objects: [{ ioa: 5000, value: 2 }] }],
  ] as const)('mirrors what it does not know with COT %i and P/N = 1', async (cause, input) => {
    const rtu = await startRtu();
    const { master, until } = await startMaster(rtu);
    const asdu = encodeAsdu({ ...input, objects: 'objects' in input ? [...input.objects] : [] } as never);
    master.send(asdu);
    const [reply] = await until(({ length }) => length === 1);
    const expected = new Uint8Array(asdu);
    expected[2] = cause | 0x40;
    expect(hex(reply!.octets)).toBe(hex(expected));
    expect(rtu.counts.unknown).toBe(1);
  });
});

describe('process commands', () => {
  it.each([
    ['single 5000 on', 1000, 1],
    ['C_SC_TA_1 5001 on', 1001, 1],
    ['double 5100 on', 2000, 2],
    ['C_DC_TA_1 5101 off', 2001, 1],
    ['step 5200 higher', 3000, 1],
    ['C_RC_TA_1 5200 lower', 3000, -1],
    ['normalized 5300 -0.5', 4000, -0.5],
    ['C_SE_TA_1 5301 0.25', 4001, 0.25],
    ['scaled 5400 -1234', 4100, -1234],
    ['C_SE_TB_1 5401 1234', 4101, 1234],
    ['float 5500 12.5', 4200, 12.5],
    ['C_SE_TC_1 5501 -12.5', 4201, -12.5],
    ['bitstring 5600 4294967295', 4300, 4294967295],
    ['C_BO_TA_1 5600 1', 4300, 1],
  ])('%s: ACT_CON, return information COT 11, ACT_TERM', async (command, ioa, value) => {
    const rtu = await startRtu();
    const { master, got } = await startMaster(rtu);
    const bystander = await startMaster(rtu);
    const select = !command.includes('5600');
    const outcome = await master.command(command, { select });
    expect(outcome).toMatchObject({ result: 'positive', step: 'execute', cause: Cause.ACT_CON, terminated: true });
    expect(rtu.value(ioa)).toBe(value);
    const expected = [Cause.ACT_CON, Cause.RETREM, Cause.ACT_TERM];
    expect(got.map(({ view }) => view.cot)).toEqual(select ? [Cause.ACT_CON, ...expected] : expected);
    const [told] = await bystander.until(({ length }) => length === 1);
    expect(told?.view.cot).toBe(Cause.RETREM);
    expect(bystander.got).toHaveLength(1);
    expect(master.counts).toMatchObject({ strays: 0, late: 0 });
  });

  it('refuses what the standard does not permit', async () => {
    const rtu = await startRtu();
    const { master } = await startMaster(rtu);
    const command = { kind: 'double', ioa: 5100, value: 3 } as const;
    expect(await master.command(command)).toMatchObject({ result: 'negative', cause: Cause.ACT_CON });
    expect(rtu.value(2000)).toBe(1);
  });

  it('executes a select-required command only after its select', async () => {
    const rtu = await startRtu();
    const { master } = await startMaster(rtu);
    expect(await master.command('single 5015 on')).toMatchObject({ result: 'negative', step: 'execute' });
    expect(await master.command('single 5015 on', { select: true })).toMatchObject({ result: 'positive' });
    // One select, one execute.
    expect(await master.command('single 5015 off')).toMatchObject({ result: 'negative' });
  });

  it('forgets a select after its time, at its cancel, and when its master goes', async () => {
    let skewMs = 0;
    const scheduler = new DeadlineScheduler({ ...SYSTEM_CLOCK, now: () => performance.now() + skewMs });
    const rtu = await startRtu({ scheduler, selectTimeoutMs: 1000 });
    const { master } = await startMaster(rtu);
    const other = await startMaster(rtu);
    const select = (): Promise<unknown> => master.command('single 5015 on', { selectOnly: true });

    expect(await select()).toMatchObject({ result: 'positive', step: 'select' });
    expect(await other.master.command('single 5015 on', { select: true })).toMatchObject({
      result: 'negative',
      step: 'select',
    });
    skewMs += 1001;
    expect(await master.command('single 5015 on')).toMatchObject({ result: 'negative' });

    await select();
    expect(await master.cancel('single 5015 on')).toMatchObject({ result: 'positive', cause: Cause.DEACT_CON });
    expect(await master.cancel('single 5015 on')).toMatchObject({ result: 'negative', cause: Cause.DEACT_CON });
    expect(await master.command('single 5015 on')).toMatchObject({ result: 'negative' });

    await select();
    master.crash();
    await once(rtu, 'disconnected');
    expect(await other.master.command('single 5015 on', { select: true })).toMatchObject({ result: 'positive' });
  });

  it('refuses to execute something else than was selected', async () => {
    const rtu = await startRtu();
    const { master } = await startMaster(rtu);
    await master.command('single 5015 on', { selectOnly: true });
    expect(await master.command('single 5015 off')).toMatchObject({ result: 'negative' });
    expect(rtu.value(1015)).toBe(0);
  });

  it('ignores time-tagged commands that are too old', async () => {
    const rtu = await startRtu({ commandMaxAgeMs: 1000, wallClock: () => Date.UTC(2026, 0, 1) });
    const { master } = await startMaster(rtu, { requestTimeoutMs: 20 });
    const command = { kind: 'single', ioa: 5000, value: 1 } as const;
    expect(await master.command({ ...command, timeMs: Date.UTC(2026, 0, 1) - 1001 })).toMatchObject({
      result: 'timeout',
      cause: undefined,
    });
    expect(await master.command({ ...command, timeMs: Date.UTC(2026, 0, 1) })).toMatchObject({ result: 'positive' });
    expect(rtu.counts.ignored).toBe(1);
  });

  it('tells a local command with COT 12', async () => {
    const rtu = await startRtu();
    const { until } = await startMaster(rtu);
    rtu.operateLocally(2000, 2);
    expect((await until(({ length }) => length === 1)).map(header)).toEqual([[TypeId.M_DP_TB_1, Cause.RETLOC]]);
  });

  it('counts answers nobody asked for as strays, and late ones as late', async () => {
    const replies: Uint8Array[] = [];
    const rtu = await startRtu({
      intercept: ({ asdu }) => {
        const confirmation = new Uint8Array(asdu);
        confirmation[2] = Cause.ACT_CON;
        replies.push(confirmation);
        return 'ignore';
      },
    });
    const { master } = await startMaster(rtu);
    const other = await startMaster(rtu);
    // It may come later than the master waits.
    const asked = once(rtu, 'request');
    expect(await master.command('single 5000 on', { timeoutMs: 5 })).toMatchObject({ result: 'timeout' });
    await asked;
    rtu.publish(replies[0]!);
    await once(other.master, 'stray');
    while (master.counts.late === 0) await once(master, 'asdu');
    expect(other.master.counts).toMatchObject({ strays: 1, late: 0 });
    expect(master.counts).toMatchObject({ strays: 0, late: 1 });
  });

  it('ends what is pending when the connection breaks', async () => {
    const rtu = await startRtu({ intercept: () => 'ignore' });
    const { master } = await startMaster(rtu);
    const pending = master.command('single 5000 on');
    await once(rtu, 'request');
    rtu.dropConnections();
    expect(await pending).toMatchObject({ result: 'closed' });
  });
});
