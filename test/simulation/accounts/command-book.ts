import { TypeId } from '@iec104mm2ss/iec104';
import { COMMAND_DEADLINE_MS, PATH_TEST_MS } from '@iec104mm2ss/wire';
import { asduKey, describe, requestKey } from './asdu-key.ts';
import type { FaultsLog } from './faults-log.ts';
import type { Violations } from './violations.ts';

/** What a deadline may be missed by: timers, rounding, one way through the network. */
const SLACK_MS = 600;
/** An answer of the RTU may be on its way for so long. */
const UNDER_WAY_MS = 500;
/** An answer of the RTU that takes longer is perhaps not awaited any more. */
const GIVEN_UP_MS = 4_000;
/** Interrogations and reads change nothing: the product lets them wait for their turn, see services/router/src/rules.ts. */
const QUESTION_DEADLINE_MS = 60_000;
const QUESTIONS: ReadonlySet<number> = new Set([TypeId.C_IC_NA_1, TypeId.C_CI_NA_1, TypeId.C_RD_NA_1]);

export interface GivenCommand {
  readonly id: number;
  readonly group: string;
  readonly master: string;
  /** Of this connection of the master: which one, its `address:port`, and the number of the command on it, from 1. */
  readonly session: number;
  readonly peer: string;
  readonly number: number;
  readonly asdu: Uint8Array;
  readonly key: string;
  readonly isSelect: boolean;
  /** Its master has the right to it. */
  readonly isAllowed: boolean;
  /** Another connection of its master had taken over: the gateway takes it for a broken rule. */
  isStray: boolean;
  /** When it came to the RTU, another master was waiting for the same. */
  ambiguous: boolean;
  readonly sentAt: number;
  /** When a gateway has read it, and which process that was. */
  readAt: number | undefined;
  gateway: string | undefined;
  /** When it came to the RTU. */
  readonly arrivedAt: number[];
  executedAt: number | undefined;
  /** Answers of the RTU that went out, and answers that its master has got: causes with P/N. */
  readonly rtuAnswers: number[];
  rtuAnsweredAt: number | undefined;
  readonly answers: number[];
  answeredAt: number | undefined;
  /** The master was told P/N = 1, and not by the RTU. */
  refusedAt: number | undefined;
}

/** When a group was in observe mode. */
interface Observed {
  readonly group: string;
  /** False: it may have been, nobody has ordered it. */
  readonly certain: boolean;
  readonly from: number;
  to: number;
}

/** What comes so shortly after the beginning, or before the end, may be judged by the state of before, or of after. */
const OBSERVE_MARGIN_MS = 6_000;

/** An answer of the RTU, as `asduKey` tells it apart, and how often it came to a master. */
export interface AnswerOfRtu {
  readonly group: string;
  readonly master: string;
  readonly key: string;
  readonly asdu: Uint8Array;
  readonly cameAt: number[];
}

/** Every command that masters gave, and what became of it. */
export class CommandBook {
  readonly all: GivenCommand[] = [];
  /** What masters got that their RTUs have said. */
  readonly answersOfRtu = new Map<string, AnswerOfRtu>();
  private readonly observed: Observed[] = [];
  /** By key, those that have not come to the RTU yet; the oldest first. */
  private readonly open = new Map<string, GivenCommand[]>();

  constructor(
    private readonly now: () => number,
    private readonly violations: Violations,
    private readonly faults: FaultsLog,
    private readonly mayControl: (master: string) => boolean = () => true,
  ) {}

  /** Observe mode of a group has begun, for certain or perhaps, or ends now. */
  observe(group: string, on: boolean, certain = true): void {
    if (on) this.observed.push({ group, certain, from: this.now(), to: Infinity });
    for (const period of this.observed) if (!on && period.group === group) period.to = Math.min(period.to, this.now());
  }

