import {
  ASDU_CA_OFFSET,
  AsduView,
  BROADCAST_CA,
  Cause,
  cp56ToEpochMs,
  decodeCp56,
  mirror,
  TypeId,
} from '@iec104mm2ss/iec104';
import type { OwnTime } from '@iec104mm2ss/runtime';
import type { LiveRow } from './live-row.js';

/** A C_CS_NA_1 that is further than this from the time that is known to be right is refused. */
export const MAX_DEVIATION_MS = 60_000;

/** Where CP56Time2a of C_CS_NA_1 is: behind the header of the ASDU and the IOA. */
const TIME_OCTET = 9;

/** What is to be done with a clock synchronisation; undefined: it goes its way. */
export type ClockVerdict =
  { readonly refused: string } | { readonly answer: Uint8Array; readonly outcome: string } | undefined;

/** Who may set the RTU's clock, and to what, by the column `clock`. */
export class ClockRule {
  constructor(
    private readonly row: LiveRow,
    private readonly time: OwnTime,
  ) {}

  /** Of a command of the class `clock`: C_CS_NA_1, or C_CD_NA_1, which is a part of the procedure on serial lines. */
  judge(asdu: Uint8Array, name: string | null): ClockVerdict {
    const { clock, rtuNumber } = this.row.config;
    const { typeId, cot, ca } = new AsduView(asdu);
    if (clock.kind === 'refuse') return { refused: 'clock = refuse' };
    if (clock.kind === 'master' && clock.name !== name) return { refused: `only ${clock.name} may set the clock` };
    if (clock.kind === 'local' && (typeId !== TypeId.C_CS_NA_1 || cot !== Cause.ACT)) {
      return { refused: 'clock = local answers C_CS_NA_1 ACT only' };
    }
    if (typeId !== TypeId.C_CS_NA_1) return undefined;
    const wrong = this.deviation(asdu);
    if (wrong !== undefined) return { refused: wrong };
    if (clock.kind !== 'local') return undefined;
    if (this.time.synchronisedMs() === undefined) {
      return { refused: `clock = local, and the clock here is not synchronised (${this.time.trouble() ?? 'not yet'})` };
    }
    const answer = mirror(asdu, Cause.ACT_CON, false);
    // A command to all stations is answered by each with its own address (IEC 60870-5-101 clause 7.2.4).
    if (ca === BROADCAST_CA) {
      answer[ASDU_CA_OFFSET] = rtuNumber & 0xff;
      answer[ASDU_CA_OFFSET + 1] = rtuNumber >> 8;
    }
    return { answer, outcome: 'answered here (clock = local)' };
  }

  /**
   * Why the time that is given cannot be right; undefined: it may be, or the time is not known here. CP56Time2a has no zone:
   * UTC and the local time of this host are taken as right, with SU or without.
   */
  private deviation(asdu: Uint8Array): string | undefined {
    const now = this.time.synchronisedMs();
    if (now === undefined) return undefined;
    const given = decodeCp56(asdu, TIME_OCTET);
    const reading = cp56ToEpochMs({ ...given, su: false });
    if (reading === undefined) return 'the time that it gives is none of the calendar';
    const summer = given.su ? [reading - 3_600_000] : [];
    const local = reading - this.time.zoneMs(now);
    const offs = [reading, local, ...summer].map((each) => each - now);
    const off = offs.reduce((best, each) => (Math.abs(each) < Math.abs(best) ? each : best));
    if (Math.abs(off) <= MAX_DEVIATION_MS) return undefined;
    return `its time is ${Math.round(off / 1_000)} s off the synchronised time here`;
  }
}
