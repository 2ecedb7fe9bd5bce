import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { Cause, TypeId } from '@iec104mm2ss/iec104';
import { MasterSimulator, type ReceivedAsdu, RtuSimulator } from '../index.js';
import type { FaultChanges } from './faults.js';

const CA = 47;
const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

async function stations(
  faults: FaultChanges = {},
  oa = 0,
): Promise<{ rtu: RtuSimulator; master: MasterSimulator; got: ReceivedAsdu[] }> {
  const rtu = new RtuSimulator({ ca: CA, endOfInitialization: 'never', faults });
  open.push(rtu);
  await rtu.start();
  const master = new MasterSimulator({ ...rtu.address, ca: CA, oa, link: { t1Ms: 300, t2Ms: 100, t3Ms: 250 } });
  open.push(master);
  const got: ReceivedAsdu[] = [];
  master.on('asdu', (asdu) => got.push(asdu));
  await master.connect();
  return { rtu, master, got };
}

const header = ({ view }: ReceivedAsdu): number[] => [view.typeId, view.cot];

describe('faults on demand', () => {
  it('delay answers, in order, and not events', async () => {
    const { rtu, master, got } = await stations({ delayMs: 150 });
    const begin = performance.now();
    const outcome = master.interrogate();
    rtu.setValue(1000, 1);
    expect(await outcome).toMatchObject({ result: 'positive', terminated: true });
    expect(performance.now() - begin).toBeGreaterThan(140);
    expect(header(got[0]!)).toEqual([TypeId.M_SP_TB_1, Cause.SPONT]);
    expect(header(got.at(-1)!)).toEqual([TypeId.C_IC_NA_1, Cause.ACT_TERM]);
  });

  it('keep the order of answers when the delay ends', async () => {
    const { rtu, master, got } = await stations({ delayMs: 100 });
    const first = master.testCommand(1);
    await once(rtu, 'request');
    rtu.setFaults({ delayMs: 0 });
    await Promise.all([first, master.clockSync()]);
    expect(got.map(({ view }) => view.typeId)).toEqual([TypeId.C_TS_TA_1, TypeId.C_CS_NA_1]);
  });

  it('ignore and refuse requests by type', async () => {
    const { rtu, master } = await stations({ ignoreTypes: [102], refuseTypes: [45, 100] });
    expect(await master.read(1000, { timeoutMs: 50 })).toMatchObject({ result: 'timeout' });
    expect(await master.command('single 5000 on')).toMatchObject({ result: 'negative', cause: Cause.ACT_CON });
    expect(await master.interrogate()).toMatchObject({ result: 'negative' });
    rtu.setFaults({ ignoreTypes: [], refuseTypes: [] });
    expect(await master.command('single 5000 on')).toMatchObject({ result: 'positive' });
    expect(rtu.counts).toMatchObject({ ignored: 1, refused: 2 });
  });

  it('stall the acknowledgement until it ends', async () => {
    const { rtu, master } = await stations({ stallAcknowledgement: true });
    master.send(Uint8Array.from([103, 1, 6, 0, CA, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    const [reason] = await once(master, 'disconnected');
    expect((reason as { code: string }).code).toBe('LINK_T1_I');
    rtu.setFaults({ stallAcknowledgement: false });
    await master.connect();
    expect(await master.testCommand()).toMatchObject({ result: 'positive' });
  });

  it('let connections half open: the master notices by t1, the RTU does not', async () => {
    const { rtu, master } = await stations();
    rtu.setFaults({ halfOpen: true });
    const [reason] = await once(master, 'disconnected');
    expect((reason as { code: string }).code).toMatch(/^LINK_T1/);
    expect(rtu.connections).toHaveLength(1);
    rtu.setFaults({ halfOpen: false });
    await master.connect();
    expect(await master.testCommand()).toMatchObject({ result: 'positive' });
  });

  it('break connections, again and again', async () => {
    const { rtu, master } = await stations();
    rtu.setFaults({ flapMs: 30 });
    const dropped = once(rtu, 'disconnected');
    await once(master, 'disconnected');
    await dropped;
    master.connect().catch(() => undefined);
    await once(rtu, 'disconnected');
    rtu.setFaults({ flapMs: 0 });
    await expect.poll(() => rtu.connections.length).toBe(0);
    await expect.poll(() => master.connected).toBe(false);
    await master.connect();
    expect(await master.testCommand()).toMatchObject({ result: 'positive' });
  });

  it('send a wrong sequence number, for which a master closes the connection', async () => {
    const { rtu, master } = await stations();
    rtu.sendWrongSequence();
    const [reason] = await once(master, 'disconnected');
    expect((reason as { code: string }).code).toBe('LINK_SEQUENCE');
  });

  it('leave out ACT_TERM, or ACT_CON', async () => {
    const { rtu, master, got } = await stations({ noActTerm: true });
    await master.command('single 5000 on', { timeoutMs: 50 });
    await master.interrogate(20, { timeoutMs: 50 });
    expect(got.filter(({ view }) => view.cot === Cause.ACT_TERM)).toEqual([]);
    expect(got.filter(({ view }) => view.cot === Cause.ACT_CON)).toHaveLength(2);
    got.length = 0;
    rtu.setFaults({ noActTerm: false, noActCon: true });
    await master.command('single 5000 on', { timeoutMs: 50 });
    expect(got.map(({ view }) => view.cot)).toEqual([Cause.RETREM, Cause.ACT_TERM]);
  });

  it.each([
    ['mirror', [9, 0]],
    ['zero', [0, 0]],
    ['last', [9, 9]],
  ] as const)('answer with OA %s', async (oa, expected) => {
    const { rtu, master, got } = await stations({ oa }, 9);
    await master.testCommand();
    rtu.setValue(1000, 1);
    await once(master, 'asdu');
    expect(got.map(({ view }) => view.oa)).toEqual(expected);
  });

  it('mark time tags invalid, and give interrogated objects another cause', async () => {
    const { rtu, master, got } = await stations({ invalidTime: true, interrogationCause: 37 });
    rtu.setValue(1000, 1);
    await master.interrogate();
    expect(got[0]?.decode()).toMatchObject({ objects: [{ time: { iv: true } }] });
    expect(new Set(got.slice(1).map(({ view }) => view.cot))).toEqual(new Set([Cause.ACT_CON, 37, Cause.ACT_TERM]));
  });

  it('echo the broadcast address', async () => {
    const { master, got } = await stations({ echoBroadcast: true });
    master.send(Uint8Array.from([100, 1, 6, 0, 0xff, 0xff, 0, 0, 0, 20]));
    await once(master, 'asdu');
    expect(got[0]?.view.ca).toBe(65535);
  });
});
