import { Cause, MAX_ASDU_OCTETS, Qrp } from '@iec104mm2ss/iec104';
import { MasterSimulator, type RtuSimulator } from '@iec104mm2ss/simulator';
import { describe, expect, it } from 'vitest';
import {
  hostOf,
  masterAddress,
  Multiplexer,
  oneGroup,
  startMaster,
  startMasters,
  until,
  type Columns,
  type MultiplexerOptions,
  type TestMaster,
} from './harness.js';
import { attempt, RawRtu, startedRawMaster, type RawPeer } from './raw-peer.js';

/** Everything that is neither process information nor end of initialization. */
const answersAt = (master: TestMaster): string[] =>
  master.asdus.filter((asdu) => parseInt(asdu.slice(0, 2), 16) > 40 && !asdu.startsWith('46'));

const hexOf = (value: number, octets: number): string =>
  Array.from({ length: octets }, (_, i) => ((value >>> (8 * i)) & 0xff).toString(16).padStart(2, '0')).join('');

/** An ASDU of CA 47 with one object. */
function asdu(typeId: number, cot: number, ioa: number, element: string, oa = 0): string {
  return hexOf(typeId, 1) + '01' + hexOf(cot, 1) + hexOf(oa, 1) + '2f00' + hexOf(ioa, 3) + element;
}

/** The same ASDU with another cause (P/N included) and OA. */
function answer(request: string, cot: number, oa = parseInt(request.slice(6, 8), 16)): string {
  return request.slice(0, 4) + hexOf(cot, 1) + hexOf(oa, 1) + request.slice(8);
}

const NEGATIVE = 0x40;
/** Masters may come from one address as often as they like. */
const OFTEN: MultiplexerOptions = { limits: { 'connect-burst': 10_000 } };

/** Types and IOAs the RTU was asked for, in order. */
function requestsOf(rtu: RtuSimulator): { typeId: number; ioa: number; oa: number; cot: number }[] {
  const requests: { typeId: number; ioa: number; oa: number; cot: number }[] = [];
  rtu.on('request', ({ asdu: octets }) => {
    const view = Buffer.from(octets);
    requests.push({
      typeId: view.readUInt8(0),
      cot: view.readUInt8(2) & 0x3f,
      oa: view.readUInt8(3),
      ioa: view.readUIntLE(6, 3),
    });
  });
  return requests;
}

async function rawSetUp(
  columns: Columns = {},
  options: MultiplexerOptions = {},
): Promise<{ rtu: RawRtu; mux: Multiplexer; peer: RawPeer; a: RawPeer; b: RawPeer }> {
  const rtu = await RawRtu.start();
  const mux = await Multiplexer.start([{ hosts: hostOf(rtu), ...columns }], options);
  await mux.listening();
  const a = await startedRawMaster(mux.port, 1);
  const b = await startedRawMaster(mux.port, 2);
  const peer = await rtu.started();
  return { rtu, mux, peer, a, b };
}

