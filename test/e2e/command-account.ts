/**
 * What became of the commands of one master, as it saw it itself, as the RTU got them and as the audit records tell. Each
 * master gives one command after the other, all on an object that is nobody else's.
 */
import type { AuditRecord } from '@iec104mm2ss/router';
import type { RtuSimulator } from '@iec104mm2ss/simulator';

/** A command has to be sent to the RTU in this time after it came, and how exactly that is seen from here. */
const DEADLINE_MS = 5_000;
const SLACK_MS = 500;
/** How old what a gateway states of a command may be when another router takes it over: its record says less by so much. */
const STATED_MS = 1_500;
const IOA_OFFSET = 6;

export interface GivenCommand {
  /** By `performance.now()`. */
  readonly startedAt: number;
  readonly result: 'positive' | 'negative' | 'timeout' | 'closed';
  readonly durationMs: number;
}

/** What the RTU was asked, by object. */
export class RequestLedger {
  private readonly requests = new Map<number, number[]>();

  constructor(rtu: RtuSimulator) {
    rtu.on('request', ({ asdu }) => {
      const ioa = Buffer.from(asdu).readUIntLE(IOA_OFFSET, 3);
      const times = this.requests.get(ioa) ?? [];
      this.requests.set(ioa, times);
      times.push(performance.now());
    });
  }

  /** When requests on an object came, between two times. */
  between(ioa: number, from: number, to: number): number[] {
    return (this.requests.get(ioa) ?? []).filter((at) => at >= from && at < to);
  }
}

/** Whether what an audit record tells of a command is what its master saw. */
function tells({ outcome, durationMs }: AuditRecord, command: GivenCommand, confirmedAt: readonly number[]): boolean {
  const { startedAt, result, durationMs: waitedMs } = command;
  switch (result) {
    case 'positive':
      // Its ACT_TERM, or all knowledge of it, may be lost with a part.
      return !outcome.startsWith('refused');
    case 'negative':
      return outcome.startsWith('refused');
    case 'timeout':
      // Nobody can know what became of it, or its master did not wait long enough: the answer comes after all events before it.
      return (
        outcome.startsWith('unknown') ||
        durationMs >= waitedMs - STATED_MS ||
        confirmedAt.some((at) => at >= startedAt + waitedMs)
      );
    case 'closed':
      return true;
  }
}

/** Whether an audit record is true: `sent` requests of the RTU belong to its command. */
function isTrue({ outcome }: AuditRecord, sent: number): boolean {
  if (outcome.startsWith('unknown')) return true;
  return /^(refused: |master gone)/.test(outcome) ? sent === 0 : sent === 1;
}

/**
 * As they were given: by number within a session. When a command came is known less exactly of one that another router took
 * over (STATED_MS), so its record may seem to be of a later one.
 */
function inOrderGiven(records: readonly AuditRecord[]): AuditRecord[] {
  const began = new Map<number, string>();
  for (const { session, at } of records) {
    const known = began.get(session);
    if (known === undefined || at < known) began.set(session, at);
  }
  const startOf = ({ session }: AuditRecord): string => began.get(session) as string;
  return [...records].sort((a, b) =>
    a.session === b.session ? a.command - b.command : startOf(a).localeCompare(startOf(b)),
  );
}

/**
 * What is wrong with a master's commands. Empty: nothing.
 *
 * @param records of the object, of the time of the commands
 * @param confirmedAt when ACT_CON came to this master
 * @param heldUpMs how long the part that takes commands from this master was stopped: it cannot know when they came
 */
export function commandFaults(
  ioa: number,
  commands: readonly GivenCommand[],
  requests: RequestLedger,
  records: readonly AuditRecord[],
  confirmedAt: readonly number[],
  heldUpMs: number,
): string[] {
  const faults: string[] = [];
  // One that was lost with the gateway that had read it has no record.
  const lost = commands.filter(({ result }) => result === 'closed').length;
  const inOrder = inOrderGiven(records);
  if (inOrder.length > commands.length || inOrder.length < commands.length - lost) {
    faults.push(`${inOrder.length} audit records of ${commands.length} commands on ${ioa}`);
  }
  const each = inOrder.length === commands.length;
  commands.forEach((command, index) => {
    const { startedAt, result } = command;
    const sent = requests.between(ioa, startedAt, commands[index + 1]?.startedAt ?? Infinity);
    const say = (what: string): void => void faults.push(`command ${index} on ${ioa}, ${result}: ${what}`);
    if (result === 'negative' && sent.length > 0) say('refused, and sent');
    if (sent.length > 1) say(`sent ${sent.length} times`);
    for (const at of sent) {
      if (at - startedAt > DEADLINE_MS + heldUpMs + SLACK_MS) say(`sent ${Math.round(at - startedAt)} ms later`);
    }
    const record = each ? inOrder[index] : undefined;
    if (record === undefined || (tells(record, command, confirmedAt) && isTrue(record, sent.length))) return;
    say(`sent ${sent.length} times, and its audit record says ${record.outcome} after ${record.durationMs} ms`);
  });
  return faults;
}
