import {
  AsduView,
  type Asdu,
  BROADCAST_CA,
  Cause,
  cp56ToEpochMs,
  decodeAsdu,
  mirror,
  Qoi,
  Qrp,
  Rqt,
  TEST_PATTERN,
  TypeId,
} from '@iec104mm2ss/iec104';
import type { CommandedValue, CommandExecution } from './command-execution.js';
import type { RtuFaults } from './faults.js';
import type { ProcessImage } from './process-image.js';
import type { RtuConnection } from './rtu-connection.js';

const ASDU_OA_OFFSET = 3;
const ASDU_CA_OFFSET = 4;

/** Types whose CA may be 65535 (clause 7.2.4), and whose IOA is 0 because they mean the station. */
const STATION_TYPES: ReadonlySet<number> = new Set([
  TypeId.C_IC_NA_1,
  TypeId.C_CI_NA_1,
  TypeId.C_CS_NA_1,
  TypeId.C_RP_NA_1,
  TypeId.C_TS_NA_1,
  TypeId.C_TS_TA_1,
]);
const BROADCAST_TYPES: ReadonlySet<number> = new Set([
  TypeId.C_IC_NA_1,
  TypeId.C_CI_NA_1,
  TypeId.C_CS_NA_1,
  TypeId.C_RP_NA_1,
]);

/** What the IEC104-RTU-Simulator knows besides process commands. */
const COMPAT_TYPES: ReadonlySet<number> = new Set([TypeId.C_IC_NA_1, TypeId.C_CS_NA_1]);

/** What answering needs of the RTU. */
export interface RequestContext {
  readonly ca: number;
  readonly faults: RtuFaults;
  /** As the IEC104-RTU-Simulator: what is not known gets no answer. */
  readonly compat: boolean;
  /** Refuse an interrogation while one runs on the same connection. */
  readonly oneInterrogationAtATime: boolean;
  readonly image: ProcessImage;
  readonly commands: CommandExecution;
  /** Running number the next event will get. */
  nextEvent(): number;
  /** Carries out a command: changes the point, tells of it, then calls `done` with the number of the event after it. */
  execute(command: CommandedValue, done: (afterEvent: number) => void): void;
  /** The objects of an interrogation that was accepted; `group` undefined: the station's. */
  interrogated(from: RtuConnection, group: number | undefined, oa: number): readonly Uint8Array[];
  interrogationEnded(from: RtuConnection): void;
  setClock(epochMs: number): void;
  clearEvents(): void;
  resetProcess(): void;
}

/** What became of a request: for counters and logs. */
export interface RequestOutcome {
  readonly result: 'answered' | 'refused' | 'unknown' | 'ignored' | 'malformed';
  readonly reason: string;
}

const ANSWERED: RequestOutcome = { result: 'answered', reason: '' };

/** Answers one ASDU in control direction as a controlled station does (IEC 60870-5-5). */
export function answer(asdu: Uint8Array, from: RtuConnection, rtu: RequestContext): RequestOutcome {
  const reply = new Answering(asdu, from, rtu);
  return reply.run();
}

class Answering {
  private readonly view: AsduView;
  private readonly oa: number;

  constructor(
    private readonly asdu: Uint8Array,
    private readonly from: RtuConnection,
    private readonly rtu: RequestContext,
  ) {
    this.view = new AsduView(asdu);
    // The one seen last is this one's.
    this.oa = rtu.faults.oa === 'zero' ? 0 : this.view.oa;
  }

  run(): RequestOutcome {
    const { view, rtu } = this;
    const isCommand = rtu.commands.knows(view.typeId);
    if (rtu.compat && !isCommand && !COMPAT_TYPES.has(view.typeId)) return this.ignored(`TypeID ${view.typeId}`);
    if (!isCommand && !STATION_TYPES.has(view.typeId) && view.typeId !== TypeId.C_RD_NA_1) {
      return this.unknown(Cause.UNKNOWN_TYPE, `TypeID ${view.typeId}`);
    }
    if (!this.causePermitted(isCommand)) return this.unknown(Cause.UNKNOWN_CAUSE, `COT ${view.cot}`);
    const broadcast = view.ca === BROADCAST_CA && BROADCAST_TYPES.has(view.typeId);
    if (view.ca !== rtu.ca && !broadcast) return this.unknown(Cause.UNKNOWN_CA, `CA ${view.ca}`);
    let decoded: Asdu;
    try {
      decoded = decodeAsdu(this.asdu);
    } catch (error) {
      return { result: 'malformed', reason: error instanceof Error ? error.message : String(error) };
    }
    if (isCommand) return this.command();
    if (view.typeId !== TypeId.C_RD_NA_1 && view.ioa !== 0) return this.unknown(Cause.UNKNOWN_IOA, `IOA ${view.ioa}`);
    switch (decoded.type) {
      case 'C_IC_NA_1':
        return this.interrogation(decoded.objects[0]?.qoi ?? 0);
      case 'C_CI_NA_1':
        return this.counterInterrogation(decoded.objects[0]?.rqt ?? 0, decoded.objects[0]?.frz ?? 0);
      case 'C_RD_NA_1':
        return this.read(decoded.objects[0]?.ioa ?? 0);
      case 'C_CS_NA_1': {
        const time = decoded.objects[0]?.time;
        const epochMs = time === undefined ? undefined : cp56ToEpochMs(time);
        if (epochMs === undefined) return this.refuse('no valid time');
        rtu.setClock(epochMs);
        // Behind the time-tagged data already queued, which carries the time before.
        this.confirm(Cause.ACT_CON, false, rtu.nextEvent());
        return ANSWERED;
      }
      case 'C_TS_NA_1':
        if (decoded.objects[0]?.pattern !== TEST_PATTERN) return this.refuse('wrong test pattern');
        this.confirm(Cause.ACT_CON, false);
        return ANSWERED;
      case 'C_RP_NA_1':
        return this.resetProcess(decoded.objects[0]?.qrp ?? 0);
      default:
        this.confirm(Cause.ACT_CON, false);
        return ANSWERED;
    }
  }