describe('commands', () => {
  it('of every kind are carried out and answered to their master alone; the result goes to all', async () => {
    const { rtu, mux } = await oneGroup();
    const [sender, ...others] = await startMasters(mux.port, 5);
    if (sender === undefined) throw new Error('five masters');
    const executed: [number, number][] = [];
    rtu.on('executed', (ioa, value) => executed.push([ioa, value]));
    const commands: [string, number][] = [
      ['single 5000 on', 1],
      ['double 5100 on', 2],
      ['step 5200 higher', 1],
      ['normalized 5300 0.5', 0.5],
      ['scaled 5400 -321', -321],
      ['float 5500 12.375', 12.375],
      ['bitstring 5600 16909060', 16909060],
      ['C_SC_TA_1 5001 on', 1],
    ];
    for (const [text, value] of commands) {
      expect(await sender.command(text), text).toMatchObject({
        result: 'positive',
        cause: Cause.ACT_CON,
        terminated: true,
      });
      expect(executed.at(-1), text).toEqual([Number(text.split(' ')[1]), value]);
    }
    await until('the new values everywhere', () => others.every(({ events }) => events.length === commands.length));
    expect(answersAt(sender)).toHaveLength(2 * commands.length);
    for (const other of others) {
      expect(answersAt(other)).toEqual([]);
      expect(other.events.map((event) => parseInt(event.slice(4, 6), 16))).toEqual(commands.map(() => Cause.RETREM));
    }
    rtu.operateLocally(1003, 1);
    await until('a local command told to all', () =>
      [sender, ...others].every(({ events }) => events.at(-1)?.slice(4, 6) === hexOf(Cause.RETLOC, 1)),
    );
  });

  it('carry an OA of the session towards the RTU, and the own OA of the master back', async () => {
    const { peer, a, b, mux } = await rawSetUp();
    const request = asdu(45, Cause.ACT, 5000, '01', 7);
    a.sendI(request);
    await peer.asduCount(1);
    const [oaOfA, oaOfB] = (await mux.group()).masters.map(({ originatorAddress }) => originatorAddress ?? 0);
    expect(oaOfA).not.toBe(oaOfB);
    expect(peer.asdus).toEqual([answer(request, Cause.ACT, oaOfA)]);
    peer.sendI(answer(request, Cause.ACT_CON, oaOfA), answer(request, Cause.ACT_TERM, oaOfA));
    await a.asduCount(3);
    expect(a.asdus.slice(1)).toEqual([answer(request, Cause.ACT_CON), answer(request, Cause.ACT_TERM)]);
    // The next one with another own OA; the RTU answers with OA 0.
    const second = asdu(46, Cause.ACT, 5100, '02', 200);
    b.sendI(second);
    await peer.asduCount(2);
    expect(peer.asdus[1]).toBe(answer(second, Cause.ACT, oaOfB));
    peer.sendI(answer(second, Cause.ACT_CON | NEGATIVE, 0));
    await b.asduCount(2);
    expect(b.asdus[1]).toBe(answer(second, Cause.ACT_CON | NEGATIVE));
    expect(a.asdus).toHaveLength(3);
  });

  it('pass opaque and bit-exact when their type is private, and so do the answers', async () => {
    const { peer, a, b } = await rawSetUp();
    const request = hexOf(200, 1) + '7f' + '06' + '05' + '2f00' + '010203' + 'c0ffee'.repeat(50);
    expect(request.length / 2).toBeLessThanOrEqual(MAX_ASDU_OCTETS);
    a.sendI(request);
    await peer.asduCount(1);
    const oa = parseInt(peer.asdus[0]?.slice(6, 8) ?? '', 16);
    expect(peer.asdus[0]).toBe(answer(request, Cause.ACT, oa));
    peer.sendI(answer(request, Cause.ACT_CON, oa));
    await a.asduCount(2);
    expect(a.asdus[1]).toBe(answer(request, Cause.ACT_CON));
    expect(b.asdus).toHaveLength(1);
  });

  it('an OA rests: the next session does not get that of one that has just left', async () => {
    const { mux } = await oneGroup();
    const oas = new Set<number | null>();
    for (let i = 0; i < 5; i++) {
      const master = await startMaster(mux.port, 1);
      oas.add((await mux.group()).masters[0]?.originatorAddress ?? null);
      await master.testCommand(i);
      await master.close();
      await until('gone', async () => (await mux.group()).masters.length === 0);
    }
    expect(oas.size).toBe(5);
    expect(oas.has(null)).toBe(false);
    expect(oas.has(0)).toBe(false);
  });

  it('who only connects and leaves, however often, takes no OA from anybody', async () => {
    const { mux } = await oneGroup({}, {}, OFTEN);
    const staying = await startMaster(mux.port, 1);
    for (let i = 0; i < 300; i++) expect(await attempt(mux.port, masterAddress(2))).toBe('accepted');
    expect(await staying.testCommand(1)).toMatchObject({ result: 'positive' });
  });

  it('when no OA has rested long enough, a master gets one whose commands were all answered', async () => {
    const { mux } = await oneGroup({}, {}, OFTEN);
    const staying = await startMaster(mux.port, 1);
    for (let i = 0; i < 254; i++) {
      const passing = await startMaster(mux.port, 2);
      await passing.testCommand(i);
      await passing.close();
    }
    await until('all gone', async () => (await mux.group()).masters.length === 1);
    const next = await startMaster(mux.port, 3);
    expect(await next.testCommand(1)).toMatchObject({ result: 'positive' });
    expect(staying.started).toBe(true);
  });

  it('when the RTU may still answer with every OA, a master gets one all the same, and nobody’s answers', async () => {
    const { peer, a, mux } = await rawSetUp({ k: 1_000 }, OFTEN);
    // Each of these leaves a command behind that the RTU has not answered. OAs 1 and 2 are in use.
    for (let i = 0; i < 253; i++) {
      const passing = await startedRawMaster(mux.port, 3);
      passing.sendI(asdu(45, Cause.ACT, 5_000 + i, '01'));
      await peer.asduCount(1 + i);
      passing.close();
    }
    await until('all gone', async () => (await mux.group()).masters.length === 2);
    const next = await startedRawMaster(mux.port, 3);
    const request = asdu(45, Cause.ACT, 4_999, '01');
    next.sendI(request);
    await peer.asduCount(254);
    const oa = parseInt(peer.asdus[253]?.slice(6, 8) ?? '', 16);
    expect(peer.asdus.slice(0, 253).map((sent) => parseInt(sent.slice(6, 8), 16))).toContain(oa);
    // To all who have left, and to the one that has an OA of theirs.
    peer.sendI(...peer.asdus.map((sent) => answer(sent, Cause.ACT_CON)));
    await next.asduCount(2);
    peer.sendI(asdu(1, Cause.SPONT, 1000, '01'));
    await next.asduCount(3);
    expect(next.asdus.slice(1)).toEqual([answer(request, Cause.ACT_CON), asdu(1, Cause.SPONT, 1000, '01')]);
    expect(a.closed).toBe(false);
  });
});

