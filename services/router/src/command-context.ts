import type { Bus, ConnectorClock, GroupSubjects, Journal } from '@iec104mm2ss/bus';
import type { Logger } from '@iec104mm2ss/observability';
import type { Clock } from '@iec104mm2ss/runtime';
import type { LogRecord } from '@iec104mm2ss/wire';
import type { CommandDoor } from './command-door.js';
import type { DecodedFeed } from './decoded-feed.js';
import type { OriginatorAddresses } from './originator-addresses.js';

/** Who gets an answer: a session, and the OA its master used. */
export interface Participant {
  readonly session: number;
  readonly ownOa: number;
}

/** A master's connection as far as its commands need it. */
export interface CommandSession {
  readonly id: number;
  readonly address: string;
  /** `address:port`. */
  readonly peer: string;
  readonly name: string | null;
  readonly certificateName: string | null;
  /** OA towards the RTU. */
  readonly oa: number;
  /** OA the master used in its last command; written here. */
  ownOa: number;
  /** Commands it gave; counted here. */
  commands: number;
}

/** Where in the log an answer is: a record, or as much of it as tells its link and generation. */
export type RecordOrigin = Pick<LogRecord, 'epoch' | 'generation'>;

/** What the commands of one group need of their owner. */
export interface CommandContext {
  /** Id of the group. */
  readonly group: string;
  /** CA of the RTU by configuration. */
  readonly ownCa: number;
  /** `interrogation` = `originator`. */
  readonly toOriginator: boolean;
  readonly bus: Bus;
  readonly subjects: GroupSubjects;
  readonly logger: Logger;
  readonly clock: Clock;
  /** The owner calls `heard` for every statement of the connector, before `GroupCommands.connectorStated`. */
  readonly connectorClock: ConnectorClock;
  /** Fence of this owner of the group. */
  readonly fence: number;
  readonly feed: Pick<DecodedFeed, 'command'>;
  readonly door: Pick<CommandDoor, 'judge' | 'veto' | 'maySelect'>;
  /** The OAs of the group: those of sessions that gave commands and are gone are put to rest here. */
  readonly addresses: OriginatorAddresses;
  /** `bus.journal(AUDIT_JOURNAL, AUDIT_LIMITS)`, see audit-log.ts. */
  readonly journal: Journal;
  session(id: number): CommandSession | undefined;
  /** The router's own answer to a command of a session; nothing happens when that is gone. */
  answer(session: number, command: number, asdu: Uint8Array): void;
  /**
   * These commands are over and their audit records stored. The session may be gone: its gateway still states them.
   *
   * @param answered by the router itself, see `OutFlag.ANSWERED`
   */
  settled(session: number, commands: readonly number[], answered: boolean): void;
  /** True while it is certain that this process owns the group: see `Lease.certain`. */
  certain(): boolean;
}
