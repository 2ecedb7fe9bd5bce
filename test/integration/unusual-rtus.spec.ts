/** RTUs that do not answer as the standard has it, and masters that ask such RTUs: nothing is lost, nothing goes astray. */
import { AsduView, Cause, interrogation, mirror, setpointFloat, singleCommand } from '@iec104mm2ss/iec104';
import { describe, expect, it } from 'vitest';
import { type Columns, hostOf, masterAddress, Multiplexer, until } from './harness.js';
import { rawMaster, RawRtu, startedRawMaster, type RawPeer } from './raw-peer.js';

const NEGATIVE = 0x40;
const CA = 47;
const GI = interrogation(CA);
const command = (ioa: number, value = true): Uint8Array => singleCommand(CA, ioa, value);
const object = (cot: number, ioa: number, oa = 0): Uint8Array => asdu(1, cot, ioa, [1], oa);

function asdu(typeId: number, cot: number, ioa: number, element: readonly number[], oa = 0): Uint8Array {
  return Uint8Array.of(typeId, 1, cot, oa, CA, 0, ioa & 0xff, ioa >> 8, 0, ...element);
}

interface Changes {
  readonly oa?: number;
  readonly negative?: boolean;
  /** Octets from the ninth on. */
  readonly element?: readonly number[];
}

function answer(request: Uint8Array, cause: number, { oa = 0, negative = false, element }: Changes = {}): Uint8Array {
  const octets = mirror(request, cause, negative);
  octets[3] = oa;
  if (element !== undefined) octets.set(element, 9);
  return octets;
}

/** Answers a request, which came at the RTU's end of the link. */
type Behaviour = (request: AsduView, say: (...asdus: Uint8Array[]) => void) => void;

/** An RTU with this behaviour, and so many masters that have data transfer started. */
async function setUp(behave: Behaviour, masters = 2, columns: Columns = {}) {
  const rtu = await RawRtu.start();
  rtu.onConnection = (peer) => {
    peer.onApdu = ({ format, asdu: hex }) => {
      if (format === 'I') behave(new AsduView(Buffer.from(hex, 'hex')), (...asdus) => peer.sendI(...asdus));
    };
  };
  const mux = await Multiplexer.start([{ hosts: hostOf(rtu), ...columns }]);
  await mux.listening();
  const peers: RawPeer[] = [];
  for (let n = 1; n <= masters; n++) peers.push(await startedRawMaster(mux.port, n));
  const [a, b] = peers as [RawPeer, RawPeer];
  return { rtu, mux, peer: await rtu.started(), a, b };
}

/** What a master has got, without its end of initialization: TypeID, cause with P/N, IOA. */
const got = (master: RawPeer, typeId?: number): string[] =>
  master.asdus.flatMap((hex) => {
    const view = new AsduView(Buffer.from(hex, 'hex'));
    if (view.typeId === 70 || (typeId !== undefined && view.typeId !== typeId)) return [];
    return [`${view.typeId} cot ${view.cot}${view.negative ? ' negative' : ''} ioa ${view.ioa}`];
  });

const has = (master: RawPeer, what: string, times = 1): Promise<void> =>
  until(
    `${what}, ${JSON.stringify(got(master))} so far`,
    () => got(master).filter((each) => each === what).length >= times,
  );

const msSince = (start: number): number => performance.now() - start;