describe('station requests', () => {
  it('clock, counters, read, test and reset are answered to the master that asked', async () => {
    const { rtu, mux } = await oneGroup({}, { endOfInitialization: 'every-start' });
    const asking = await startMaster(mux.port, 1);
    const other = await startMaster(mux.port, 2);
    const target = Date.now() + 3_600_000;
    expect(await asking.clockSync(target)).toMatchObject({ result: 'positive', cause: Cause.ACT_CON });
    expect(Math.abs(rtu.epochMs() - target)).toBeLessThan(5_000);
    const counters = await asking.counters();
    expect(counters).toMatchObject({ result: 'positive', terminated: true });
    expect(counters.answers.filter(({ view }) => view.typeId === 15 || view.typeId === 37)).not.toEqual([]);
    const read = await asking.read(4200);
    expect(read).toMatchObject({ result: 'positive', cause: Cause.REQ });
    expect(read.answers[0]?.view.ioa).toBe(4200);
    expect(await asking.testCommand(0x1234)).toMatchObject({ result: 'positive', cause: Cause.ACT_CON });
    expect(await asking.resetProcess(Qrp.PROCESS_RESET)).toMatchObject({ result: 'positive', cause: Cause.ACT_CON });
    expect(answersAt(asking).length).toBe(1 + 2 + 0 + 1 + 1);
    expect(answersAt(other)).toEqual([]);
    // Process information is for all, requested or not; the RTU's end of initialization after the reset for nobody.
    await until('the same data', () => other.events.length === asking.events.length);
    expect(other.events.some((event) => event.slice(4, 6) === hexOf(Cause.REQ, 1))).toBe(true);
    for (const master of [asking, other]) expect(master.asdus.filter((text) => text.startsWith('46'))).toHaveLength(1);
  });

  it('to the common address of all stations are answered with the real one', async () => {
    const { mux } = await oneGroup();
    const asking = await startMaster(mux.port, 1);
    const other = await startMaster(mux.port, 2);
    const ca = MasterSimulator.BROADCAST_CA;
    const outcome = await asking.interrogate(20, { ca });
    expect(outcome).toMatchObject({ result: 'positive', terminated: true });
    expect(outcome.answers[0]?.view.ca).toBe(47);
    expect((await asking.clockSync(Date.now(), { ca })).result).toBe('positive');
    expect(answersAt(other)).toEqual([]);
  });

  it('interrogations of five masters at once: one at a time at the RTU, ACT_CON and ACT_TERM to each', async () => {
    const { rtu, mux } = await oneGroup({ interrogation: 'originator' }, { oneInterrogationAtATime: true });
    const masters = await startMasters(mux.port, 5);
    const requests = requestsOf(rtu);
    const outcomes = await Promise.all(masters.map((master) => master.interrogate()));
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ result: 'positive', terminated: true });
      // Besides ACT_CON and ACT_TERM, the same data.
      expect(outcome.answers.length).toBe(outcomes[0]?.answers.length);
      expect(outcome.answers.length).toBeGreaterThan(5);
    }
    for (const master of masters) {
      expect(answersAt(master).map((text) => text.slice(4, 6))).toEqual(['07', '0a']);
      expect(master.counts).toMatchObject({ strays: 0, late: 0 });
    }
    expect(requests.length).toBeGreaterThanOrEqual(1);
    expect(requests.length).toBeLessThan(5);
    expect(rtu.counts.refused).toBe(0);

    // Different ones cannot be answered together, but still one at a time.
    requests.length = 0;
    const different = await Promise.all(masters.map((master, i) => master.interrogate(20 + i)));
    expect(different.map(({ result, terminated }) => [result, terminated])).toEqual(
      masters.map(() => ['positive', true]),
    );
    expect(requests).toHaveLength(5);
    expect(rtu.counts.refused).toBe(0);
    const counters = await Promise.all(masters.map((master) => master.counters()));
    expect(counters.map(({ result }) => result)).toEqual(masters.map(() => 'positive'));
    expect(rtu.counts.refused).toBe(0);
  });

  it('an interrogation of a master that left in the middle does not block the others', async () => {
    const { mux, peer, a, b } = await rawSetUp({ interrogation: 'originator' });
    const gi = asdu(100, Cause.ACT, 0, '14');
    a.sendI(gi);
    await peer.asduCount(1);
    const oa = parseInt(peer.asdus[0]?.slice(6, 8) ?? '', 16);
    peer.sendI(answer(gi, Cause.ACT_CON, oa));
    await a.asduCount(2);
    b.sendI(gi);
    await until('waiting', async () => (await mux.metric('mm2ss_commands_total')) === 2);
    a.close();
    await until('gone', async () => (await mux.group()).masters.length === 1);
    expect(peer.asdus).toHaveLength(1);
    peer.sendI(asdu(1, 20, 1000, '01', oa), answer(gi, Cause.ACT_TERM, oa));
    await peer.asduCount(2);
    const second = parseInt(peer.asdus[1]?.slice(6, 8) ?? '', 16);
    peer.sendI(answer(gi, Cause.ACT_CON, second), asdu(1, 20, 1000, '01', second), answer(gi, Cause.ACT_TERM, second));
    await b.asduCount(4);
    expect(b.asdus.slice(1)).toEqual([answer(gi, Cause.ACT_CON), asdu(1, 20, 1000, '01'), answer(gi, Cause.ACT_TERM)]);
  });
});

