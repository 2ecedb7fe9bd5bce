import {
  AsduView,
  Cause,
  clockSync,
  counterInterrogation,
  epochMsToCp56,
  Frz,
  interrogation,
  mirror,
  Qoi,
  Rqt,
  TypeId,
  UFunction,
} from '@iec104mm2ss/iec104';
import { encodeCommand, parseCommand } from '../master/command-request.js';
import { isAsdu, isU, QUIET_MS } from './check.js';
import { FIELD_CHECKS } from './field-checks.js';
import { answered, type ConformanceCheck, start } from './station-under-test.js';

/** What no station has. */
const UNKNOWN_TYPE = 127;
const UNKNOWN_IOA = [0xfe, 0xff, 0xff];
const SINGLE_COMMAND = (ca: number, cot: number): number[] => [45, 1, cot, 0, ca & 0xff, ca >> 8, ...UNKNOWN_IOA, 0];

/** The check that what is not known is mirrored with a cause and P/N = 1. */
function refusal(title: string, cot: number, request: (ca: number) => readonly number[]): ConformanceCheck {
  return {
    clause: '101 7.2.3',
    title,
    run: async (master, station) => {
      await start(master, station);
      const answer = await answered(master, Uint8Array.from(request(station.ca)), cot, station);
      if (answer === undefined) return `no answer with COT ${cot}`;
      return answer.negative ? undefined : 'P/N is 0';
    },
  };
}

