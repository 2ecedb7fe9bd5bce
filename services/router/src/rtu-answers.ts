import { AsduView, Cause, isCommandAnswer, isInterrogated } from '@iec104mm2ss/iec104';
import type { Answered, CommandAnswers, NobodysReason } from './command-answers.js';
import type { Participant, RecordOrigin } from './command-context.js';
import type { CommandCounters } from './command-counters.js';
import type { CommandOwnership } from './command-ownership.js';
import type { NotForwarded } from './not-forwarded.js';
import type { RoutingRules } from './routing.js';
import { isFileTransfer } from './rules.js';

const NOBODY: readonly Participant[] = [];

const TEXTS: Readonly<Record<NobodysReason, string>> = {
  no_command: 'answer of the RTU belongs to no command: not forwarded',
  several_masters: 'answer of the RTU may be to commands of several masters: not forwarded',
  passed_on_before: 'answer of the RTU was passed on by an earlier router: not forwarded again',
  master_left: 'answer of the RTU to a master that has left: not forwarded',
};

export interface RtuAnswerParts {
  readonly ownership: CommandOwnership;
  readonly answers: CommandAnswers;
  readonly counters: CommandCounters;
  readonly notForwarded: NotForwarded;
  /** Objects of interrogations and of reads go to the master that asked only, where that is certain. */
  readonly toOriginator: boolean;
  /** True for what an earlier owner of the group has dealt with. */
  isFromBefore(position: number, record: RecordOrigin): boolean;
}

/** Who gets what the RTU says that is not for all, and what it means to the commands under way. */
export class RtuAnswers implements RoutingRules {
  /** Answers were routed: those to what is restored later may have been among them. */
  seen = false;

  constructor(private readonly parts: RtuAnswerParts) {}

  /** Who gets an answer (an ASDU) at this position of the log. */
  answer(asdu: Uint8Array, position: number, record: RecordOrigin): readonly Participant[] {
    const { ownership, answers } = this.parts;
    this.seen = true;
    const view = new AsduView(asdu);
    const receiver = ownership.fileReceiver(view);
    if (receiver !== undefined) return [receiver];
    return this.receivers(answers.answered(asdu, position, record), view, position, record);
  }

  /** Who gets an answer; nobody is counted and logged. */
  private receivers(
    { participants, reason }: Answered,
    view: AsduView,
    position: number,
    record: RecordOrigin,
  ): readonly Participant[] {
    const { counters, notForwarded } = this.parts;
    if (participants.length > 0) return participants;
    if (this.parts.isFromBefore(position, record)) {
      counters.notForwarded.dealt_with_before++;
      return NOBODY;
    }
    counters.notForwarded[reason]++;
    if (reason === 'no_command' || reason === 'several_masters') {
      counters.unmatchedAnswers++;
      notForwarded.warn(view, TEXTS[reason]);
    } else notForwarded.info(view, TEXTS[reason]);
    return NOBODY;
  }

  /** Who gets what is for those who asked for it. Empty: they have left; undefined: nobody is known to have asked. */
  asked(asdu: Uint8Array, position: number, record: RecordOrigin): readonly Participant[] | undefined {
    const { ownership, answers, counters } = this.parts;
    const view = new AsduView(asdu);
    const { typeId, cot, ca, oa } = view;
    if (isFileTransfer(typeId)) {
      const receiver = ownership.fileReceiver(view);
      return receiver === undefined ? undefined : [receiver];
    }
    if (isInterrogated(cot)) {
      const asked = answers.interrogators(cot, ca, oa);
      if (asked?.length === 0 && !this.parts.isFromBefore(position, record)) {
        counters.notForwarded.master_left++;
        this.parts.notForwarded.info(view, 'object of an interrogation whose master has left: not forwarded');
      }
      return asked;
    }
    if (isCommandAnswer(cot)) {
      this.seen = true;
      return this.receivers(answers.answered(asdu, position, record), view, position, record);
    }
    const readers = cot === Cause.REQ ? this.requested(asdu, position, record) : undefined;
    return answers.requested(asdu, position, record) ?? (this.parts.toOriginator ? readers : undefined);
  }

  /** An object with an interrogation's cause passed to all masters: the interrogation is alive. */
  interrogated(cot: number, ca: number): void {
    this.parts.answers.interrogation(cot, ca);
  }

  /** Requested objects (COT 5) passed: the read commands that they answer are over. Who gave those, if that is certain. */
  requested(asdu: Uint8Array, position: number, record: RecordOrigin): readonly Participant[] | undefined {
    this.seen = true;
    return this.parts.answers.readAnswered(asdu, position, record);
  }

  /** M_EI_NA_1: masters have had the one of their gateway. */
  initialized(asdu: Uint8Array, position: number, record: RecordOrigin): void {
    if (this.parts.isFromBefore(position, record)) {
      this.parts.counters.notForwarded.dealt_with_before++;
      return;
    }
    this.parts.counters.notForwarded.initialization++;
    this.parts.notForwarded.info(new AsduView(asdu), 'the RTU has ended its initialization: not forwarded');
  }
}
