/** Commands of a session that were not settled are stated oldest first: gaps far behind are no gaps any more. */
const MAX_RANGES = 64;
/** How long a session that is over is remembered after its gateway stated it last. */
export const RETIRED_MS = 120_000;
/** Sessions that are over and remembered; the oldest go first. */
export const MAX_RETIRED = 1_000;
/** Commands of one session that ended without a record, see `end`. */
const MAX_ENDED = 200;
/** The router's own answers to commands of one session that are remembered: as many as a gateway keeps commands. */
const MAX_ANSWERS = 2_000;

/**
 * `new`: it never came here. `open`: it waits, is under way, or its record is being stored. `settled`: its record is stored.
 * Otherwise it ended with this outcome, and whether there is a record of it nobody knows.
 */
export type CommandStanding = 'new' | 'open' | 'settled' | { readonly ended: string };

interface Account {
  /** Numbers of the commands that came, as ranges in ascending order that do not touch. */
  readonly taken: [from: number, to: number][];
  readonly open: Set<number>;
  readonly ended: Map<number, string>;
  /** What the router itself said to commands: on its way to the gateway it may be lost. */
  readonly answers: Map<number, Uint8Array>;
  /** Since when the session is over; Infinity while it is there. */
  retiredAt: number;
}

/**
 * Which commands of which session this owner of the group knows, and which of them are settled. So a command that its
 * gateway states can be told from one that got lost, and nothing is done twice.
 */
export class CommandLedger {
  private readonly accounts = new Map<number, Account>();

  get size(): number {
    return this.accounts.size;
  }

  /** A command came. False when it is known: then nothing must be done with it. */
  take(session: number, command: number): boolean {
    const account = this.account(session);
    if (isTaken(account, command)) return false;
    add(account.taken, command);
    account.open.add(command);
    return true;
  }

  standing(session: number, command: number): CommandStanding {
    const account = this.accounts.get(session);
    if (account === undefined || !isTaken(account, command)) return 'new';
    if (account.open.has(command)) return 'open';
    const ended = account.ended.get(command);
    return ended === undefined ? 'settled' : { ended };
  }

  /** A command that had `ended` is to be recorded after all. */
  reopen(session: number, command: number): void {
    const account = this.account(session);
    account.ended.delete(command);
    account.open.add(command);
  }

  settle(session: number, command: number): void {
    const account = this.accounts.get(session);
    account?.open.delete(command);
    account?.ended.delete(command);
  }

  /** A command that an earlier owner has most probably recorded is over: no record is made unless it is stated. */
  end(session: number, command: number, outcome: string): void {
    const account = this.account(session);
    account.open.delete(command);
    account.ended.set(command, outcome);
    if (account.ended.size <= MAX_ENDED) return;
    const [oldest] = account.ended.keys();
    if (oldest !== undefined) account.ended.delete(oldest);
  }

  /** The router itself has answered the command. */
  answered(session: number, command: number, answer: Uint8Array): void {
    const { answers } = this.account(session);
    answers.set(command, answer);
    if (answers.size <= MAX_ANSWERS) return;
    const [oldest] = answers.keys();
    if (oldest !== undefined) answers.delete(oldest);
  }

  /** The router's own answer to the command; undefined: there was none, or it is forgotten. */
  answerTo(session: number, command: number): Uint8Array | undefined {
    return this.accounts.get(session)?.answers.get(command);
  }

  /** The gateway of a session that is over still states it. */
  stated(session: number, now: number): void {
    const account = this.accounts.get(session);
    if (account === undefined) return;
    account.retiredAt = now;
    // The one that was stated last is remembered longest.
    this.accounts.delete(session);
    this.accounts.set(session, account);
  }

  /** Forgets sessions that are over, some time later: their gateways state their last commands for a while. */
  expire(now: number, isThere: (session: number) => boolean): void {
    let retired = 0;
    for (const [session, account] of this.accounts) {
      if (isThere(session)) account.retiredAt = Infinity;
      else {
        retired++;
        if (account.retiredAt === Infinity) account.retiredAt = now;
      }
    }
    for (const [session, { retiredAt }] of this.accounts) {
      if (retiredAt === Infinity || (retired <= MAX_RETIRED && now - retiredAt < RETIRED_MS)) continue;
      this.accounts.delete(session);
      retired--;
    }
  }

  private account(session: number): Account {
    let account = this.accounts.get(session);
    if (account === undefined) {
      account = { taken: [], open: new Set(), ended: new Map(), answers: new Map(), retiredAt: Infinity };
      this.accounts.set(session, account);
    }
    return account;
  }
}

function isTaken({ taken }: Account, command: number): boolean {
  for (let index = taken.length - 1; index >= 0; index--) {
    const [from, to] = taken[index] as [number, number];
    if (command > to) return false;
    if (command >= from) return true;
  }
  return false;
}

/** Adds a number that no range holds. */
function add(ranges: [from: number, to: number][], command: number): void {
  let index = ranges.length;
  while (index > 0 && (ranges[index - 1] as [number, number])[0] > command) index--;
  const before = ranges[index - 1];
  const after = ranges[index];
  const joinsBefore = before !== undefined && before[1] === command - 1;
  const joinsAfter = after !== undefined && after[0] === command + 1;
  if (joinsBefore && joinsAfter) {
    before[1] = after[1];
    ranges.splice(index, 1);
  } else if (joinsBefore) before[1] = command;
  else if (joinsAfter) after[0] = command;
  else ranges.splice(index, 0, [command, command]);
  if (ranges.length > MAX_RANGES) {
    const [first, second] = ranges as [[number, number], [number, number]];
    ranges.splice(0, 2, [first[0], second[1]]);
  }
}