describe('an RTU that is stopped in the middle of an interrogation, as its only master has left', () => {
  it('keeps the next master waiting for a short time only', async () => {
    const { mux } = await oneGroup({ interrogation: 'all' });
    const leaving = await startedRawMaster(mux.port, 1, { acknowledge: false });
    for (let i = 0; i < 4; i++) leaving.sendI(asdu(100, Cause.ACT, 0, '14'));
    // Nobody acknowledges the objects of the second one: the RTU has no room for all of them.
    await leaving.asduCount(13);
    leaving.close();
    await until('the RTU is being stopped', async () => (await mux.group()).rtu.state !== 'started');
    const next = await startMaster(mux.port, 2);
    expect(await next.interrogate()).toMatchObject({ result: 'positive', terminated: true });
  });
});

describe('select and execute', () => {
  it("another master's select or execute on a selected object is refused and never reaches the RTU", async () => {
    const { rtu, mux } = await oneGroup();
    const [a, b] = await startMasters(mux.port, 2);
    if (a === undefined || b === undefined) throw new Error('two masters');
    const requests = requestsOf(rtu);
    expect((await a.command('double 5107 on', { selectOnly: true })).result).toBe('positive');
    expect(requests).toHaveLength(1);
    const refused = { result: 'negative', cause: Cause.ACT_CON };
    expect(await b.command('double 5107 off', { select: true })).toMatchObject({ ...refused, step: 'select' });
    expect(await b.command('double 5107 off')).toMatchObject({ ...refused, step: 'execute' });
    expect(requests).toHaveLength(1);
    // Other objects are free.
    expect((await b.command('single 5015 on', { select: true })).result).toBe('positive');
    expect((await a.command('double 5107 on')).result).toBe('positive');
    expect(rtu.value(2007)).toBe(2);
    // Executed: free again.
    expect((await b.command('double 5107 off', { select: true })).result).toBe('positive');
    expect(await mux.audit({ outcome: 'refused: selected by another master', select: true })).toMatchObject({
      ioa: 5107,
    });
    expect(await mux.metric('mm2ss_commands_refused_total')).toBe(2);
    expect(a.counts.strays + b.counts.strays).toBe(0);
  });

  it.each(['deselect', 'disconnect', 'time-out'] as const)('a select ends with %s', async (end) => {
    // While the clock jumps nothing is heard of the parts, nor acknowledged.
    const { rtu, mux } = await oneGroup({ t1: 60 }, { selectTimeoutMs: 200 }, { holdMs: 60_000 });
    const [a, b] = await startMasters(mux.port, 2);
    if (a === undefined || b === undefined) throw new Error('two masters');
    const selected = performance.now();
    expect((await a.command('single 5015 on', { selectOnly: true })).result).toBe('positive');
    expect((await b.command('single 5015 on', { select: true })).result).toBe('negative');
    if (end === 'deselect') expect((await a.cancel('single 5015 on')).result).toBe('positive');
    else if (end === 'disconnect') await a.close();
    else mux.moveClock(31_000);
    // The RTU's own select has ended by then as well. What comes at once after the jump may have waited since before it.
    const pauseMs = end === 'deselect' ? 0 : end === 'time-out' ? 700 : 250;
    await until('the RTU has given up', () => performance.now() - selected > pauseMs);
    expect(await b.command('single 5015 on', { select: true })).toMatchObject({ result: 'positive', terminated: true });
    expect(rtu.value(1015)).toBe(1);
  });

  it('a select that the RTU refuses holds nothing', async () => {
    const { peer, a, b } = await rawSetUp();
    const select = asdu(45, Cause.ACT, 5000, '81');
    a.sendI(select);
    await peer.asduCount(1);
    peer.sendI(answer(select, Cause.ACT_CON | NEGATIVE, 1));
    await a.asduCount(2);
    b.sendI(select);
    await peer.asduCount(2);
    expect(b.asdus).toHaveLength(1);
  });

  it('a select that comes from the queue protects its object against what waits behind it', async () => {
    const { peer, a, b, mux } = await rawSetUp();
    const c = await startedRawMaster(mux.port, 3);
    const direct = asdu(45, Cause.ACT, 5000, '01');
    const select = asdu(45, Cause.ACT, 5000, '80');
    const count = (n: number): Promise<void> =>
      until(`${n} commands`, async () => (await mux.metric('mm2ss_commands_total')) === n);
    a.sendI(direct);
    await peer.asduCount(1);
    b.sendI(select);
    await count(2);
    c.sendI(direct);
    await count(3);
    peer.sendI(answer(direct, Cause.ACT_CON, 0), answer(direct, Cause.ACT_TERM, 0));
    await peer.asduCount(2);
    peer.sendI(answer(select, Cause.ACT_CON, 0));
    await b.asduCount(2);
    await c.asduCount(2);
    expect(c.asdus[1]).toBe(answer(direct, Cause.ACT_CON | NEGATIVE));
    expect(peer.asdus).toHaveLength(2);
  });
});

