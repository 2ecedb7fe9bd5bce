import { AsduView, BROADCAST_CA, Cause, sameRequest } from '@iec104mm2ss/iec104';
import type { RecordOrigin } from './command-context.js';
import type { CommandLanes } from './command-lanes.js';
import { mayAnswer, type Transaction } from './command-transaction.js';

/**
 * How this RTU fills the OA of its answers, as learnt from them. One OA that comes back proves nothing: it may be what
 * the RTU always writes. Two do. A single answer with another OA than its command's makes it `opaque`.
 */
export type OaBehaviour = 'unknown' | 'mirrors' | 'opaque';

/** Private TypeIDs: nobody knows how they are answered. */
export const FIRST_PRIVATE_TYPE = 128;

/**
 * Which command under way an answer belongs to. There is no transaction id in the protocol: TypeID, CA, IOA, value,
 * qualifier and S/E tie an answer to its command, and the OA where the RTU mirrors it.
 */
export class CommandMatching {
  oaBehaviour: OaBehaviour = 'unknown';
  /** OAs that came back with the answer to their command. */
  private readonly mirroredOas = new Set<number>();

  constructor(private readonly lanes: CommandLanes) {}

  /** The command that `answer`, an ASDU at this place of the log, belongs to; undefined when there is none. */
  match(answer: Uint8Array, position: number, record: RecordOrigin): Transaction | undefined {
    const view = new AsduView(answer);
    const { typeId, ca, cot, oa } = view;
    const ioa = view.ioa;
    if (ioa === undefined) return undefined;
    const fits = (transaction: Transaction): boolean =>
      transaction.typeId === typeId &&
      (transaction.ca === ca || transaction.ca === BROADCAST_CA) &&
      transaction.ioa === ioa &&
      mayAnswer(transaction, position, record) &&
      sameRequest(transaction.asdu, answer) &&
      expects(transaction, cot);
    const candidates = this.lanes.active(typeId, ca, ioa).filter(fits);
    const mirrored = candidates.find((transaction) => transaction.oa === oa);
    if (mirrored !== undefined) return mirrored;
    // This RTU writes the OA of the command it answers: another one is the late answer to somebody who has given up.
    if (this.oaBehaviour === 'mirrors' && oa !== 0) return undefined;
    const [first] = candidates;
    // Released only because the RTU mirrored the OA so far: nobody can say whose answer this is.
    return candidates.every((transaction) => transaction.owner === first?.owner) ? first : undefined;
  }

  /** An answer with the OA `received` was one to a command with the OA `sent`. */
  learn(sent: number, received: number): void {
    if (this.oaBehaviour === 'opaque') return;
    if (sent !== received) this.oaBehaviour = 'opaque';
    else if (this.mirroredOas.add(sent).size >= 2) this.oaBehaviour = 'mirrors';
  }

  /** True when `next` may be sent while `other` is under way, because their answers can be told apart. */
  canBeToldApart(next: Transaction, other: Transaction): boolean {
    return this.oaBehaviour === 'mirrors' || other.typeId !== next.typeId || !sameRequest(other.asdu, next.asdu);
  }

  forget(): void {
    this.oaBehaviour = 'unknown';
    this.mirroredOas.clear();
  }
}

/** True when an answer with this cause can still come for the transaction. */
function expects(transaction: Transaction, cot: number): boolean {
  // Without a first answer there is none that ends it: such an ACT_TERM is the late one of an earlier command.
  const unanswered = transaction.state !== 'confirmed';
  switch (cot) {
    case Cause.ACT_CON:
      return (
        transaction.cot !== Cause.DEACT &&
        (unanswered || transaction.ca === BROADCAST_CA || transaction.typeId >= FIRST_PRIVATE_TYPE)
      );
    case Cause.DEACT_CON:
      return transaction.cot === Cause.DEACT;
    case Cause.ACT_TERM:
      return transaction.cot !== Cause.DEACT && !unanswered;
    case Cause.UNKNOWN_TYPE:
    case Cause.UNKNOWN_CAUSE:
    case Cause.UNKNOWN_CA:
    case Cause.UNKNOWN_IOA:
      return unanswered || transaction.ca === BROADCAST_CA;
    default:
      return true;
  }
}
