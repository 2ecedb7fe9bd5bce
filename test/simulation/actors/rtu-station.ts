import {
  AsduView,
  BROADCAST_CA,
  Cause,
  confirmationOf,
  encodeAsdu,
  isSelect,
  mirror,
  TypeId,
} from '@iec104mm2ss/iec104';
import { describe } from '../accounts/asdu-key.ts';
import { type CommandBook, type GivenCommand, NEGATIVE } from '../accounts/command-book.ts';
import type { EntryKind } from '../accounts/ledger.ts';
import type { OriginatorAccount } from '../accounts/originator-account.ts';
import { isForbidden, isProcessCommand } from '../accounts/refusal-account.ts';
import type { Violations } from '../accounts/violations.ts';
import type { Random } from '../world/random.ts';
import type { RtuHabits } from './rtu-habits.ts';

/** Answers with this OA when it is the constant one. */
const CONSTANT_OA = 3;
const OA_OFFSET = 3;
const CA_OFFSET = 4;
/** Objects of an interrogation begin at this IOA; their values are unique. */
const OBJECT_IOA = 2_000;
const RETURN_IOA = 3_000;

/** A timer may be late by a millisecond. */
const BETWEEN_ANSWERS_MS = 3;

interface Selection {
  readonly command: GivenCommand;
  readonly until: number;
}

export interface StationWorld {
  readonly habits: RtuHabits;
  readonly group: string;
  /** Names the link that it answers on. */
  readonly link: string;
  readonly book: CommandBook;
  readonly originators: OriginatorAccount;
  readonly violations: Violations;
  readonly random: Random;
  now(): number;
  /** The master that gave this select is still there: nobody else may execute what it has selected. */
  isHeld(select: GivenCommand): boolean;
  /** Calls back after a while, unless the link has ended since. */
  later(delayMs: number, run: () => void): void;
  say(asdu: Uint8Array, kind: EntryKind, command: number | undefined): void;
  /** A new number for an event or object. */
  number(): number;
  tell(what: string): void;
}

/** Answers commands as a controlled station does, with the habits it has. */
export class RtuStation {
  lastOa = 0;
  private interrogations = 0;
  private readonly answerAt = new Map<string, number>();
  private readonly selections = new Map<string, Selection>();

  constructor(private readonly world: StationWorld) {}

  onCommand(asdu: Uint8Array): void {
    const { world } = this;
    const view = new AsduView(asdu);
    this.lastOa = view.oa;
    const command = world.book.arrived(world.group, asdu);
    world.tell(`gets ${command === undefined ? 'an unknown command' : `c${command.id}`}`);
    if (command !== undefined && world.book.isUnique(command))
      world.originators.used(world.group, world.link, view.oa, command);
    if (isForbidden(asdu)) world.violations.add('forbidden', `the RTU of ${world.group} got ${describe(asdu)}`);
    const known = world.habits.cas.includes(view.ca);
    const toAll = view.ca === BROADCAST_CA && STATION_COMMANDS.has(view.typeId);
    const [least, most] = world.habits.answerMs;
    const object = `${view.ca} ${view.ioa}`;
    // It decides at once and answers later, what is asked of one object in its order.
    const earliest = (this.answerAt.get(object) ?? 0) + BETWEEN_ANSWERS_MS;
    const answerAt = Math.max(earliest, world.now() + world.random.skewed(least, most));
    this.answerAt.set(object, answerAt);
    const later = (run: () => void): void => world.later(answerAt - world.now(), run);
    if (!known && !toAll) later(() => this.answer(asdu, command, Cause.UNKNOWN_CA, true));
    else if (view.typeId === TypeId.C_IC_NA_1) {
      later(() => this.interrogation(asdu, command, toAll ? world.habits.cas : [view.ca]));
    } else if (view.typeId === TypeId.C_RD_NA_1) later(() => this.read(view, command));
    else if (isProcessCommand(view.typeId)) this.process(asdu, view, command, later);
    else later(() => this.answer(asdu, command, confirmationOf(view.cot), false));
  }

  /** The link is gone, and with it what it was about to answer. */
  reset(): void {
    this.interrogations = 0;
    this.selections.clear();
  }

