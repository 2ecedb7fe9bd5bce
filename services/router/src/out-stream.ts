import { type Bus, busNameOf, type GroupSubjects } from '@iec104mm2ss/bus';
import { APDU_OA_OFFSET, iFormat } from '@iec104mm2ss/iec104';
import type { MasterEnd } from '@iec104mm2ss/observability';
import {
  encodeOut,
  encodeOutText,
  encodeSettled,
  NO_POSITION,
  OUT_PREAMBLE_OCTETS,
  OutFlag,
  OutKind,
} from '@iec104mm2ss/wire';
import type { Session } from './session.js';

/** Commands settled in one message. */
const MAX_SETTLED = 1_000;

/** A session, and the gateway that has it. */
type Addressee = Pick<Session, 'id' | 'gateway'>;

/** What the owner of a group says to the gateways: on `.out` for all live sessions, on that of a session for one. */
export class OutStream {
  /** Position after the last ASDU published for all. */
  broadcastEnd: number;
  /** How old what is published for all is now, see ageCode. */
  age = 0;

  constructor(
    private readonly bus: Bus,
    private readonly subjects: GroupSubjects,
    private readonly fence: number,
    /** Generation of the log that positions are of. */
    public generation: number,
    from: number,
  ) {
    this.broadcastEnd = from;
  }

  // ---- for all ------------------------------------------------------------------------------------------------------

  /** The `count` APDUs in `octets[start..end)`, to every live session. */
  broadcast(octets: Uint8Array, start: number, end: number, first: number, count: number, patched: boolean): void {
    const { fence, generation, age, broadcastEnd: from } = this;
    const flags = patched ? OutFlag.PATCH_OA : 0;
    const head = { kind: OutKind.DATA, flags, age, fence, generation, from, first, count };
    this.bus.publish(this.subjects.out, encodeOut(head, octets, start, end));
  }

  /** The log goes on at `position` in the present generation: who expects a later one gets that again. */
  beginAll(position: number): void {
    this.publish(this.subjects.out, OutKind.BEGIN, position, NO_POSITION, 0);
  }

  /** There is nothing more for anybody before `end`. */
  mark(end: number): void {
    this.publish(this.subjects.out, OutKind.MARK, this.broadcastEnd, end, 0);
  }

  // ---- for one ------------------------------------------------------------------------------------------------------

  /** The data of the session begins at `position`. `answers`: number of its STARTED or RESYNC; 0: it did not ask. */
  begin(session: Session, position: number, answers: number): void {
    this.publish(this.subjectOf(session), OutKind.BEGIN, position, NO_POSITION, answers);
  }

  /** The `count` APDUs in `octets[start..end)` of the log, to a session that catches up. */
  replay(session: Session, octets: Uint8Array, start: number, end: number, first: number, count: number): void {
    const { fence, generation } = this;
    const flags = OutFlag.PATCH_OA;
    const head = { kind: OutKind.DATA, flags, fence, generation, from: session.dataEnd, first, count };
    this.bus.publish(this.subjectOf(session), encodeOut(head, octets, start, end));
    session.dataEnd = first + count;
  }

  /** The APDU in `octets[start..end)`, which is not for all, to one session. Its master sees `ownOa` in it. */
  answer(session: Session, octets: Uint8Array, start: number, end: number, position: number, ownOa: number): void {
    const { fence, generation } = this;
    // A live session has got what was published for all; one that catches up only what was sent to it.
    const from = session.live ? Math.max(session.dataEnd, this.broadcastEnd) : session.dataEnd;
    const head = { kind: OutKind.DATA, fence, generation, from, first: position, count: 1 };
    const message = encodeOut(head, octets, start, end);
    message[OUT_PREAMBLE_OCTETS + APDU_OA_OFFSET] = ownOa;
    this.bus.publish(this.subjectOf(session), message);
    session.dataEnd = position + 1;
  }

  /** From `position` on the session takes what is published for all. */
  join(session: Session, position: number): void {
    this.publish(this.subjectOf(session), OutKind.JOIN, session.dataEnd, position, 0);
  }

  /** The router's own answer to a command of the session. */
  own(session: Addressee, command: number, asdu: Uint8Array): void {
    const { fence, generation } = this;
    const head = { kind: OutKind.DATA, flags: OutFlag.ANSWERS, fence, generation, from: command, first: NO_POSITION };
    this.bus.publish(this.subjectOf(session), encodeOut({ ...head, count: 1 }, iFormat(0, 0, asdu)));
  }

  /** These commands of the session are over. `answered`: by the router itself. */
  settled(session: Addressee, commands: readonly number[], answered: boolean): void {
    for (let at = 0; at < commands.length; at += MAX_SETTLED) {
      const some = commands.slice(at, at + MAX_SETTLED);
      this.bus.publish(this.subjectOf(session), encodeSettled(this.fence, some, answered));
    }
  }

  close(session: Addressee, code: MasterEnd, message: string): void {
    const text = `${code} ${message}`;
    this.bus.publish(this.subjectOf(session), encodeOutText(OutKind.CLOSE, this.fence, text));
  }

  /** Another connection of its master took over. */
  standby(session: Session, message: string): void {
    this.bus.publish(this.subjectOf(session), encodeOutText(OutKind.STANDBY, this.fence, `standby ${message}`));
  }

  private subjectOf({ id, gateway }: Addressee): string {
    return this.subjects.outTo(id, busNameOf(gateway));
  }

  private publish(subject: string, kind: OutKind, from: number, first: number, count: number): void {
    const { fence, generation } = this;
    this.bus.publish(subject, encodeOut({ kind, fence, generation, from, first, count }));
  }
}
