import { AsduView, Cause, endOfInitialization, iFormat, mirror, TypeId, UFunction } from '@iec104mm2ss/iec104';
import { type Check, isAsdu, isU, NotChecked, QUIET_MS } from './check.js';
import type { RawEnd } from './raw-end.js';

/** What a check needs to know of a controlling station. */
export interface MasterUnderTest {
  /** Common address that it expects of its RTU. */
  readonly ca: number;
  /** It acknowledges at the latest after w APDUs. */
  readonly w: number;
  /** How long an answer may take. */
  readonly answerMs: number;
  /** How long it may take to connect again, and to start data transfer. */
  readonly connectMs: number;
  /** t1, t2 and t3 of the master; its timers are checked only when `timers` is true, as that takes their time. */
  readonly t1Ms: number;
  readonly t2Ms: number;
  readonly t3Ms: number;
  readonly timers: boolean;
}

type MasterCheck = Check<MasterUnderTest>;

/** An address at which a master may know nothing. */
const IOA = 0xfffe;
/** What no release of the standard has. */
const UNKNOWN_TYPE = 127;

const low = (ca: number): [number, number] => [ca & 0xff, ca >> 8];
/** M_SP_NA_1, spontaneous. */
const single = (ca: number, value: number): Uint8Array =>
  Uint8Array.of(TypeId.M_SP_NA_1, 1, Cause.SPONT, 0, ...low(ca), IOA & 0xff, IOA >> 8, 0, value);

/** Waits until the master wants data, and confirms. */
async function start(end: RawEnd, { connectMs }: MasterUnderTest): Promise<void> {
  if ((await end.until(isU(UFunction.STARTDT_ACT), connectMs)) === undefined) {
    throw new Error(end.closed ? 'it closed the connection before STARTDT act' : 'no STARTDT act');
  }
  end.sendU(UFunction.STARTDT_CON);
}

/** The general interrogation that the master asks for by itself. */
async function interrogationOf(end: RawEnd, { answerMs }: MasterUnderTest): Promise<Uint8Array> {
  const apdu = await end.until(isAsdu(TypeId.C_IC_NA_1, Cause.ACT), answerMs);
  if (apdu === undefined) throw new NotChecked('it asks for no general interrogation');
  return apdu.asdu;
}

/** Whether the master acknowledges all up to V(S). */
async function acknowledged(end: RawEnd, ms: number): Promise<boolean> {
  const apdu = await end.until(({ format, nr }) => format !== 'U' && nr === end.vs, ms);
  return apdu !== undefined;
}

async function stillThere(end: RawEnd, { answerMs }: MasterUnderTest): Promise<string | undefined> {
  end.sendU(UFunction.TESTFR_ACT);
  if ((await end.until(isU(UFunction.TESTFR_CON), answerMs)) !== undefined) return undefined;
  return end.closed ? 'it closed the connection' : 'no TESTFR con';
}

const closes = async (end: RawEnd, ms: number): Promise<string | undefined> =>
  (await end.untilClosed(ms)) ? undefined : 'it stays open';