describe('an RTU that answers with OA 0', () => {
  it('identical commands of two masters at once: each gets its own answers', async () => {
    const { rtu, mux } = await oneGroup({}, { oa: 'zero', commandDurationMs: 60 });
    const [a, b, bystander] = await startMasters(mux.port, 3);
    if (a === undefined || b === undefined || bystander === undefined) throw new Error('three masters');
    const requests = requestsOf(rtu);
    const outcomes = await Promise.all([a.command('single 5000 on'), b.command('single 5000 on')]);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ result: 'positive', terminated: true });
    expect(requests).toHaveLength(2);
    for (const master of [a, b]) expect(answersAt(master).map((text) => text.slice(4, 6))).toEqual(['07', '0a']);
    expect(answersAt(bystander)).toEqual([]);
  });

  it('different commands at once, on one object and on several: answers only to the right one', async () => {
    const { mux } = await oneGroup({}, { oa: 'zero', commandDurationMs: 30 });
    const masters = await startMasters(mux.port, 5);
    const texts = ['double 5100 on', 'double 5100 off', 'double 5101 on', 'scaled 5400 5', 'scaled 5400 6'];
    const outcomes = await Promise.all(masters.map((master, i) => master.command(texts[i] ?? '')));
    expect(outcomes.map(({ result, terminated }) => [result, terminated])).toEqual(texts.map(() => ['positive', true]));
    for (const master of masters) {
      expect(answersAt(master)).toHaveLength(2);
      expect(master.counts).toMatchObject({ strays: 0, late: 0 });
    }
  });

  it('one that refuses and one that accepts are not mixed up', async () => {
    const { peer, a, b, mux } = await rawSetUp();
    const on = asdu(45, Cause.ACT, 5000, '01');
    const off = asdu(45, Cause.ACT, 5001, '00');
    a.sendI(on);
    await peer.asduCount(1);
    b.sendI(off);
    await peer.asduCount(2);
    peer.sendI(answer(off, Cause.ACT_CON, 0), answer(on, Cause.ACT_CON | NEGATIVE, 0), answer(off, Cause.ACT_TERM, 0));
    await a.asduCount(2);
    await b.asduCount(3);
    expect(a.asdus[1]).toBe(answer(on, Cause.ACT_CON | NEGATIVE));
    expect(b.asdus.slice(1)).toEqual([answer(off, Cause.ACT_CON), answer(off, Cause.ACT_TERM)]);
    expect(await mux.metric('mm2ss_router_unmatched_answers_total')).toBe(0);
  });
});

