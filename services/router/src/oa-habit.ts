/**
 * How an RTU fills the OA of its answers. `mirrors`: with that of the command, proven. `opaque`: with something else, at
 * least at times.
 */
export type OaBehaviour = 'unknown' | 'mirrors' | 'opaque';

/** Proofs in a row after which an RTU that was found not to mirror is believed to. */
export const PROOFS_AFTER_CONTRADICTION = 20;

/** A command as far as its OA goes. */
export interface OaUse {
  readonly oa: number;
  /** What `sent` returned for it. */
  readonly sentOrder: number;
}

/**
 * Learns whether the RTU writes the OA of the command into its answers. That the right OA comes back proves little: an RTU
 * that writes the one it saw last, or always the same, does the same until somebody else asks. It is proven by an answer with
 * the OA of its command after a later command with another OA was answered, and the RTU has had no command with that OA
 * since. One answer with another OA than its command's is the opposite.
 */
export class OaHabit {
  behaviour: OaBehaviour = 'unknown';
  private proofs = 0;
  /** OAs that came back with answers to their commands. */
  private readonly returned = new Set<number>();
  private orders = 0;
  /** The last command with each OA. */
  private readonly lastSent = new Map<number, number>();
  /** The latest command that has been answered. */
  private latest: OaUse = { oa: 0, sentOrder: 0 };

  /** A command goes to the RTU. Returns its place among all. */
  sent(oa: number): number {
    this.lastSent.set(oa, ++this.orders);
    return this.orders;
  }

  /** True when the RTU had no other command with this OA since. */
  isLast({ oa, sentOrder }: OaUse): boolean {
    return this.lastSent.get(oa) === sentOrder;
  }

  /** True when nothing speaks against it: OAs of several masters came back, and none that was wrong. */
  get mayMirror(): boolean {
    return this.behaviour === 'mirrors' || (this.behaviour === 'unknown' && this.returned.size >= 2);
  }

  /** True when an answer with the OA `received` is for certain one to `command`, if it is one to a command with that OA at all. */
  proves({ oa, sentOrder }: OaUse, received: number): boolean {
    const { latest, lastSent } = this;
    const isInterleaved = latest.sentOrder > sentOrder && latest.oa !== oa;
    return received === oa && isInterleaved && (lastSent.get(oa) ?? 0) < latest.sentOrder;
  }

  /**
   * True when an answer with the OA `received` is hardly one to `command`: it is that of commands which the RTU had before, so
   * neither mirrored nor the one seen last. Only an RTU that always writes this one does so.
   */
  speaksAgainst({ oa, sentOrder }: OaUse, received: number): boolean {
    if (this.behaviour === 'opaque' || received === oa) return false;
    return (this.lastSent.get(received) ?? Infinity) < sentOrder;
  }

  /** An answer with the OA `received` was one to `command`. */
  answered(command: OaUse, received: number): void {
    const isProof = this.proves(command, received);
    // A copy: what else a command holds must not live on with it.
    const { oa, sentOrder } = command;
    if (sentOrder > this.latest.sentOrder) this.latest = { oa, sentOrder };
    if (received !== command.oa) {
      this.behaviour = 'opaque';
      this.proofs = 0;
      return;
    }
    this.returned.add(received);
    if (!isProof) return;
    this.proofs++;
    if (this.behaviour === 'unknown' || this.proofs >= PROOFS_AFTER_CONTRADICTION) this.behaviour = 'mirrors';
  }
}