describe('the cause decides what an ASDU is', () => {
  const unasked: [string, Uint8Array][] = [
    ['a private type, spontaneous', asdu(136, Cause.SPONT, 9, [1, 2, 3])],
    ['a private type, cyclic', asdu(200, Cause.PERCYC, 9, [1, 2, 3])],
    ['a private type in an interrogation', asdu(135, Cause.INROGEN, 9, [1, 2, 3])],
    ['type 41 in a counter interrogation', asdu(41, Cause.REQCOGEN, 9, [1, 2, 3, 4, 5])],
    ['a reserved type', asdu(77, Cause.BACK, 9, [1])],
    ['a set point that was changed at the station', asdu(50, Cause.RETLOC, 9, [0, 0, 0, 0, 0])],
    ['a set point in an interrogation', asdu(50, Cause.INROGEN, 9, [0, 0, 0, 0, 0])],
    ['a parameter in an interrogation', asdu(112, Cause.INROGEN, 9, [0, 0, 0, 0, 1])],
    ['a directory, spontaneous', asdu(126, Cause.SPONT, 9, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
  ];

  it('what the RTU says of its own goes to all, unchanged, whatever its type', async () => {
    const { peer, a, b } = await setUp(() => undefined);
    peer.sendI(...unasked.map(([, octets]) => octets));
    for (const master of [a, b]) {
      await master.asduCount(1 + unasked.length);
      expect(master.asdus.slice(1)).toEqual(unasked.map(([, octets]) => Buffer.from(octets).toString('hex')));
    }
  });

  it('an answer to nobody reaches nobody, and is counted and logged with its octets', async () => {
    const { peer, mux, a, b } = await setUp(() => undefined);
    const stray = answer(command(500), Cause.ACT_CON);
    for (let i = 0; i < 20; i++) peer.sendI(stray);
    peer.sendI(object(Cause.SPONT, 1));
    for (const master of [a, b]) await has(master, '1 cot 3 ioa 1');
    expect([got(a), got(b)]).toEqual([['1 cot 3 ioa 1'], ['1 cot 3 ioa 1']]);
    expect(await mux.metric('mm2ss_router_unmatched_answers_total')).toBe(20);
    const lines = mux.lines.filter(({ msg }) => msg.includes('belongs to no command'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ level: 'warn', octets: Buffer.from(stray).toString('hex') });
  });
});

describe('who asked is found by what is answered', () => {
  it('by an RTU that writes the OA it saw last into everything; no OA of ours is seen in data', async () => {
    let lastOa = 0;
    const { peer, mux, a, b } = await setUp((request, say) => {
      lastOa = request.oa;
      say(answer(request.octets, Cause.ACT_CON, { oa: lastOa }));
      if (request.typeId !== 100) say(answer(request.octets, Cause.ACT_TERM, { oa: lastOa }));
    });
    for (const [index, master] of [a, b, a, b].entries()) {
      master.sendI(command(500 + index));
      await has(master, `45 cot 10 ioa ${500 + index}`);
    }
    a.sendI(GI);
    await has(a, '100 cot 7 ioa 0');
    b.sendI(command(600));
    await has(b, '45 cot 10 ioa 600');
    peer.sendI(
      object(Cause.INROGEN, 1, lastOa),
      object(Cause.SPONT, 2, lastOa),
      answer(GI, Cause.ACT_TERM, { oa: lastOa }),
    );
    await has(a, '100 cot 10 ioa 0');
    await has(b, '1 cot 3 ioa 2');
    expect(got(b, 100)).toEqual([]);
    expect(got(a, 45)).toHaveLength(4);
    for (const master of [a, b])
      expect(master.asdus.map((hex) => hex.slice(6, 8))).toEqual(master.asdus.map(() => '00'));
    // Contradicted: known from now on, also over a link break.
    expect((await mux.group()).rtu.habits).toMatchObject({ originatorAddress: 'opaque' });
    peer.close();
    await until('a new link', async () => (await mux.group()).rtu.linkEpoch === 2);
    expect((await mux.group()).rtu.habits).toMatchObject({
      originatorAddress: 'opaque',
      terminates: ['C_SC_NA_1', 'C_IC_NA_1'],
    });
  });
});

describe('an unambiguous answer is delivered', () => {
  it('without its qualifier, or with the value the station has limited it to', async () => {
    const { a, b } = await setUp((request, say) => {
      const element = request.typeId === 45 ? [(request.octets[9] as number) & 0x83] : [0, 0, 0xc7, 0x42];
      say(answer(request.octets, Cause.ACT_CON, { element }), answer(request.octets, Cause.ACT_TERM, { element }));
    });
    a.sendI(singleCommand(CA, 500, true, { qualifier: 1 }), setpointFloat(CA, 700, 120));
    await has(a, '50 cot 10 ioa 700');
    b.sendI(singleCommand(CA, 500, true, { qualifier: 2 }));
    await has(b, '45 cot 10 ioa 500');
    expect(got(a)).toEqual(['45 cot 7 ioa 500', '45 cot 10 ioa 500', '50 cot 7 ioa 700', '50 cot 10 ioa 700']);
    expect(got(b)).toEqual(['45 cot 7 ioa 500', '45 cot 10 ioa 500']);
  });

  it('that is an ACT_TERM only, of commands and interrogations', async () => {
    const { a, b, mux } = await setUp((request, say) => {
      if (request.typeId === 100) say(object(Cause.INROGEN, 1));
      say(answer(request.octets, Cause.ACT_TERM));
    });
    const start = performance.now();
    for (const master of [a, b]) {
      master.sendI(GI, command(500));
      await has(master, '100 cot 10 ioa 0');
      await has(master, '45 cot 10 ioa 500');
    }
    expect(msSince(start)).toBeLessThan(3_000);
    expect(got(a, 100)).toHaveLength(1);
    expect((await mux.group()).rtu.habits).toMatchObject({ doesNotConfirm: ['C_IC_NA_1', 'C_SC_NA_1'] });
  });

  it('that comes after 12 s', async () => {
    const { a, b, peer } = await setUp(() => undefined);
    a.sendI(command(500));
    await new Promise((resolve) => setTimeout(resolve, 12_000));
    peer.sendI(answer(command(500), Cause.ACT_CON), answer(command(500), Cause.ACT_TERM));
    await has(a, '45 cot 10 ioa 500');
    expect(got(a)).toEqual(['45 cot 7 ioa 500', '45 cot 10 ioa 500']);
    expect(got(b)).toEqual([]);
  });
});

describe('an answer that does not say what it is about', () => {
  const elsewhere = singleCommand(99, 500, true);
  const secret = (ioa: number): Uint8Array => asdu(136, Cause.ACT, ioa, [1]);
  /** A command, what the RTU says to it, how its master sees that, and a command that this could as well be an answer to. */
  const cases: [string, Uint8Array, Uint8Array, string, Uint8Array][] = [
    [
      'refused, IOA 0',
      command(500),
      asdu(45, Cause.UNKNOWN_IOA | NEGATIVE, 0, [1]),
      '45 cot 47 negative ioa 0',
      command(501),
    ],
    [
      'refused, no object',
      command(500),
      asdu(45, Cause.UNKNOWN_CAUSE, 0, []).subarray(0, 6),
      '45 cot 45 ioa undefined',
      command(501),
    ],
    ['confirmed, IOA 0', command(500), asdu(45, Cause.ACT_CON, 0, [0]), '45 cot 7 ioa 0', command(501)],
    [
      'its own CA',
      elsewhere,
      asdu(45, Cause.UNKNOWN_CA | NEGATIVE, 500, [1]),
      '45 cot 46 negative ioa 500',
      command(500),
    ],
    [
      'another type',
      command(500),
      asdu(46, Cause.UNKNOWN_TYPE | NEGATIVE, 500, [1]),
      '46 cot 44 negative ioa 500',
      secret(500),
    ],
    [
      'a monitor type',
      command(500),
      asdu(1, Cause.UNKNOWN_TYPE | NEGATIVE, 500, [1]),
      '1 cot 44 negative ioa 500',
      secret(500),
    ],
    ['private types', secret(500), asdu(137, Cause.ACT_CON, 501, [9]), '137 cot 7 ioa 501', secret(502)],
  ];

  it.each(cases)('reaches the master whose command it can only be to (%s)', async (_name, request, said, expected) => {
    const { a, b, mux } = await setUp((_request, say) => say(said));
    a.sendI(request);
    await has(a, expected);
    expect(got(b)).toEqual([]);
    expect(await mux.metric('mm2ss_router_unmatched_answers_total')).toBe(0);
  });

  it.each(cases)(
    'reaches nobody when it may be to another master’s, and is counted and logged (%s)',
    async (_name, request, said, _expected, rival) => {
      const { a, b, mux, peer } = await setUp(() => undefined);
      a.sendI(request);
      b.sendI(rival);
      await peer.asduCount(2);
      peer.sendI(said, object(Cause.SPONT, 1));
      for (const master of [a, b]) await has(master, '1 cot 3 ioa 1');
      expect([got(a), got(b)]).toEqual([['1 cot 3 ioa 1'], ['1 cot 3 ioa 1']]);
      expect(await mux.metric('mm2ss_router_unmatched_answers_total')).toBe(1);
      await mux.logged({ msg: 'may be to commands of several masters' });
      expect(await mux.metric('mm2ss_router_not_forwarded_reasons_total', { reason: 'several_masters' })).toBe(1);
    },
  );
});

describe('interrogations', () => {
  it('without ACT_TERM, deactivated with COT 7, or of counters that are frozen: the next one need not wait long', async () => {
    const { a, b } = await setUp((request, say) => {
      // A deactivation looks like an activation to it.
      say(answer(request.octets, Cause.ACT_CON));
      if (request.cot === Cause.DEACT) say(answer(request.octets, Cause.ACT_TERM));
    });
    a.sendI(GI);
    await has(a, '100 cot 7 ioa 0');
    a.sendI(interrogation(CA, 20, { cot: Cause.DEACT }));
    await has(a, '100 cot 10 ioa 0');
    let start = performance.now();
    b.sendI(GI);
    await has(b, '100 cot 7 ioa 0');
    expect(msSince(start)).toBeLessThan(1_000);
    start = performance.now();
    a.sendI(GI);
    await has(a, '100 cot 7 ioa 0', 3);
    expect(msSince(start)).toBeLessThan(5_000);

    const counters = (frz: number): Uint8Array => asdu(101, Cause.ACT, 0, [(frz << 6) | 5]);
    start = performance.now();
    a.sendI(counters(1));
    a.sendI(counters(0));
    await has(a, '101 cot 7 ioa 0', 2);
    expect(msSince(start), 'of one master at once').toBeLessThan(1_000);
    b.sendI(counters(1));
    await has(b, '101 cot 7 ioa 0');
    expect(msSince(start)).toBeLessThan(5_000);
  });

  it('of a station that has answered one to all stations need not wait for the others', async () => {
    const { a, b } = await setUp((request, say) => {
      const own = new Uint8Array(request.octets);
      own.set([CA, 0], 4);
      if (request.typeId === 100)
        say(answer(own, Cause.ACT_CON), object(Cause.INROGEN, 1), answer(own, Cause.ACT_TERM));
    });
    for (const master of [a, b]) {
      const start = performance.now();
      master.sendI(interrogation(0xffff));
      await has(master, '100 cot 10 ioa 0');
      master.sendI(GI);
      await has(master, '100 cot 10 ioa 0', 2);
      // The second time its stations are known.
      expect(msSince(start)).toBeLessThan(master === a ? 1_000 : 2_500);
    }
  });

  it('where only who asked gets the objects: what nobody has asked for, or who cannot be told, goes to all', async () => {
    const columns = { interrogation: 'originator' };
    const { a, b, peer } = await setUp(() => undefined, 2, columns);
    a.sendI(GI);
    await peer.asduCount(1);
    peer.sendI(answer(GI, Cause.ACT_CON), object(Cause.INROGEN, 1), object(Cause.REQCOGEN, 2));
    peer.sendI(asdu(135, Cause.INROGEN, 3, [7]), answer(GI, Cause.ACT_TERM), object(Cause.INROGEN, 4));
    await has(a, '1 cot 20 ioa 4');
    b.sendI(GI);
    await peer.asduCount(2);
    peer.sendI(answer(GI, Cause.ACT_CON), answer(GI, Cause.ACT_TERM), object(Cause.INROGEN, 5));
    for (const master of [a, b]) await has(master, '1 cot 20 ioa 5');
    expect(got(b)).toEqual(['1 cot 37 ioa 2', '100 cot 7 ioa 0', '100 cot 10 ioa 0', '1 cot 20 ioa 5']);
    expect(got(a)).toEqual([
      '100 cot 7 ioa 0',
      '1 cot 20 ioa 1',
      '1 cot 37 ioa 2',
      '135 cot 20 ioa 3',
      '100 cot 10 ioa 0',
      '1 cot 20 ioa 4',
      '1 cot 20 ioa 5',
    ]);
  });
});

describe('an object that was read', () => {
  const read = (ioa: number): Uint8Array => asdu(102, Cause.REQ, ioa, []);
  const both = Uint8Array.of(1, 2, Cause.REQ, 0, CA, 0, 9, 0, 0, 1, 10, 0, 0, 1);

  it('is for who asked for it, where only who asked gets objects; else for all', async () => {
    for (const interrogation of ['originator', 'all']) {
      const { a, b, peer } = await setUp(() => undefined, 2, { interrogation });
      a.sendI(read(9));
      await peer.asduCount(1);
      b.sendI(read(10), read(9));
      await peer.asduCount(2);
      peer.sendI(object(Cause.REQ, 9));
      await peer.asduCount(3);
      peer.sendI(both, object(Cause.REQ, 11), object(Cause.SPONT, 1));
      for (const master of [a, b]) await has(master, '1 cot 3 ioa 1');
      const rest = ['1 cot 5 ioa 11', '1 cot 3 ioa 1'];
      const all = ['1 cot 5 ioa 9', '1 cot 5 ioa 9', ...rest];
      expect(got(a)).toEqual(interrogation === 'all' ? all : ['1 cot 5 ioa 9', ...rest]);
      expect(got(b)).toEqual(interrogation === 'all' ? all : ['1 cot 5 ioa 9', ...rest]);
    }
  });

  it('late is for who asked for it', async () => {
    const { a, b, peer } = await setUp(() => undefined, 2, { interrogation: 'originator' });
    a.sendI(read(9));
    await peer.asduCount(1);
    await new Promise((resolve) => setTimeout(resolve, 11_000));
    peer.sendI(object(Cause.REQ, 9), object(Cause.SPONT, 1));
    for (const master of [a, b]) await has(master, '1 cot 3 ioa 1');
    expect([got(a), got(b)]).toEqual([['1 cot 5 ioa 9', '1 cot 3 ioa 1'], ['1 cot 3 ioa 1']]);
  });
});

describe('commands', () => {
  it('to an RTU without ACT_TERM: the equal one of a second master is sent, not refused, the first time too', async () => {
    const { a, b } = await setUp((request, say) => say(answer(request.octets, Cause.ACT_CON)));
    for (const ioa of [500, 501]) {
      a.sendI(command(ioa));
      await has(a, `45 cot 7 ioa ${ioa}`);
      b.sendI(command(ioa));
      await has(b, `45 cot 7 ioa ${ioa}`);
    }
    expect(got(a)).toEqual(['45 cot 7 ioa 500', '45 cot 7 ioa 501']);
    expect(got(b)).toEqual(got(a));
  });

  it('with P/N = 1 are refused, recorded, and never sent', async () => {
    const { a, b, mux, peer } = await setUp((request, say) => say(answer(request.octets, Cause.ACT_CON)));
    const bad = command(500);
    bad[2] = Cause.ACT | NEGATIVE;
    const read = asdu(102, Cause.REQ | NEGATIVE, 9, []);
    a.sendI(bad, read, command(501));
    await has(a, '45 cot 7 ioa 501');
    expect(got(a)).toEqual(['45 cot 7 negative ioa 500', '102 cot 45 negative ioa 9', '45 cot 7 ioa 501']);
    expect(got(b)).toEqual([]);
    expect(peer.asdus).toHaveLength(1);
    await until('the records', () => mux.audits.length >= 2);
    expect(mux.audits.slice(0, 2).map(({ outcome }) => outcome)).toEqual([
      'refused: C_SC_NA_1 with P/N = 1',
      'refused: C_RD_NA_1 with P/N = 1',
    ]);
  });
});

describe('a group that is full', () => {
  it('has room for a master that has no connection, if another one has idle connections beyond its share', async () => {
    const { mux, a } = await setUp(() => undefined, 1, { 'max conn': 4 });
    const idle = [await rawMaster(mux.port, 2), await rawMaster(mux.port, 2), await rawMaster(mux.port, 2)];
    await until('four', async () => (await mux.group()).masters.length === 4);
    const newcomer = await startedRawMaster(mux.port, 3);
    await until('one idle connection closed', () => idle.filter(({ closed }) => closed).length === 1);
    expect([newcomer.closed, a.closed]).toEqual([false, false]);
    const line = await mux.logged({ msg: 'more than its share' });
    expect(line.peer).toContain(masterAddress(2));
  });
});