  /** It may have been read in observe mode; or for certain. */
  wasObserved({ group, readAt, asdu }: GivenCommand, forCertain: boolean): boolean {
    const marginMs = forCertain ? OBSERVE_MARGIN_MS : -OBSERVE_MARGIN_MS;
    const isIn = ({ from, to }: Observed, at: number): boolean => at >= from + marginMs && at <= to - marginMs;
    if (QUESTIONS.has(asdu[0] as number) || readAt === undefined) return false;
    return this.observed.some(
      (period) => period.group === group && (period.certain || !forCertain) && isIn(period, readAt),
    );
  }

  get(id: number): GivenCommand | undefined {
    return this.all[id];
  }

  /**
   * `master/session` that gave the command. Undefined when nobody can know whom the RTU answers, because it had a question of
   * somebody else to answer at the same time, which was given up.
   *
   * @param saysForWhom the RTU may mirror OAs: only questions that look alike count, for the product has to see first that it
   *   does. Without that all of the same type do.
   */
  askerOf(id: number, saysForWhom: boolean): string | undefined {
    const command = this.all[id];
    if (command === undefined || command.ambiguous) return undefined;
    const isRival = (other: GivenCommand): boolean =>
      other.group === command.group &&
      (other.ambiguous || other.master !== command.master || other.session !== command.session) &&
      (saysForWhom ? isAlike(other.asdu, command.asdu) : other.asdu[0] === command.asdu[0]) &&
      wereOpenTogether(other, command);
    return this.all.some(isRival) ? undefined : `${command.master}/${command.session}`;
  }

  give(
    by: Pick<GivenCommand, 'group' | 'master' | 'session' | 'peer'>,
    asdu: Uint8Array,
    isSelect: boolean,
  ): GivenCommand {
    const { group, master, session } = by;
    const command: GivenCommand = {
      ...by,
      id: this.all.length,
      number: 1 + this.all.filter((other) => other.master === master && other.session === session).length,
      asdu,
      key: `${group} ${asduKey(asdu)}`,
      isSelect,
      isAllowed: QUESTIONS.has(asdu[0] as number) || this.mayControl(master),
      ambiguous: false,
      isStray: false,
      sentAt: this.now(),
      readAt: undefined,
      gateway: undefined,
      arrivedAt: [],
      executedAt: undefined,
      rtuAnswers: [],
      rtuAnsweredAt: undefined,
      answers: [],
      answeredAt: undefined,
      refusedAt: undefined,
    };
    this.all.push(command);
    const same = this.open.get(command.key);
    if (same === undefined) this.open.set(command.key, [command]);
    else same.push(command);
    return command;
  }

  /** No other command looks like it. */
  isUnique(command: GivenCommand): boolean {
    return this.all.filter(({ key }) => key === command.key).length === 1;
  }

  /** A command has come to the RTU: whose is it? */
  arrived(group: string, asdu: Uint8Array): GivenCommand | undefined {
    const key = `${group} ${asduKey(asdu)}`;
    const waiting = this.open.get(key) ?? [];
    // Equal ones cannot be told apart: one that may come now is taken if there is any, of a connection in use if possible.
    const inTime = (candidate: GivenCommand): boolean =>
      candidate.readAt !== undefined && candidate.refusedAt === undefined && this.isInTime(candidate);
    const command =
      waiting.find((candidate) => inTime(candidate) && !this.hasNewerConnection(candidate)) ??
      waiting.find(inTime) ??
      waiting.find(({ refusedAt, readAt }) => refusedAt === undefined && readAt !== undefined) ??
      waiting[0];
    if (command === undefined) {
      const known = this.all.findLast((candidate) => candidate.key === key);
      if (known === undefined) this.violations.add('unknownCommand', `the RTU of ${group} got ${describe(asdu)}`);
      else this.violations.add('twice', `the RTU of ${group} got c${known.id} again: ${describe(asdu)}`);
      return undefined;
    }
    const isForbidden = (each: GivenCommand): boolean => !each.isAllowed || this.wasObserved(each, true);
    if ([...waiting, command].every(isForbidden)) {
      this.violations.add('rights', `c${command.id} of ${command.master} came to the RTU`);
    }
    // It may be any of them, and so may be what comes later: what is left of them is another master's, perhaps.
    const mayBeAnothers = ({ master, ambiguous }: GivenCommand): boolean => ambiguous || master !== command.master;
    if (waiting.some(mayBeAnothers)) for (const each of waiting) each.ambiguous = true;
    waiting.splice(waiting.indexOf(command), 1);
    command.arrivedAt.push(this.now());
    if (command.refusedAt !== undefined) {
      this.violations.add('refusal', `c${command.id} of ${command.master} was refused and came to the RTU`);
    }
    this.checkDeadline(command);
    return command;
  }

