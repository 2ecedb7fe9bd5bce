import type { CommandBook, GivenCommand } from './command-book.ts';
import { isProcessCommand } from './refusal-account.ts';
import type { FaultsLog } from './faults-log.ts';
import type { Violations } from './violations.ts';

/** A record as the product writes it, as far as it is looked at here. */
export interface AuditedRecord {
  readonly group: string;
  readonly session: number;
  /** Number of the command within its session, from 1. */
  readonly command: number;
  readonly outcome: string;
}

/** The longest that a command may wait for its outcome; a question, which may wait for its turn, longer. */
const LONGEST_MS = 45_000;
const LONGEST_OF_QUESTIONS_MS = 130_000;
/** What a gateway has just read may end with it. */
const JUST_READ_MS = 2_000;
const GATEWAY = ['gateway crashed', 'gateway restarted', 'gateway paused', 'gateway slow'];
const OTHERS = ['router crashed', 'router restarted', 'router paused', 'bus stops', 'bus unreachable', 'messages lost'];
const LOSES_RECORDS = ['store lost', 'store restored', 'power lost'];

export interface AuditWorld {
  readonly book: CommandBook;
  readonly violations: Violations;
  readonly faults: FaultsLog;
  readonly now: number;
  /** Peer (`address:port`) of a session, as the product has logged it. */
  readonly peerOf: (session: number) => string | undefined;
  /** When the product has disconnected the master with this peer; Infinity: never. */
  readonly disconnectedAt: (peer: string) => number;
  /** It ends with its process. */
  readonly isInMemory: boolean;
}

/** At the end of a story: each command has one record, which says nothing untrue. */
export function checkAudit(records: readonly AuditedRecord[], world: AuditWorld): void {
  const { book, violations, faults, now, peerOf } = world;
  const byCommand = new Map<string, AuditedRecord[]>();
  for (const record of records) {
    const peer = peerOf(record.session);
    if (peer === undefined) continue;
    const key = `${record.group} ${peer} ${record.command}`;
    byCommand.set(key, [...(byCommand.get(key) ?? []), record]);
  }
  const mayBeLost = faults.between(0, now, LOSES_RECORDS);
  // A router that was replaced, and is the owner again by an old entry, knows nothing of what the other one did meanwhile.
  const mayBeUntrue = faults.between(0, now, ['store restored']);
  for (const command of book.all) {
    const found = byCommand.get(`${command.group} ${command.peer} ${command.number}`) ?? [];
    const who = `c${command.id} of ${command.master}`;
    if (found.length > 1)
      violations.add('audit', `${who} has ${found.length} records: ${found.map(({ outcome }) => outcome).join('; ')}`);
    const [record] = found;
    if (record === undefined) {
      if (!mayBeLost && isOwedARecord(command, world)) violations.add('audit', `${who} has no record`);
    } else if (
      !mayBeUntrue &&
      record.outcome.startsWith('refused:') &&
      command.arrivedAt.length > 0 &&
      book.isUnique(command)
    ) {
      violations.add('audit', `${who} came to the RTU, its record says ${record.outcome}`);
    }
  }
}

function isOwedARecord(command: GivenCommand, world: AuditWorld): boolean {
  const { asdu, readAt, answeredAt = 0, gateway, isStray, peer } = command;
  const { faults, now, isInMemory, disconnectedAt } = world;
  if (readAt === undefined || isStray || readAt >= disconnectedAt(peer)) return false;
  const longestMs = isProcessCommand(asdu[0] as number) ? LONGEST_MS : LONGEST_OF_QUESTIONS_MS;
  // It may wait for more.
  if (Math.max(readAt, answeredAt) > now - longestMs) return false;
  const until = readAt + longestMs;
  if (isInMemory) return !faults.between(readAt, until, GATEWAY);
  const [process = ''] = (gateway ?? '').split('.');
  if (faults.with([process], readAt, readAt + JUST_READ_MS)) return false;
  // Those who knew of it are gone, one after the other.
  return !(faults.with([process], readAt, until) && faults.between(readAt, until, OTHERS));
}
