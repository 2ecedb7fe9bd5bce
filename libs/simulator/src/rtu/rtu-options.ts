import type { Cp56Time, LinkParameters } from '@iec104mm2ss/iec104';
import type { CloseReason, DeadlineScheduler } from '@iec104mm2ss/transport';
import type { CommandDefinition, PointDefinition } from '../points/point.js';
import type { CommandedValue } from './command-execution.js';
import type { FaultChanges, RtuFaults } from './faults.js';
import type { RtuConnection } from './rtu-connection.js';

/** Options of a simulated RTU. Only what differs from the defaults need be given. */
export interface RtuOptions {
  /** Local address to listen on; default 127.0.0.1. */
  readonly host?: string;
  /** Port to listen on; default 0 = a free one, found in `address` once started. */
  readonly port?: number;
  /** Common address 1..65534; default 1. */
  readonly ca?: number;
  /** Default: `DEFAULT_POINTS`. */
  readonly points?: readonly PointDefinition[];
  /** Commands besides those that the points name. */
  readonly commands?: readonly CommandDefinition[];
  /** k, w, t1..t3; defaults of the standard. */
  readonly link?: Partial<LinkParameters>;
  /** Connections accepted at a time, further ones are reset; default any number. */
  readonly maxConnections?: number;
  /** Whether a peer may connect; default: everybody. */
  readonly accepts?: (address: string) => boolean;
  /** A connection is closed when nothing was received for so long; default: never. */
  readonly idleTimeMs?: number;
  /** Whether answers carry the request's OA (default), 0, or (with all else) the OA seen last. */
  readonly oa?: RtuFaults['oa'];
  /** What it does wrong from the beginning; default nothing. */
  readonly faults?: FaultChanges;
  /**
   * True: as the IEC104-RTU-Simulator answers. Every process command is confirmed and ended with ACT_TERM, its status comes
   * with COT 3, measurements keep the value they began with; clock and interrogations are confirmed; anything else gets no
   * answer; events that nobody is there for are not kept. Default false.
   */
  readonly compat?: boolean;
  /** The objects of an interrogation, ready to be sent; default: the process image. */
  readonly interrogated?: (oa: number) => readonly Uint8Array[];
  /** Events kept until a master has acknowledged them; default 10,000, the oldest gives way. */
  readonly eventBuffer?: number;
  /** How long a select holds; default 30 s. */
  readonly selectTimeoutMs?: number;
  /** Time from ACT_CON to the new value and ACT_TERM; default 0 = at once. */
  readonly commandDurationMs?: number;
  /** Time-tagged commands further than this from the RTU's clock are not answered; default: any is accepted. */
  readonly commandMaxAgeMs?: number;
  /** True: an interrogation while one runs on the same connection is refused. Default false. */
  readonly oneInterrogationAtATime?: boolean;
  /** When M_EI_NA_1 is sent: to the first master that starts after power-on (default), at every start, or never. */
  readonly endOfInitialization?: 'power-on' | 'every-start' | 'never';
  /** False: C_CS_NA_1 is confirmed, the clock stays. Default true. */
  readonly clockCanBeSet?: boolean;
  /**
   * Looks at every request first. 'answer' (or undefined): as usual; 'ignore': no answer; ASDUs: these are the answer.
   */
  readonly intercept?: (request: RtuRequest) => 'answer' | 'ignore' | readonly Uint8Array[] | undefined;
  /** Share one scheduler between simulators, or give one with a clock of your own. */
  readonly scheduler?: DeadlineScheduler;
  /** Epoch milliseconds, for time tags; default Date.now. */
  readonly wallClock?: () => number;
  /** What a time tag says at an instant, epoch milliseconds; default UTC. */
  readonly timeTag?: (epochMs: number) => Cp56Time;
}

/** An ASDU a master sent. */
export interface RtuRequest {
  readonly connection: RtuConnection;
  /** The ASDU; it stays unchanged. */
  readonly asdu: Uint8Array;
}

/** An event of the RTU, at the moment it came into being. */
export interface RtuEvent {
  /** Running number from 0, in the order in which masters get them. */
  readonly sequence: number;
  /** The ASDU as every master gets it. */
  readonly asdu: Uint8Array;
  /** Scheduler time (`performance.now()` unless a clock was given). */
  readonly createdAt: number;
}

export interface RtuCounts {
  /** Connections accepted and refused so far. */
  connections: number;
  refusedConnections: number;
  /** Events created. */
  events: number;
  /** Events that gave way to newer ones before any master had acknowledged them. */
  overflow: number;
  requests: number;
  /** Requests that got P/N = 1, a COT 44-47, no answer, or could not be read. */
  refused: number;
  unknown: number;
  ignored: number;
  malformed: number;
}

/** What an RTU emits, by event name. */
export interface RtuEvents {
  listening: [address: { host: string; port: number }];
  /** Off the network. */
  offline: [];
  /** M_EI_NA_1 was queued for this connection. */
  endOfInitialization: [connection: RtuConnection, asdu: Uint8Array];
  connected: [connection: RtuConnection];
  refused: [peer: string, reason: string];
  started: [connection: RtuConnection];
  stopped: [connection: RtuConnection];
  disconnected: [connection: RtuConnection, reason: CloseReason];
  /** A request and what became of it, after its first answer was queued. */
  request: [request: RtuRequest, result: string, reason: string];
  /** A process command was carried out, whether there is a point it works on or not. */
  commanded: [command: CommandedValue];
  /** A command took effect. */
  executed: [ioa: number, value: number, name: string];
  /** An interrogation is being answered with these; `ended` when its ACT_TERM was sent or its connection is gone. */
  interrogation: [connection: RtuConnection, objects: readonly Uint8Array[]];
  interrogationEnded: [connection: RtuConnection];
  event: [event: RtuEvent];
}