  private process(
    asdu: Uint8Array,
    view: AsduView,
    command: GivenCommand | undefined,
    later: (run: () => void) => void,
  ): void {
    const { world } = this;
    const { needsSelect, selectMs, executionMs, actTerm } = world.habits;
    const object = `${view.ca} ${view.typeId} ${view.ioa}`;
    const confirm = (negative: boolean): void =>
      later(() => this.answer(asdu, command, confirmationOf(view.cot), negative));
    if (view.cot === Cause.DEACT) {
      confirm(!this.selections.delete(object));
      return;
    }
    const selection = this.selections.get(object);
    const selected = selection !== undefined && selection.until > world.now();
    if (isSelect(asdu)) {
      if (selected) return confirm(true);
      if (command !== undefined) this.selections.set(object, { command, until: world.now() + selectMs });
      return confirm(false);
    }
    if (needsSelect && view.typeId !== TypeId.C_BO_NA_1 && !selected) return confirm(true);
    this.selections.delete(object);
    if (
      selected &&
      command !== undefined &&
      selection.command.master !== command.master &&
      world.isHeld(selection.command)
    ) {
      world.violations.add(
        'select',
        `c${command.id} of ${command.master} executes what ${selection.command.master} has selected (c${selection.command.id})`,
      );
    }
    if (command !== undefined) command.executedAt = world.now();
    confirm(false);
    later(() =>
      world.later(executionMs, () => {
        this.returnInformation(view);
        if (actTerm) this.answer(asdu, command, Cause.ACT_TERM, false);
      }),
    );
  }

  private returnInformation(view: AsduView): void {
    const { world } = this;
    const objects = [{ ioa: RETURN_IOA, value: world.number() }];
    const event = encodeAsdu({ type: 'M_BO_NA_1', cot: Cause.RETREM, ca: this.caOf(view), objects });
    world.say(this.withOa(event, view.oa), 'event', undefined);
  }

  private interrogation(asdu: Uint8Array, command: GivenCommand | undefined, cas: readonly number[]): void {
    const { world } = this;
    const { oneInterrogation, interrogationObjects, actTerm, executionMs } = world.habits;
    for (const ca of cas) {
      const own = withCa(asdu, ca);
      if (oneInterrogation && this.interrogations > 0) {
        this.answer(own, command, Cause.ACT_CON, true);
        continue;
      }
      this.interrogations++;
      this.answer(own, command, Cause.ACT_CON, false);
      const oa = new AsduView(asdu).oa;
      for (let i = 0; i < interrogationObjects; i++) {
        const objects = [{ ioa: OBJECT_IOA + i, value: world.number() }];
        const object = encodeAsdu({ type: 'M_BO_NA_1', cot: Cause.INROGEN, ca, objects });
        world.say(this.withOa(object, oa), 'object', command?.id);
      }
      world.later(executionMs, () => {
        this.interrogations--;
        if (actTerm) this.answer(own, command, Cause.ACT_TERM, false);
      });
    }
  }

  private read(view: AsduView, command: GivenCommand | undefined): void {
    const { world } = this;
    const objects = [{ ioa: view.ioa ?? 0, value: world.number() }];
    const object = encodeAsdu({ type: 'M_BO_NA_1', cot: Cause.REQ, ca: view.ca, objects });
    if (command !== undefined) command.rtuAnswers.push(Cause.REQ);
    world.say(this.withOa(object, view.oa), 'object', command?.id);
  }

  private answer(asdu: Uint8Array, command: GivenCommand | undefined, cause: number, negative: boolean): void {
    const { world } = this;
    if (command !== undefined) {
      command.rtuAnsweredAt ??= world.now();
      command.rtuAnswers.push(negative ? cause + NEGATIVE : cause);
      world.tell(`answers c${command.id}, cause ${cause}${negative ? ', P/N=1' : ''}`);
    }
    world.say(this.withOa(mirror(asdu, cause, negative), new AsduView(asdu).oa), 'answer', command?.id);
  }

  /** Writes the OA that this RTU has the habit to write. */
  private withOa(asdu: Uint8Array, oa: number): Uint8Array {
    const { oa: habit } = this.world.habits;
    asdu[OA_OFFSET] = habit === 'mirror' || habit === 'last' ? oa : habit === 'constant' ? CONSTANT_OA : 0;
    return asdu;
  }

  private caOf(view: AsduView): number {
    return view.ca === BROADCAST_CA ? (this.world.habits.cas[0] as number) : view.ca;
  }
}

const STATION_COMMANDS: ReadonlySet<number> = new Set([
  TypeId.C_IC_NA_1,
  TypeId.C_CI_NA_1,
  TypeId.C_CS_NA_1,
  TypeId.C_RP_NA_1,
]);

function withCa(asdu: Uint8Array, ca: number): Uint8Array {
  const copy = new Uint8Array(asdu);
  copy[CA_OFFSET] = ca & 0xff;
  copy[CA_OFFSET + 1] = ca >> 8;
  return copy;
}