/** The behaviours of a controlling station, by clause: of IEC 60870-5-104 unless 101 or 5-5 stands before it. */
export const MASTER_CHECKS: readonly MasterCheck[] = [
  {
    clause: '5.3',
    title: 'starts data transfer, and sends no I- or S-format before it is confirmed',
    run: async (end, { connectMs }) => {
      if ((await end.until(isU(UFunction.STARTDT_ACT), connectMs)) === undefined) return 'no STARTDT act';
      const early = await end.until(({ format }) => format !== 'U', QUIET_MS);
      return early === undefined ? undefined : `${early.format}-format APDU before STARTDT con`;
    },
  },
  {
    clause: '5.2',
    title: 'confirms TESTFR, stopped and started',
    run: async (end, under) => {
      const stopped = await stillThere(end, under);
      if (stopped !== undefined) return `stopped: ${stopped}`;
      await start(end, under);
      end.got.length = 0;
      return stillThere(end, under);
    },
  },
  {
    clause: '5.1',
    title: 'numbers what it sends from 0 on, without gaps',
    run: async (end, under) => {
      await start(end, under);
      await end.until(({ format }) => format === 'I', under.answerMs);
      await end.untilClosed(QUIET_MS);
      const numbers = end.got.filter(({ format }) => format === 'I').map(({ ns }) => ns);
      if (numbers.length === 0) throw new NotChecked('it sends nothing by itself');
      const wrong = numbers.findIndex((ns, at) => ns !== at);
      return wrong < 0 ? undefined : `N(S) ${numbers[wrong]} instead of ${wrong}`;
    },
  },
  {
    clause: '5.5',
    title: 'acknowledges at the latest after w APDUs',
    run: async (end, under) => {
      await start(end, under);
      for (let i = 0; i < under.w; i++) end.sendI(single(under.ca, i & 1));
      // With the last one, or one before it while not w are left.
      const apdu = await end.until(
        ({ format, nr }) => format !== 'U' && nr > 0,
        Math.min(under.answerMs, under.t2Ms / 2),
      );
      return apdu === undefined ? `no N(R) after ${under.w} APDUs` : undefined;
    },
  },
  {
    clause: '5',
    title: 'takes several APDUs in one segment, and one in many',
    run: async (end, under) => {
      await start(end, under);
      end.sendOctets(Buffer.concat([0, 1].map((ns) => iFormat(ns, end.vr, single(under.ca, ns)))));
      end.vs = 2;
      await end.sendIInSegments(single(under.ca, 0), 5);
      if (await acknowledged(end, under.t2Ms + under.answerMs)) return undefined;
      return end.closed ? 'it closed the connection' : 'not all are acknowledged';
    },
  },
  {
    clause: '5-5 6.6',
    title: 'takes the answers to its general interrogation, and goes on',
    run: async (end, under) => {
      await start(end, under);
      const request = await interrogationOf(end, under);
      const view = new AsduView(request);
      if (view.ca !== under.ca && view.ca !== 0xffff) return `it is for CA ${view.ca}, not ${under.ca}`;
      end.sendI(mirror(request, Cause.ACT_CON, false));
      const object = single(under.ca, 1);
      object[2] = Cause.INROGEN;
      end.sendI(object);
      end.sendI(mirror(request, Cause.ACT_TERM, false));
      if (!(await acknowledged(end, under.t2Ms + under.answerMs))) return 'not all is acknowledged';
      return stillThere(end, under);
    },
  },
  {
    clause: '5-5 6.6',
    title: 'goes on when its general interrogation is refused',
    run: async (end, under) => {
      await start(end, under);
      end.sendI(mirror(await interrogationOf(end, under), Cause.ACT_CON, true));
      return stillThere(end, under);
    },
  },
  {
    clause: '5-5 6.1',
    title: 'takes the end of initialization',
    run: async (end, under) => {
      await start(end, under);
      end.sendI(endOfInitialization(under.ca));
      return stillThere(end, under);
    },
  },
  {
    clause: '101 7.2.1',
    title: 'goes on after a type that it does not know',
    run: async (end, under) => {
      await start(end, under);
      end.sendI(Uint8Array.of(UNKNOWN_TYPE, 1, Cause.SPONT, 0, ...low(under.ca), 1, 0, 0, 0));
      return stillThere(end, under);
    },
  },
  {
    clause: '9.6 t2',
    title: 'acknowledges what it received within t2',
    applies: ({ timers }) => timers,
    run: async (end, under) => {
      await start(end, under);
      end.sendI(single(under.ca, 1));
      return (await acknowledged(end, under.t2Ms + under.answerMs)) ? undefined : 'no N(R)';
    },
  },
  {
    clause: '9.6 t3',
    title: 'tests an idle connection after t3',
    applies: ({ timers }) => timers,
    run: async (end, under) => {
      await start(end, under);
      const test = await end.until(isU(UFunction.TESTFR_ACT), under.t3Ms + under.answerMs);
      return test === undefined ? 'no TESTFR act' : undefined;
    },
  },
  {
    clause: '9.6 t1',
    title: 'closes the connection when nothing is confirmed for t1',
    applies: ({ timers }) => timers,
    run: async (end, under) => {
      end.acknowledging = false;
      end.confirming = false;
      await start(end, under);
      return closes(end, under.t3Ms + under.t1Ms + under.answerMs);
    },
  },
  {
    clause: '5.1',
    title: 'closes the connection when N(S) is out of order',
    run: async (end, under) => {
      await start(end, under);
      end.sendI(single(under.ca, 1), 5);
      return closes(end, under.answerMs);
    },
  },
  {
    clause: '5.1',
    title: 'closes the connection when N(R) acknowledges what was not sent',
    run: async (end, under) => {
      await start(end, under);
      end.acknowledging = false;
      end.sendS(1000);
      return closes(end, under.answerMs);
    },
  },
  {
    clause: '5',
    title: 'closes the connection when an APDU does not begin with 68H',
    run: async (end, under) => {
      await start(end, under);
      end.sendOctets(Uint8Array.of(0x67, 0x04, 0x07, 0x00, 0x00, 0x00));
      return closes(end, under.answerMs);
    },
  },
];