describe('refusals', () => {
  it('process information from a master: COT 44 to it, nothing to the RTU or to other masters', async () => {
    const { peer, a, b, mux } = await rawSetUp();
    const types = [1, 2, 9, 13, 30, 36, 40, 41, 44, 70];
    for (const type of types) a.sendI(asdu(type, Cause.SPONT, 1000, '01', 3));
    await a.asduCount(1 + types.length);
    expect(a.asdus.slice(1)).toEqual(
      types.map((type) => answer(asdu(type, Cause.SPONT, 1000, '01', 3), Cause.UNKNOWN_TYPE | NEGATIVE)),
    );
    b.sendI(asdu(102, Cause.REQ, 1000, ''));
    await peer.asduCount(1);
    expect(peer.asdus[0]?.slice(0, 2)).toBe('66');
    expect(b.asdus).toHaveLength(1);
    expect(await mux.metric('mm2ss_commands_refused_total')).toBe(types.length);
  });

  it('a command that cannot reach the RTU in 5 s is refused, and never executed afterwards', async () => {
    // Group 1: the RTU stops acknowledging, so k closes. Group 2: the RTU never confirms STARTDT.
    const deaf = await RawRtu.start({ acknowledge: false });
    const mute = await RawRtu.start({ confirm: false });
    const mux = await Multiplexer.start([
      { hosts: hostOf(deaf), k: 12 },
      { hosts: hostOf(mute), k: 12 },
    ]);
    await mux.listening('1');
    await mux.listening('2');
    const atDeaf = await startedRawMaster(mux.ports[0] as number, 1);
    const atMute = await startedRawMaster(mux.ports[1] as number, 1);
    await deaf.started();
    for (let i = 0; i < 12; i++) atDeaf.sendI(asdu(45, Cause.ACT, 5000 + i, '01'));
    await deaf.peer.asduCount(12);
    const late = asdu(46, Cause.ACT, 5100, '02', 9);
    const sentAt = performance.now();
    atDeaf.sendI(late);
    atMute.sendI(late);
    for (const [master, id] of [
      [atDeaf, '1'],
      [atMute, '2'],
    ] as const) {
      await master.asduCount(2);
      expect(master.asdus[1]).toBe(answer(late, Cause.ACT_CON | NEGATIVE));
      const waited = (master.received.at(-1)?.at ?? 0) - sentAt;
      expect(waited).toBeGreaterThan(4_700);
      expect(waited).toBeLessThan(6_500);
      const record = await mux.audit({ group: id, type: 'C_DC_NA_1' });
      expect(record['outcome']).toBe('refused: expired');
      expect(record['durationMs']).toBeGreaterThan(4_700);
    }
    expect(await mux.metric('mm2ss_rtu_commands_not_sent_total')).toBe(1);
    expect(await mux.metric('mm2ss_rtu_commands_not_sent_total', { group: '2' })).toBe(1);

    // The windows open: what is sent now is new.
    deaf.peer.sendS();
    mute.peer.sendU(0x0b);
    const next = asdu(46, Cause.ACT, 5101, '01');
    atDeaf.sendI(next);
    atMute.sendI(next);
    await deaf.peer.asduCount(13);
    await mute.peer.asduCount(1);
    expect(deaf.peer.asdus[12]?.slice(8)).toBe(next.slice(8));
    expect(mute.peer.asdus[0]?.slice(8)).toBe(next.slice(8));
  });

  it('more commands than may wait, of one master or of all, are refused at once; the others wait their turn', async () => {
    const { peer, a, b, mux } = await rawSetUp({ k: 12, 'cmd rate': 10_000, 'cmd burst': 10_000 });
    peer.acknowledge = false;
    const commands = (from: number, count: number): string[] =>
      Array.from({ length: count }, (_, i) => asdu(45, Cause.ACT, from + i, '01'));
    const [ofA, ofB] = [commands(5_000, 1_050), commands(7_000, 30)];
    const refused = (requests: readonly string[]): string[] =>
      requests.map((text) => answer(text, Cause.ACT_CON | NEGATIVE));
    const inPieces = (master: RawPeer, requests: readonly string[]): void => {
      for (let i = 0; i < requests.length; i += 10) master.sendI(...requests.slice(i, i + 10));
    };
    // A thousand of one master: twelve in the window of the RTU, 988 waiting.
    inPieces(a, ofA);
    await a.asduCount(1 + 50);
    expect(a.asdus.slice(1)).toEqual(refused(ofA.slice(1_000)));
    expect(await mux.metric('mm2ss_rtu_commands_waiting')).toBe(988);
    // A thousand waiting of all.
    inPieces(b, ofB);
    await b.asduCount(1 + 18);
    expect(b.asdus.slice(1)).toEqual(refused(ofB.slice(12)));
    expect(await mux.metric('mm2ss_rtu_commands_waiting')).toBe(1_000);
    await until('an audit record of each', () => mux.audits.length === 68);
    expect(mux.audits.map(({ outcome }) => outcome)).toEqual(Array(68).fill('refused: too many commands waiting'));
    peer.acknowledge = true;
    peer.sendS();
    await peer.asduCount(1_012);
    const objects = (requests: readonly string[]): string[] => requests.map((text) => text.slice(8));
    expect(objects(peer.asdus)).toEqual(objects([...ofA.slice(0, 1_000), ...ofB.slice(0, 12)]));
  });

  it('COT 44 to 47 of the RTU go to the sender only', async () => {
    const { rtu, mux } = await oneGroup();
    const [sender, other] = await startMasters(mux.port, 2);
    if (sender === undefined || other === undefined) throw new Error('two masters');
    const refusals: [string, number][] = [
      [asdu(200, Cause.ACT, 1, 'aabb'), Cause.UNKNOWN_TYPE],
      [asdu(45, Cause.DEACT_CON, 5000, '01'), Cause.UNKNOWN_CAUSE],
      [asdu(45, Cause.ACT, 5000, '01').replace('2f00', '3000'), Cause.UNKNOWN_CA],
      [asdu(45, Cause.ACT, 999, '01'), Cause.UNKNOWN_IOA],
      [asdu(102, Cause.REQ, 998, ''), Cause.UNKNOWN_IOA],
    ];
    for (const [request, cause] of refusals) {
      const before = sender.asdus.length;
      sender.send(Buffer.from(request, 'hex'));
      await until(`COT ${cause}`, () => sender.asdus.length > before);
      expect(sender.asdus.at(-1)).toBe(answer(request, cause | NEGATIVE));
    }
    rtu.setValue(1000, 1);
    await until('an event behind it', () => other.events.length === 1);
    expect(answersAt(other)).toEqual([]);
    expect(await mux.metric('mm2ss_router_unmatched_answers_total')).toBe(0);
  });

  it('answers that match nothing reach nobody, and are counted and logged', async () => {
    const { peer, a, b, mux } = await rawSetUp();
    const request = asdu(45, Cause.ACT, 5000, '01');
    a.sendI(request);
    await peer.asduCount(1);
    const stray = [
      asdu(45, Cause.ACT_CON, 5001, '01'), // nobody asked
      asdu(46, Cause.ACT_CON, 5000, '01'), // another type
      answer(request, Cause.ACT_CON, 0).replace('2f00', '3000'), // another station
      asdu(100, Cause.ACT_TERM, 0, '14'),
      asdu(103, Cause.ACT_CON, 0, '00000000000000'),
    ];
    peer.sendI(
      ...stray,
      answer(request, Cause.ACT_CON, 0),
      answer(request, Cause.ACT_TERM, 0),
      answer(request, Cause.ACT_TERM, 0),
    );
    peer.sendI(asdu(1, Cause.SPONT, 1000, '01'));
    for (const master of [a, b]) await until('the event', () => master.asdus.at(-1)?.startsWith('0101') === true);
    // What is said twice is its own twice.
    const twice = answer(request, Cause.ACT_TERM);
    expect(a.asdus.slice(1, -1)).toEqual([answer(request, Cause.ACT_CON), twice, twice]);
    expect(b.asdus.slice(1, -1)).toEqual([]);
    expect(await mux.metric('mm2ss_router_unmatched_answers_total')).toBe(stray.length);
    // One line for each type and cause.
    expect(mux.lines.filter(({ msg }) => msg.includes('belongs to no command'))).toHaveLength(stray.length - 1);
  });
});