  private causePermitted(isCommand: boolean): boolean {
    const { typeId, cot } = this.view;
    if (typeId === TypeId.C_RD_NA_1) return cot === Cause.REQ;
    if (cot === Cause.ACT) return true;
    return cot === Cause.DEACT && (isCommand || typeId === TypeId.C_IC_NA_1 || typeId === TypeId.C_CI_NA_1);
  }

  private command(): RequestOutcome {
    const verdict = this.rtu.commands.decide(this.asdu, this.from.id);
    if (verdict.confirm === undefined) return this.ignored(verdict.reason);
    const { cause, negative } = verdict.confirm;
    this.confirm(cause, negative);
    if (verdict.execute !== undefined) {
      this.rtu.execute(verdict.execute, (afterEvent) => this.confirm(Cause.ACT_TERM, false, afterEvent));
    }
    if (!negative) return { result: 'answered', reason: verdict.reason };
    return { result: cause === Cause.UNKNOWN_IOA ? 'unknown' : 'refused', reason: verdict.reason };
  }

  private interrogation(qoi: number): RequestOutcome {
    if (this.view.cot === Cause.DEACT) return this.nothingToDeactivate();
    if (!this.rtu.compat && (qoi < Qoi.STATION || qoi > Qoi.GROUP_16)) return this.refuse(`QOI ${qoi}`);
    const group = this.rtu.compat || qoi === Qoi.STATION ? undefined : qoi - Qoi.STATION;
    return this.interrogate(() => this.rtu.interrogated(this.from, group, this.oa));
  }

  private counterInterrogation(rqt: number, frz: number): RequestOutcome {
    if (this.view.cot === Cause.DEACT) return this.nothingToDeactivate();
    if (rqt < Rqt.GROUP_1 || rqt > Rqt.GENERAL) return this.refuse(`RQT ${rqt}`);
    const group = rqt === Rqt.GENERAL ? undefined : rqt;
    if (frz === 0) return this.interrogate(() => this.rtu.image.counters(group, this.oa));
    // Freezing and resetting return nothing, so there is nothing to terminate.
    this.rtu.image.freeze(group, frz);
    this.confirm(Cause.ACT_CON, false);
    return ANSWERED;
  }

  private interrogate(objects: () => readonly Uint8Array[]): RequestOutcome {
    if (this.rtu.oneInterrogationAtATime && this.from.interrogating) return this.refuse('an interrogation is running');
    this.from.interrogating = true;
    this.confirm(Cause.ACT_CON, false);
    for (const asdu of objects()) this.from.reply(asdu);
    this.confirm(Cause.ACT_TERM, false, 0, () => {
      this.from.interrogating = false;
      this.rtu.interrogationEnded(this.from);
    });
    return ANSWERED;
  }

  private read(ioa: number): RequestOutcome {
    const points = this.rtu.image.pointsAt(ioa);
    if (points.length === 0) return this.unknown(Cause.UNKNOWN_IOA, `IOA ${ioa}`);
    for (const point of points) this.from.reply(this.rtu.image.object(point, Cause.REQ, this.oa));
    return ANSWERED;
  }

  private resetProcess(qrp: number): RequestOutcome {
    if (qrp === Qrp.CLEAR_EVENT_BUFFER) {
      this.confirm(Cause.ACT_CON, false);
      this.rtu.clearEvents();
      return ANSWERED;
    }
    if (qrp !== Qrp.PROCESS_RESET) return this.refuse(`QRP ${qrp}`);
    this.confirm(Cause.ACT_CON, false);
    this.rtu.resetProcess();
    return ANSWERED;
  }

  private nothingToDeactivate(): RequestOutcome {
    this.confirm(Cause.DEACT_CON, true);
    return { result: 'refused', reason: 'nothing to deactivate' };
  }

  private refuse(reason: string): RequestOutcome {
    this.confirm(Cause.ACT_CON, true);
    return { result: 'refused', reason };
  }

  private ignored(reason: string): RequestOutcome {
    return { result: 'ignored', reason };
  }

  private unknown(cause: number, reason: string): RequestOutcome {
    if (this.rtu.compat) return this.ignored(reason);
    const reply = mirror(this.asdu, cause, true);
    reply[ASDU_OA_OFFSET] = this.oa;
    this.from.reply(reply);
    return { result: 'unknown', reason };
  }

  /** Sends the mirrored request; with the RTU's own CA where it was addressed to all. */
  private confirm(cause: number, negative: boolean, after = 0, onSent?: () => void): void {
    const { faults, ca } = this.rtu;
    const isLeftOut = (cause === Cause.ACT_CON && faults.noActCon) || (cause === Cause.ACT_TERM && faults.noActTerm);
    if (isLeftOut && !negative) {
      onSent?.();
      return;
    }
    const reply = mirror(this.asdu, cause, negative);
    reply[ASDU_OA_OFFSET] = this.oa;
    if (!faults.echoBroadcast) {
      reply[ASDU_CA_OFFSET] = ca & 0xff;
      reply[ASDU_CA_OFFSET + 1] = ca >> 8;
    }
    this.from.reply(reply, after, onSent);
  }
}
