import { APCI_OCTETS, forEachApdu } from '@iec104mm2ss/iec104';
import type { LogPlace, LogRecord } from '@iec104mm2ss/wire';
import type { Participant } from './command-context.js';
import type { Session } from './session.js';

/** Longer than a log needs until what it had not stored is appended again. */
const REMEMBERED_MS = 60_000;

interface Voided {
  readonly participants: readonly Participant[];
  /** Where it was. */
  readonly generation: number;
  readonly position: number;
}

/**
 * What was routed to those who had asked for it, and is no part of the log any more because that lost its end. The connector
 * appends again what it does not know to be stored: then it answers nothing new, and who has got it does not get it once more.
 * Records that are appended again are the same but for their positions.
 */
export class VoidedAnswers {
  private byKey = new Map<string, Voided>();
  private since = 0;

  /**
   * The log goes on at `begins` in a later generation.
   *
   * @param records what was routed from there on, of `generation`, as far as it is known
   * @param audience who got an ASDU; undefined: everybody
   */
  cut(
    records: readonly LogRecord[],
    begins: number,
    generation: number,
    audience: (octets: Uint8Array, at: number, position: number) => readonly Participant[] | undefined,
    now: number,
  ): void {
    this.since = now;
    for (const record of records) {
      const { octets, apdusAt, first } = record;
      forEachApdu(octets, apdusAt, octets.length, (at, next, index) => {
        const position = first + index;
        const participants = position < begins ? undefined : audience(octets, at, position);
        if (participants === undefined || participants.length === 0) return;
        this.byKey.set(keyOf(record, at, next, position), { participants, generation, position });
      });
    }
  }

  /** Who got the ASDU when it was routed before; undefined when it was not. */
  audience(record: LogRecord, at: number, next: number, position: number): readonly Participant[] | undefined {
    return this.byKey.size === 0 ? undefined : this.byKey.get(keyOf(record, at, next, position))?.participants;
  }

  /** The session has got everything for it before `place`. */
  resumed(session: Session, { generation, position }: LogPlace): void {
    for (const [key, voided] of this.byKey) {
      const isFor = voided.participants.some(({ session: id }) => id === session.id);
      if (isFor && voided.generation === generation && voided.position < position) session.had.add(key);
    }
  }

  /** Whether the session has got the ASDU before. */
  had(session: Session, record: LogRecord, at: number, next: number, position: number): boolean {
    return session.had.size > 0 && session.had.has(keyOf(record, at, next, position));
  }

  /** Call a few times a second. */
  tick(now: number, sessions: Iterable<Session>): void {
    if (this.byKey.size === 0 || now - this.since < REMEMBERED_MS) return;
    this.byKey.clear();
    for (const { had } of sessions) had.clear();
  }
}

/** The same for an ASDU that is appended again, and for no other one. */
function keyOf({ octets, epoch, receivedAt, first }: LogRecord, at: number, next: number, position: number): string {
  const asdu = Buffer.from(octets.buffer, octets.byteOffset + at + APCI_OCTETS, next - at - APCI_OCTETS);
  return `${epoch} ${receivedAt} ${position - first} ${asdu.toString('latin1')}`;
}