describe('masters that leave', () => {
  it('what still comes for them reaches nobody, not even their next connection', async () => {
    const { peer, a, b, mux } = await rawSetUp();
    const request = asdu(45, Cause.ACT, 5000, '01');
    a.sendI(request);
    await peer.asduCount(1);
    const oa = parseInt(peer.asdus[0]?.slice(6, 8) ?? '', 16);
    peer.sendI(answer(request, Cause.ACT_CON, oa));
    await a.asduCount(2);
    a.close();
    await until('gone', async () => (await mux.group()).masters.length === 1);
    const again = await startedRawMaster(mux.port, 1);
    peer.sendI(answer(request, Cause.ACT_TERM, oa), asdu(1, Cause.SPONT, 1000, '01'));
    await again.asduCount(2);
    await b.asduCount(2);
    expect(again.asdus.slice(1)).toEqual([asdu(1, Cause.SPONT, 1000, '01')]);
    expect(b.asdus.slice(1)).toEqual([asdu(1, Cause.SPONT, 1000, '01')]);
    expect(await mux.metric('mm2ss_router_not_forwarded_total')).toBe(1);
  });

  it('still leave an audit record of each command that may have been executed', async () => {
    const { peer, a, mux } = await rawSetUp();
    const request = asdu(45, Cause.ACT, 5000, '01');
    a.sendI(request);
    await peer.asduCount(1);
    const source = `127.0.0.11:${a.socket.localPort}`;
    a.close();
    await until('gone', async () => (await mux.group()).masters.length === 1);
    peer.sendI(answer(request, Cause.ACT_CON, 0), answer(request, Cause.ACT_TERM, 0));
    expect(await mux.audit({ ioa: 5000, type: 'C_SC_NA_1' })).toMatchObject({ peer: source });
  });
});

