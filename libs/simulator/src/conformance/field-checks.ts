import {
  AsduView,
  BROADCAST_CA,
  Cause,
  clockSync,
  epochMsToCp56,
  interrogation,
  Qoi,
  TypeId,
} from '@iec104mm2ss/iec104';
import { encodeCommand, parseCommand } from '../master/command-request.js';
import { NotChecked, QUIET_MS } from './check.js';
import type { RawApdu } from './raw-end.js';
import { answered, type ConformanceCheck, start } from './station-under-test.js';

const OA = 5;
/** Process information with CP56Time2a, whose third octet of seven has IV, at its end. */
const [FIRST_TIMED, LAST_TIMED] = [TypeId.M_SP_TB_1, TypeId.M_EP_TF_1];
const MINUTES_FROM_END = 5;
const IV = 0x80;

const isTimed = ({ format, asdu }: RawApdu): boolean =>
  format === 'I' && (asdu[0] ?? 0) >= FIRST_TIMED && (asdu[0] ?? 0) <= LAST_TIMED;

/** What stations in the field are known to do otherwise. */
export const FIELD_CHECKS: readonly ConformanceCheck[] = [
  {
    clause: '101 7.2.3',
    title: 'answers with the originator address of the request',
    run: async (master, station) => {
      await start(master, station);
      const asdu = interrogation(station.ca, Qoi.STATION, { oa: OA });
      const answer = await answered(master, asdu, Cause.ACT_CON, station);
      if (answer === undefined) return 'no ACT_CON';
      return answer.oa === OA ? undefined : `OA ${answer.oa}, not ${OA}`;
    },
  },
  {
    clause: '101 7.2.4',
    title: 'answers an interrogation of CA 65535 with its own CA',
    run: async (master, station) => {
      await start(master, station);
      await answered(master, interrogation(BROADCAST_CA), Cause.ACT_TERM, station);
      const cas = master.got.filter(({ format }) => format === 'I').map(({ asdu }) => new AsduView(asdu).ca);
      if (cas.includes(BROADCAST_CA)) return 'CA 65535 in an answer';
      const confirmed = master.got.some(({ asdu }) => asdu[0] === TypeId.C_IC_NA_1);
      if (!confirmed) throw new NotChecked('it does not answer CA 65535');
      return undefined;
    },
  },
  {
    clause: '5-5 6.7',
    title: 'has valid time tags once its clock is set',
    applies: ({ command }) => command !== undefined,
    run: async (master, station) => {
      await start(master, station);
      await answered(master, clockSync(station.ca, epochMsToCp56(Date.now())), Cause.ACT_CON, station);
      master.got.length = 0;
      const command = encodeCommand(parseCommand(station.command ?? ''), { ca: station.ca, oa: 0, select: false });
      await answered(master, command, Cause.ACT_TERM, station);
      const timed = await master.until(isTimed, QUIET_MS);
      if (timed === undefined) throw new NotChecked('nothing with a time tag came of the command');
      return ((timed.asdu.at(-MINUTES_FROM_END) ?? 0) & IV) === 0 ? undefined : `IV in type ${timed.asdu[0]}`;
    },
  },
];
