import { TypeId } from '@iec104mm2ss/iec104';
import { COMMAND_DEADLINE_MS, PATH_TEST_MS } from '@iec104mm2ss/wire';
import { asduKey, describe, requestKey } from './asdu-key.ts';
import type { FaultsLog } from './faults-log.ts';
import type { Violations } from './violations.ts';

/** What a deadline may be missed by: timers, rounding, one way through the network. */
const SLACK_MS = 600;
/** Interrogations and reads change nothing: the product lets them wait for their turn, see services/router/src/rules.ts. */
const QUESTION_DEADLINE_MS = 60_000;
const QUESTIONS: ReadonlySet<number> = new Set([TypeId.C_IC_NA_1, TypeId.C_CI_NA_1, TypeId.C_RD_NA_1]);

export interface GivenCommand {
  readonly id: number;
  readonly group: string;
  readonly master: string;
  /** Of this connection of the master. */
  readonly session: number;
  readonly asdu: Uint8Array;
  readonly key: string;
  readonly isSelect: boolean;
  readonly sentAt: number;
  /** When a gateway has read it, and which process that was. */
  readAt: number | undefined;
  gateway: string | undefined;
  /** When it came to the RTU. */
  readonly arrivedAt: number[];
  executedAt: number | undefined;
  /** Answers of the RTU that went out, and answers that its master has got: causes with P/N. */
  readonly rtuAnswers: number[];
  readonly answers: number[];
  /** The master was told P/N = 1, and not by the RTU. */
  refusedAt: number | undefined;
}

/** Every command that masters gave, and what became of it. */
export class CommandBook {
  readonly all: GivenCommand[] = [];
  /** By key, those that have not come to the RTU yet; the oldest first. */
  private readonly open = new Map<string, GivenCommand[]>();

  constructor(
    private readonly now: () => number,
    private readonly violations: Violations,
    private readonly faults: FaultsLog,
  ) {}

  get(id: number): GivenCommand | undefined {
    return this.all[id];
  }

  give(group: string, master: string, session: number, asdu: Uint8Array, isSelect: boolean): GivenCommand {
    const command: GivenCommand = {
      id: this.all.length,
      group,
      master,
      session,
      asdu,
      key: `${group} ${asduKey(asdu)}`,
      isSelect,
      sentAt: this.now(),
      readAt: undefined,
      gateway: undefined,
      arrivedAt: [],
      executedAt: undefined,
      rtuAnswers: [],
      answers: [],
      refusedAt: undefined,
    };
    this.all.push(command);
    const same = this.open.get(command.key);
    if (same === undefined) this.open.set(command.key, [command]);
    else same.push(command);
    return command;
  }

  /** The RTU has given this answer to this command, or to one that looks like it. */
  rtuAnswered(command: GivenCommand, cause: number, negative: boolean): boolean {
    const answer = negative ? cause + NEGATIVE : cause;
    return this.all.some(({ key, rtuAnswers }) => key === command.key && rtuAnswers.includes(answer));
  }

  /** No other command looks like it. */
  isUnique(command: GivenCommand): boolean {
    return this.all.filter(({ key }) => key === command.key).length === 1;
  }

  /** A command has come to the RTU: whose is it? */
  arrived(group: string, asdu: Uint8Array): GivenCommand | undefined {
    const key = `${group} ${asduKey(asdu)}`;
    const waiting = this.open.get(key) ?? [];
    // Equal ones cannot be told apart: one that may come now is taken if there is any.
    const inTime = (candidate: GivenCommand): boolean =>
      candidate.readAt !== undefined && this.now() <= deadlineOf(candidate) + SLACK_MS;
    const command =
      waiting.find((candidate) => candidate.refusedAt === undefined && inTime(candidate)) ??
      waiting.find(({ refusedAt, readAt }) => refusedAt === undefined && readAt !== undefined) ??
      waiting[0];
    if (command === undefined) {
      const known = this.all.findLast((candidate) => candidate.key === key);
      if (known === undefined) this.violations.add('unknownCommand', `the RTU of ${group} got ${describe(asdu)}`);
      else this.violations.add('twice', `the RTU of ${group} got c${known.id} again: ${describe(asdu)}`);
      return undefined;
    }
    waiting.splice(waiting.indexOf(command), 1);
    command.arrivedAt.push(this.now());
    if (command.refusedAt !== undefined) {
      this.violations.add('refusal', `c${command.id} of ${command.master} was refused and came to the RTU`);
    }
    this.checkDeadline(command);
    return command;
  }

  /** An answer came to a master. Returns the command that it answers. */
  answered(group: string, master: string, session: number, asdu: Uint8Array, cause: number, negative: boolean) {
    const mine = this.all.filter((command) => command.group === group && command.master === master);
    const same = (command: GivenCommand): boolean => sameRequest(command.asdu, asdu);
    const open = mine.filter((command) => command.session === session && same(command));
    const command =
      open.find((candidate) => !candidate.answers.includes(cause) && candidate.arrivedAt.length > 0 !== negative) ??
      open.find(({ answers }) => !answers.includes(cause)) ??
      open.at(-1);
    if (command === undefined) {
      const other = this.all.findLast((candidate) => candidate.group === group && same(candidate));
      const whose = other === undefined ? 'nobody' : `${other.master} (c${other.id})`;
      const before = mine.some(same) ? ', which gave it on an earlier connection' : '';
      this.violations.add('answer', `${master}${before} got the answer to a command of ${whose}: ${describe(asdu)}`);
      return undefined;
    }
    command.answers.push(cause);
    if (negative && !this.rtuAnswered(command, cause, true) && command.refusedAt === undefined) {
      command.refusedAt = this.now();
      if (command.arrivedAt.length > 0) {
        this.violations.add('refusal', `c${command.id} of ${master} came to the RTU and was refused then`);
      }
    }
    return command;
  }

  private checkDeadline(command: GivenCommand): void {
    const { id, master, sentAt } = command;
    const now = this.now();
    const deadline = deadlineOf(command);
    if (now <= deadline + SLACK_MS) return;
    const late = `c${id} of ${master} came to the RTU ${((now - deadline) / 1000).toFixed(1)} s after its deadline`;
    // What was written to a path that is stuck may still pass until the link is reset.
    if (now <= deadline + PATH_TEST_MS + SLACK_MS && this.faults.between(sentAt, now, STUCK)) return;
    // Nobody resets a path while its connector is stopped or gone: its system sends what it was given.
    if (this.faults.between(sentAt, now, STUCK) && this.faults.between(sentAt, now, HELPLESS)) return;
    this.violations.add('late', late);
  }
}

/** Added to a cause whose answer had P/N = 1. */
export const NEGATIVE = 0x40;
const STUCK = ['rtu path stalled'];
const HELPLESS = ['connector paused', 'connector crashed', 'connector slow'];

function deadlineOf({ readAt, sentAt, asdu }: GivenCommand): number {
  return (readAt ?? sentAt) + (QUESTIONS.has(asdu[0] as number) ? QUESTION_DEADLINE_MS : COMMAND_DEADLINE_MS);
}

function sameRequest(command: Uint8Array, answer: Uint8Array): boolean {
  if (requestKey(command) === requestKey(answer)) return true;
  // An answer to CA 65535 has the CA of a station, one to C_RD is another type.
  if (command[0] !== answer[0] || command[4] !== 0xff || command[5] !== 0xff) return false;
  const [a, b] = [Buffer.from(command), Buffer.from(answer)];
  return requestKey(a.fill(0, 4, 6)) === requestKey(b.fill(0, 4, 6));
}