/** The behaviours of a controlled station, by clause: of IEC 60870-5-104 unless 101 or 5-5 stands before it. */
export const STATION_CHECKS: readonly ConformanceCheck[] = [
  {
    clause: '5.3',
    title: 'sends no data before STARTDT',
    run: async (master) => {
      const data = await master.until(({ format }) => format === 'I', QUIET_MS);
      return data === undefined ? undefined : `I-format APDU of type ${data.asdu[0]}`;
    },
  },
  {
    clause: '5.3',
    title: 'confirms STARTDT',
    run: (master, station) => start(master, station).then(() => undefined),
  },
  {
    clause: '5.3',
    title: 'confirms STOPDT, and sends no data after it',
    run: async (master, station) => {
      await start(master, station);
      master.sendU(UFunction.STOPDT_ACT);
      if ((await master.until(isU(UFunction.STOPDT_CON), station.answerMs)) === undefined) return 'no STOPDT con';
      const before = master.got.findIndex(isU(UFunction.STOPDT_CON));
      await master.untilClosed(QUIET_MS);
      const after = master.got.slice(before).find(({ format }) => format === 'I');
      return after === undefined ? undefined : `I-format APDU of type ${after.asdu[0]} after STOPDT con`;
    },
  },
  {
    clause: '5.2',
    title: 'confirms TESTFR, stopped and started',
    run: async (master, station) => {
      master.sendU(UFunction.TESTFR_ACT);
      if ((await master.until(isU(UFunction.TESTFR_CON), station.answerMs)) === undefined)
        return 'no TESTFR con while stopped';
      await start(master, station);
      master.got.length = 0;
      master.sendU(UFunction.TESTFR_ACT);
      return (await master.until(isU(UFunction.TESTFR_CON), station.answerMs)) === undefined
        ? 'no TESTFR con'
        : undefined;
    },
  },
  {
    clause: '5.1',
    title: 'numbers what it sends from 0 on, without gaps',
    run: async (master, station) => {
      await start(master, station);
      await answered(master, interrogation(station.ca, Qoi.STATION), Cause.ACT_TERM, station);
      const numbers = master.got.filter(({ format }) => format === 'I').map(({ ns }) => ns);
      const wrong = numbers.findIndex((ns, at) => ns !== at);
      return wrong < 0 ? undefined : `N(S) ${numbers[wrong]} instead of ${wrong}`;
    },
  },
  {
    clause: '5.1',
    title: 'closes the connection when N(S) is out of order',
    run: async (master, station) => {
      await start(master, station);
      master.sendI(interrogation(station.ca, Qoi.STATION), 5);
      return (await master.untilClosed(station.answerMs)) ? undefined : 'it stays open';
    },
  },
  {
    clause: '5.1',
    title: 'closes the connection when N(R) acknowledges what was not sent',
    run: async (master, station) => {
      await start(master, station);
      master.acknowledging = false;
      master.sendS(1000);
      return (await master.untilClosed(station.answerMs)) ? undefined : 'it stays open';
    },
  },
  {
    clause: '9.6 t2',
    title: 'acknowledges what it received within t2',
    applies: ({ timers }) => timers,
    run: async (master, station) => {
      await start(master, station);
      master.sendI(clockSync(station.ca, epochMsToCp56(Date.now())));
      const apdu = await master.until(({ format, nr }) => format !== 'U' && nr === 1, station.t2Ms + station.answerMs);
      return apdu === undefined ? 'no N(R)' : undefined;
    },
  },
  {
    clause: '9.6 t1',
    title: 'closes the connection when nothing is acknowledged for t1',
    applies: ({ timers }) => timers,
    run: async (master, station) => {
      await start(master, station);
      master.acknowledging = false;
      master.sendI(interrogation(station.ca, Qoi.STATION));
      return (await master.untilClosed(station.t1Ms + station.answerMs)) ? undefined : 'it stays open';
    },
  },
  {
    clause: '9.6 t3',
    title: 'tests an idle connection after t3',
    applies: ({ timers }) => timers,
    run: async (master, station) => {
      await start(master, station);
      const test = await master.until(isU(UFunction.TESTFR_ACT), station.t3Ms + station.answerMs);
      return test === undefined ? 'no TESTFR act' : undefined;
    },
  },
  {
    clause: '5-5 6.6',
    title: 'answers a general interrogation: ACT_CON, objects with COT 20, ACT_TERM',
    run: async (master, station) => {
      await start(master, station);
      const ended = await answered(master, interrogation(station.ca, Qoi.STATION), Cause.ACT_TERM, station);
      const views = master.got.filter(({ format }) => format === 'I').map(({ asdu }) => new AsduView(asdu));
      const isOwn = (cause: number) => (view: AsduView) => view.typeId === TypeId.C_IC_NA_1 && view.cot === cause;
      const [confirmed, over] = [views.findIndex(isOwn(Cause.ACT_CON)), views.findIndex(isOwn(Cause.ACT_TERM))];
      if (confirmed < 0 || views[confirmed]?.negative === true) return 'no positive ACT_CON';
      if (ended === undefined || over < confirmed) return 'no ACT_TERM behind it';
      // Before that there may be objects that another master has asked for.
      const between = views.slice(confirmed, over).filter(({ cot }) => cot === Cause.INROGEN);
      return between.length > 0 ? undefined : 'no objects with COT 20 between them';
    },
  },
  {
    clause: '5-5 6.9',
    title: 'confirms a counter interrogation, or says that it has none',
    run: async (master, station) => {
      await start(master, station);
      master.sendI(counterInterrogation(station.ca, Rqt.GENERAL, Frz.READ));
      const answer = await master.until(
        ({ format, asdu }) => format === 'I' && asdu[0] === TypeId.C_CI_NA_1,
        station.answerMs,
      );
      return answer === undefined ? 'no answer' : undefined;
    },
  },
  {
    clause: '5-5 6.7',
    title: 'confirms a clock synchronization',
    run: async (master, station) => {
      await start(master, station);
      const asdu = clockSync(station.ca, epochMsToCp56(Date.now()));
      return (await answered(master, asdu, Cause.ACT_CON, station)) === undefined ? 'no ACT_CON' : undefined;
    },
  },
  refusal('refuses an unknown type with COT 44', Cause.UNKNOWN_TYPE, (ca) => [
    UNKNOWN_TYPE,
    1,
    Cause.ACT,
    0,
    ca & 0xff,
    ca >> 8,
    1,
    0,
    0,
    0,
  ]),
  refusal('refuses an unknown cause with COT 45', Cause.UNKNOWN_CAUSE, (ca) => SINGLE_COMMAND(ca, Cause.SPONT)),
  refusal('refuses an unknown CA with COT 46', Cause.UNKNOWN_CA, (ca) =>
    SINGLE_COMMAND(ca === 65534 ? 1 : ca + 1, Cause.ACT),
  ),
  refusal('refuses an unknown IOA with COT 47', Cause.UNKNOWN_IOA, (ca) => SINGLE_COMMAND(ca, Cause.ACT)),
  {
    clause: '5-5 6.8',
    title: 'confirms a command with its octets, then ACT_TERM',
    applies: ({ command }) => command !== undefined,
    run: async (master, station) => {
      await start(master, station);
      const asdu = encodeCommand(parseCommand(station.command ?? ''), { ca: station.ca, oa: 0, select: false });
      master.sendI(asdu);
      const apdu = await master.until(isAsdu(asdu[0] ?? 0, Cause.ACT_CON), station.answerMs);
      if (apdu === undefined) return 'no ACT_CON';
      const expected = Buffer.from(mirror(asdu, Cause.ACT_CON, false));
      if (!expected.equals(apdu.asdu))
        return `ACT_CON ${Buffer.from(apdu.asdu).toString('hex')}, not ${expected.toString('hex')}`;
      const end = await master.until(isAsdu(asdu[0] ?? 0, Cause.ACT_TERM), station.answerMs);
      return end === undefined ? 'no ACT_TERM' : undefined;
    },
  },
  ...FIELD_CHECKS,
  // The last one: interrogations that nobody waits for any more keep a multiplexer busy.
  {
    clause: '5.5',
    title: 'sends at most k APDUs without an acknowledgement',
    run: async (master, station) => {
      await start(master, station);
      master.acknowledging = false;
      for (let i = 0; i < 4; i++) master.sendI(interrogation(station.ca, Qoi.STATION));
      await master.untilClosed(2 * QUIET_MS);
      const numbers = master.got.filter(({ format }) => format === 'I');
      // The requests carried N(R), too.
      const sent = numbers.length - master.acknowledged;
      return sent <= station.k ? undefined : `${sent} APDUs are not acknowledged, k is ${station.k}`;
    },
  },
];
