import { APCI_OCTETS, AsduView, confirmationOf, LAST_MONITOR_TYPE, mirror, sameRequest } from '@iec104mm2ss/iec104';

/** How long after its deadline a command may still be answered by the router that has it. */
const ANSWER_MARGIN_MS = 1_000;
/** Commands of one master that may be without an answer; older ones are no longer watched over. */
const MAX_PENDING = 1_000;
const MIN_COMMAND_OCTETS = 9;

interface PendingCommand {
  readonly asdu: Uint8Array;
  readonly typeId: number;
  readonly ca: number;
  readonly ioa: number;
  /** ms since 1970-01-01 UTC. */
  readonly deadline: number;
  /** Router that has it. */
  readonly fence: number;
  /** The bus was away meanwhile: the command, or its answer, may be lost. */
  doubtful: boolean;
}

/**
 * A master's commands that have not been answered yet. The router answers them; this is for the case that it dies: then
 * each is answered with a refusal here, so that no master waits for ever.
 */
export class PendingCommands {
  private pending: PendingCommand[] = [];

  get size(): number {
    return this.pending.length;
  }

  /** Commands that go to the router with this fence: APDUs in `octets[start..end)`. */
  add(octets: Uint8Array, start: number, end: number, deadline: number, fence: number): void {
    for (let at = start; at < end; at += (octets[at + 1] as number) + 2) {
      const asdu = new Uint8Array(octets.subarray(at + APCI_OCTETS, at + (octets[at + 1] as number) + 2));
      if (asdu.length < MIN_COMMAND_OCTETS) continue;
      const view = new AsduView(asdu);
      if (this.pending.length >= MAX_PENDING) this.pending.shift();
      this.pending.push({
        asdu,
        typeId: view.typeId,
        ca: view.ca,
        ioa: view.ioa ?? 0,
        deadline,
        fence,
        doubtful: false,
      });
    }
  }

  /** An ASDU for this master alone, the APDU at `octets[at]`, goes out: it answers the oldest of its kind. */
  answered(octets: Uint8Array, at: number): void {
    if (this.pending.length === 0) return;
    const length = (octets[at + 1] as number) + 2;
    const view = new AsduView(octets, at + APCI_OCTETS, length - APCI_OCTETS);
    const { typeId, ca, ioa } = view;
    // Process information confirms nothing.
    if (typeId <= LAST_MONITOR_TYPE) return;
    const answer = octets.subarray(at + APCI_OCTETS, at + length);
    // A late answer to an earlier command of another value says nothing of this one.
    const index = this.pending.findIndex(
      (command) =>
        command.typeId === typeId &&
        command.ioa === ioa &&
        (command.ca === ca || command.ca === 0xffff) &&
        sameRequest(command.asdu, answer),
    );
    if (index >= 0) this.pending.splice(index, 1);
  }

  /** The bus was away: nobody may know of what is under way. */
  doubt(): void {
    for (const command of this.pending) command.doubtful = true;
  }

  /**
   * Refusals for commands that an earlier owner than `fence` had, and for those whose time is over when there is no owner
   * at all or they may have been lost. Others whose time is over are the router's affair and forgotten.
   */
  refusals(now: number, fence: number, ownerLives: boolean): Uint8Array[] {
    if (this.pending.length === 0) return [];
    const over = (command: PendingCommand): boolean => command.deadline + ANSWER_MARGIN_MS <= now;
    const refused = this.pending.filter(
      (command) =>
        command.fence < fence || (!ownerLives && command.deadline <= now) || (command.doubtful && over(command)),
    );
    this.pending = this.pending.filter((command) => !refused.includes(command) && !(ownerLives && over(command)));
    return refused.map(({ asdu }) => mirror(asdu, confirmationOf(new AsduView(asdu).cot), true));
  }

  clear(): void {
    this.pending = [];
  }
}
