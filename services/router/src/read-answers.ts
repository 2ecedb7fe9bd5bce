import { commandObjects, TypeId } from '@iec104mm2ss/iec104';
import type { AnswerParts } from './command-answers.js';
import type { Participant, RecordOrigin } from './command-context.js';
import { laneOf } from './command-lanes.js';
import { INTERROGATION_TIMEOUT_MS, mayAnswer, Seen, type Transaction } from './command-transaction.js';

/** What an ASDU of requested objects (COT 5) is to the read commands (C_RD_NA_1). */
export interface ReadAnswer {
  /** Those under way that it answers. */
  readonly ended: readonly Transaction[];
  /** Who asked for one of its objects; undefined when nobody is known to have, or they have left. */
  readonly readers: readonly Participant[] | undefined;
}

/** Such an answer ends a read. */
const HAD_ALL = Seen.TERMINATION | Seen.REFUSAL;

/** Read commands are answered with the object itself, whatever its type. Times are monotonic. */
export class ReadAnswers {
  constructor(private readonly parts: Pick<AnswerParts, 'lanes' | 'memory' | 'habits' | 'clock'>) {}

  /**
   * An ASDU with COT 5 came. It may hold other objects besides the one that was read, and answers one read of each master for
   * each. Reads that were given up without an answer may get theirs late: then nobody knows whose it is, and all get it that
   * have asked for it within the last minute. What else comes once more is for who has had it last.
   */
  answered(asdu: Uint8Array, position: number, record: RecordOrigin): ReadAnswer {
    const ended: Transaction[] = [];
    const all: Transaction[] = [];
    for (const { ca, ioa } of commandObjects(asdu)) {
      const isPossible = (transaction: Transaction): boolean => mayAnswer(transaction, position, record);
      const active = firstOfEach(this.parts.lanes.active(TypeId.C_RD_NA_1, ca, ioa).filter(isPossible));
      const over = this.parts.memory.overAt(TypeId.C_RD_NA_1, ca, ioa).filter(isPossible);
      const unanswered = over.filter(({ seen }) => ((seen.get(ca) ?? 0) & HAD_ALL) === 0);
      // Of each master one read is answered. The others may get theirs yet.
      for (const transaction of firstOfEach([...active, ...unanswered])) {
        this.note(transaction, ca, active.includes(transaction));
      }
      ended.push(...active);
      if (over.some((transaction) => isLate(transaction, ca))) all.push(...active, ...over);
      else all.push(...(active.length > 0 ? active : this.last(over, ca)));
    }
    const sessions = new Map(
      all.flatMap(({ participants }) => participants).map((participant) => [participant.session, participant]),
    );
    return { ended, readers: sessions.size === 0 ? undefined : [...sessions.values()] };
  }

  private note(transaction: Transaction, ca: number, isInTime: boolean): void {
    const { habits, clock } = this.parts;
    const { seen } = transaction;
    // Stations read from memory: how soon they do says nothing of commands.
    habits.heard(laneOf(transaction));
    const all = Seen.FIRST | Seen.TERMINATION | (isInTime ? Seen.OVER : 0);
    seen.set(ca, (seen.get(ca) ?? 0) | all);
    transaction.heardAt = clock.now();
  }

  /** Those that had the last one, if that is not long ago. */
  private last(over: readonly Transaction[], ca: number): readonly Transaction[] {
    const answered = over.filter(({ seen }) => ((seen.get(ca) ?? 0) & Seen.TERMINATION) !== 0);
    const latest = Math.max(...answered.map(({ heardAt }) => heardAt));
    if (latest <= this.parts.clock.now() - INTERROGATION_TIMEOUT_MS) return [];
    return answered.filter(({ heardAt }) => heardAt === latest);
  }
}

/** The first one of each master. */
function firstOfEach(transactions: readonly Transaction[]): Transaction[] {
  const owners = new Set<number>();
  return transactions.filter(({ owner }) => !owners.has(owner) && owners.add(owner));
}

/** It was given up, whether its object came afterwards or not. */
function isLate({ seen }: Transaction, ca: number): boolean {
  return ((seen.get(ca) ?? 0) & (Seen.OVER | Seen.REFUSAL)) === 0;
}
