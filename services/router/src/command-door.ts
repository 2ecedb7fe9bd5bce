import { AsduView, Cause, commandClass, confirmationOf, TypeId, typeName } from '@iec104mm2ss/iec104';
import { type Logger, type SecurityEventName, securityEvent } from '@iec104mm2ss/observability';
import type { ClockRule } from './clock-rule.js';
import type { ObserveMode } from './observe.js';
import type { MasterRights, RightsHolder } from './rights.js';
import { isFileTransfer } from './rules.js';

/** Who gives a command. */
export interface DoorSession extends RightsHolder {
  readonly id: number;
  /** `address:port`. */
  readonly peer: string;
}

/** Which rule refused. */
export type DoorRule = 'rights' | 'observe' | 'clock';

/** `refused`: answered with this cause and P/N = 1; `answered`: with this ASDU, and the RTU gets nothing. */
export type Verdict =
  | { readonly kind: 'refused'; readonly cause: number; readonly reason: string }
  | { readonly kind: 'answered'; readonly answer: Uint8Array; readonly outcome: string };

const EVENTS: Readonly<Record<DoorRule, readonly [SecurityEventName, text: string]>> = {
  rights: ['command_not_allowed', 'command refused: its master has no right to it'],
  observe: ['command_in_observe_mode', 'command refused: observe mode'],
  clock: ['clock_refused', 'clock synchronisation refused'],
};

/** Said of what is refused in observe mode. */
const OBSERVE_MODE = 'observe mode';

/**
 * The one place where it is decided who may have a command sent: rights of the master, observe mode, the clock rule, in this
 * order. It is asked when a command comes, and once more before it is handed over: what was allowed when it began to wait need
 * not be allowed any more.
 */
export class CommandDoor {
  /** Commands refused, by rule. */
  readonly refused: Record<DoorRule, number> = { rights: 0, observe: 0, clock: 0 };

  constructor(
    private readonly rights: MasterRights,
    private readonly observe: Pick<ObserveMode, 'on'>,
    private readonly clock: ClockRule,
    private readonly logger: Logger,
  ) {}

  /** A command that has passed `checkCommand`; undefined: it goes its way. */
  judge(asdu: Uint8Array, session: DoorSession): Verdict | undefined {
    const notAllowed = this.rights.problemOf(asdu, session);
    if (notAllowed !== undefined) return this.refuse('rights', asdu, session, notAllowed);
    if (this.observe.on && commandClass(asdu) !== 'monitor') return this.refuse('observe', asdu, session, OBSERVE_MODE);
    if (commandClass(asdu) !== 'clock') return undefined;
    const verdict = this.clock.judge(asdu, session.name);
    if (verdict === undefined) return undefined;
    return 'refused' in verdict
      ? this.refuse('clock', asdu, session, verdict.refused)
      : { kind: 'answered', ...verdict };
  }

  /** False: what it has selected it may not execute any more. */
  maySelect(ca: number, ioa: number, session: DoorSession): boolean {
    return !this.observe.on && this.rights.mayControl(ca, ioa, session);
  }

  /** Why a command that had to wait must not be sent now. */
  veto(asdu: Uint8Array, session: DoorSession | undefined): string | undefined {
    const notAllowed = session === undefined ? undefined : this.rights.problemOf(asdu, session);
    if (notAllowed !== undefined) return notAllowed;
    const name = commandClass(asdu);
    if (this.observe.on && name !== 'monitor') return OBSERVE_MODE;
    const verdict = name === 'clock' ? this.clock.judge(asdu, session?.name ?? null) : undefined;
    if (verdict === undefined) return undefined;
    return 'refused' in verdict ? verdict.refused : 'clock = local';
  }

  private refuse(rule: DoorRule, asdu: Uint8Array, session: DoorSession, reason: string): Verdict {
    this.refused[rule]++;
    const { typeId, cot, ca, ioa } = new AsduView(asdu);
    const { id, peer, name, certificateName } = session;
    const identity = certificateName ?? name ?? undefined;
    const [event, text] = EVENTS[rule];
    const fields = { session: id, peer, ...(identity === undefined ? {} : { identity }) };
    securityEvent(this.logger, event, { ...fields, type: typeName(typeId), cot, ca, ioa, reason }, text);
    return { kind: 'refused', cause: refusalCause(typeId, cot), reason };
  }
}

/** The cause with which a master is told: as a station would refuse, with what it expects for this type. */
function refusalCause(typeId: number, cot: number): number {
  // A read has no confirmation: it is told that there is no such object.
  if (typeId === TypeId.C_RD_NA_1) return Cause.UNKNOWN_IOA;
  return isFileTransfer(typeId) ? Cause.FILE : confirmationOf(cot);
}