  /**
   * An answer came to a master. `byRtu`: it is the RTU's, to this command as far as known; undefined: it is the product's own.
   * Returns the command that it answers.
   */
  answered(
    by: { readonly group: string; readonly master: string; readonly session: number },
    asdu: Uint8Array,
    cause: number,
    byRtu: { readonly command: number | undefined } | undefined,
    negative: boolean,
  ): GivenCommand | undefined {
    const command = this.answeredCommand(by, asdu, cause, byRtu);
    if (command === undefined) {
      this.violations.add('answer', this.strange(by, asdu, byRtu?.command));
      return undefined;
    }
    command.answers.push(cause);
    if (byRtu !== undefined) this.countAnswer(by.group, by.master, asdu);
    command.answeredAt = this.now();
    if (byRtu === undefined && negative && command.refusedAt === undefined) {
      command.refusedAt = this.now();
      if (command.arrivedAt.length > 0 && !command.ambiguous && !this.mayBeLateForAnother(command, asdu)) {
        this.violations.add('refusal', `c${command.id} of ${by.master} came to the RTU and was refused then`);
      }
    }
    return command;
  }

  /**
   * The RTU has refused one like it so late that nobody waited for that any more: then it looks like the answer to this one. So it
   * does when this one was answered that late, and the other one was taken to be confirmed by that.
   */
  private mayBeLateForAnother(command: GivenCommand, answer: Uint8Array): boolean {
    const { id, group, arrivedAt } = command;
    const since = arrivedAt[0] ?? Infinity;
    return this.all.some((other) => {
      const isSince = (other.rtuAnsweredAt ?? -Infinity) >= since;
      const hasRefused = other.rtuAnswers.some((cause) => (cause & NEGATIVE) !== 0);
      const isLike = other.id !== id && other.group === group && sameRequest(other.asdu, answer);
      return isSince && hasRefused && isLike && (wasGivenUp(other) || wasGivenUp(command));
    });
  }

  private countAnswer(group: string, master: string, asdu: Uint8Array): void {
    const key = asduKey(asdu);
    const id = `${group} ${master} ${key}`;
    const known = this.answersOfRtu.get(id);
    if (known !== undefined) known.cameAt.push(this.now());
    else this.answersOfRtu.set(id, { group, master, key, asdu: Uint8Array.from(asdu), cameAt: [this.now()] });
  }

  private answeredCommand(
    by: { readonly group: string; readonly master: string; readonly session: number },
    asdu: Uint8Array,
    cause: number,
    byRtu: { readonly command: number | undefined } | undefined,
  ): GivenCommand | undefined {
    const isMine = ({ group, master, session }: GivenCommand): boolean =>
      group === by.group && master === by.master && session === by.session;
    const known = byRtu?.command === undefined ? undefined : this.all[byRtu.command];
    if (known !== undefined && isMine(known)) return known;
    const like = this.all.filter((command) => isMine(command) && sameRequest(command.asdu, asdu));
    // The product refuses with the CA of the command; an RTU answers one to CA 65535 with that of a station.
    const isExact = (command: GivenCommand): boolean => requestKey(command.asdu) === requestKey(asdu);
    const exact = like.filter(isExact);
    const others = like.filter((command) => !isExact(command));
    const open = byRtu === undefined && exact.length > 0 ? exact : [...exact, ...others];
    const waits = ({ answers }: GivenCommand): boolean => !answers.includes(cause);
    return (
      open.find((command) => waits(command) && command.arrivedAt.length > 0 === (byRtu !== undefined)) ??
      // That one has come was a guess.
      open.find((command) => waits(command) && command.ambiguous && byRtu === undefined) ??
      open.find(waits) ??
      open.at(-1)
    );
  }