describe('file transfer', () => {
  it('belongs to the session that began it', async () => {
    const { peer, a, b, mux } = await rawSetUp();
    const call = asdu(122, Cause.FILE, 300, '0100' + '00' + '01');
    const ready = asdu(120, Cause.FILE, 300, '0100' + '100000' + '00');
    const segment = asdu(125, Cause.FILE, 300, '0100' + '01' + '04' + 'deadbeef');
    a.sendI(call);
    await peer.asduCount(1);
    expect(peer.asdus[0]?.slice(8)).toBe(call.slice(8));
    peer.sendI(ready, segment);
    await a.asduCount(3);
    expect(a.asdus.slice(1)).toEqual([ready, segment]);

    b.sendI(call);
    await b.asduCount(2);
    expect(b.asdus[1]).toBe(answer(call, Cause.FILE | NEGATIVE));
    expect(peer.asdus).toHaveLength(1);
    // Another file is free.
    const other = asdu(122, Cause.FILE, 301, '0100' + '00' + '01');
    b.sendI(other);
    await peer.asduCount(2);
    peer.sendI(asdu(120, Cause.FILE, 301, '0100' + '100000' + '00'));
    await b.asduCount(3);

    a.close();
    await until('gone', async () => (await mux.group()).masters.length === 1);
    peer.sendI(segment, asdu(1, Cause.SPONT, 1000, '01'));
    await b.asduCount(4);
    expect(b.asdus[3]).toBe(asdu(1, Cause.SPONT, 1000, '01'));
    b.sendI(call);
    await peer.asduCount(3);
    peer.sendI(ready);
    await b.asduCount(5);
    expect(b.asdus[4]).toBe(ready);
  });
});

describe('audit', () => {
  it('one record per command: who, what, when, outcome and duration, on the bus and in the log', async () => {
    const { mux } = await oneGroup({ masters: 'North=127.0.0.11' }, { commandDurationMs: 80 });
    const master = await startMaster(mux.port, 1, { oa: 5 });
    const from = Date.now();
    await master.command('double 5100 on', { select: true });
    await master.command('float 5599 1.5');
    await master.interrogate();
    await master.read(4200);
    await until('five records', () => mux.audits.length === 5);
    const [select, execute, unknown, interrogation, read] = mux.audits;
    const peer = master.localEndpoint;
    const common = { group: '1', peer, name: 'North', certificateName: null, cause: 'ACT', ca: 47 };
    expect(select).toMatchObject({ ...common, type: 'C_DC_NA_1', ioa: 5100, select: true, outcome: 'selected' });
    expect(execute).toMatchObject({ ...common, type: 'C_DC_NA_1', ioa: 5100, select: false, outcome: 'terminated' });
    expect(execute?.['objects']).toEqual([expect.objectContaining({ ioa: 5100, value: expect.anything() })]);
    expect(execute?.['durationMs']).toBeGreaterThanOrEqual(75);
    expect(execute?.['durationMs']).toBeLessThan(2_000);
    expect(unknown).toMatchObject({ ...common, type: 'C_SE_NC_1', ioa: 5599, outcome: 'refused (COT 47)' });
    expect(interrogation).toMatchObject({ ...common, type: 'C_IC_NA_1', outcome: 'terminated' });
    expect(read).toMatchObject({ ...common, type: 'C_RD_NA_1', cause: 'REQ', ioa: 4200, outcome: 'answered' });
    for (const record of mux.audits) {
      const at = Date.parse(String(record['at']));
      // Counted back from the outcome, so a millisecond may be rounded away.
      expect(at).toBeGreaterThanOrEqual(from - 1);
      expect(at).toBeLessThanOrEqual(Date.now());
    }
    const lines = mux.lines.filter(({ msg }) => msg.startsWith('command '));
    expect(lines.map(({ msg, type, ioa, durationMs }) => [msg, type, ioa, durationMs])).toEqual(
      mux.audits.map((record) => [
        `command ${String(record['outcome'])}`,
        record['type'],
        record['ioa'],
        record['durationMs'],
      ]),
    );
    expect(lines[0]).toMatchObject({ group: '1', peer, direction: 'control', cot: Cause.ACT, ca: 47 });
  });

  it('a command under way when the RTU is lost', async () => {
    const { rtu, mux } = await oneGroup({}, { intercept: () => 'ignore' });
    const master = await startMaster(mux.port, 1);
    const outcome = master.command('single 5000 on');
    await until('at the RTU', () => rtu.counts.requests === 1);
    rtu.dropConnections();
    expect((await outcome).result).not.toBe('positive');
    // Nobody knows whether the RTU has carried it out.
    expect(String((await mux.audit({ ioa: 5000 }))['outcome'])).toMatch(/^unknown/);
    expect(await mux.metric('mm2ss_commands_refused_total')).toBe(0);
  });
});