  private strange(
    { group, master }: { readonly group: string; readonly master: string },
    asdu: Uint8Array,
    known: number | undefined,
  ): string {
    const same = (command: GivenCommand): boolean => command.group === group && sameRequest(command.asdu, asdu);
    const other = known === undefined ? this.all.findLast(same) : this.all[known];
    const whose = other === undefined ? 'nobody' : `${other.master} (c${other.id})`;
    const before = other?.master === master ? ', on an earlier connection' : '';
    return `${master} got the answer to a command of ${whose}${before}: ${describe(asdu)}`;
  }

  private hasNewerConnection({ master, session }: GivenCommand): boolean {
    return this.all.some((other) => other.master === master && other.session > session);
  }

  private checkDeadline(command: GivenCommand): void {
    if (this.isInTime(command)) return;
    // Which of equal commands has come, and which was refused, is a guess.
    if (this.all.some((other) => other.key === command.key && other.readAt !== undefined && this.isInTime(other)))
      return;
    const lateS = (this.now() - deadlineOf(command)) / 1_000;
    this.violations.add(
      'late',
      `c${command.id} of ${command.master} came to the RTU ${lateS.toFixed(1)} s after its deadline`,
    );
  }

  private isInTime(command: GivenCommand): boolean {
    const now = this.now();
    const deadline = deadlineOf(command);
    if (now <= deadline + SLACK_MS) return true;
    if (!this.faults.between(command.sentAt, now, STUCK)) return false;
    // What was written to a path that is stuck may still pass until the link is reset. Nobody resets it while its connector
    // is stopped or gone: its system sends what it was given.
    return now <= deadline + PATH_TEST_MS + SLACK_MS || this.faults.between(command.sentAt, now, HELPLESS);
  }
}

/** Added to a cause whose answer had P/N = 1. */
export const NEGATIVE = 0x40;
const STUCK = ['rtu path stalled'];
const HELPLESS = ['connector paused', 'connector crashed', 'connector slow'];

function deadlineOf({ readAt, sentAt, asdu }: GivenCommand): number {
  return (readAt ?? sentAt) + (QUESTIONS.has(asdu[0] as number) ? QUESTION_DEADLINE_MS : COMMAND_DEADLINE_MS);
}

function wasGivenUp({ arrivedAt: [at = Infinity], rtuAnsweredAt = -Infinity }: GivenCommand): boolean {
  return rtuAnsweredAt - at > GIVEN_UP_MS;
}

/** Both had come to the RTU, and neither answer was over. */
function wereOpenTogether(a: GivenCommand, b: GivenCommand): boolean {
  const [beganA = Infinity] = a.arrivedAt;
  const [beganB = Infinity] = b.arrivedAt;
  const end = ({ rtuAnsweredAt = Infinity }: GivenCommand): number => rtuAnsweredAt + UNDER_WAY_MS;
  return Math.max(beganA, beganB) <= Math.min(end(a), end(b)) && Math.max(beganA, beganB) < Infinity;
}

function isAlike(a: Uint8Array, b: Uint8Array): boolean {
  return sameRequest(a, b) || sameRequest(b, a);
}

function sameRequest(command: Uint8Array, answer: Uint8Array): boolean {
  if (requestKey(command) === requestKey(answer)) return true;
  // An answer to CA 65535 has the CA of a station, one to C_RD is another type.
  if (command[0] !== answer[0] || command[4] !== 0xff || command[5] !== 0xff) return false;
  const [a, b] = [Buffer.from(command), Buffer.from(answer)];
  return requestKey(a.fill(0, 4, 6)) === requestKey(b.fill(0, 4, 6));
}
