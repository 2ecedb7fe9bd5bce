import type { GroupConfig } from '@iec104mm2ss/config';
import type { LinkFigures } from '@iec104mm2ss/iec104';
import type { Logger, RtuEnd } from '@iec104mm2ss/observability';
import type { Runtime } from '@iec104mm2ss/runtime';
import type { Connection, ConnectionOptions, DeadlineScheduler, PeerLimits, Tap } from '@iec104mm2ss/transport';
import type { ConnectorCounters } from './counters.js';
import type { RtuTls } from './rtu-tls.js';

export interface RtuLinkOptions {
  readonly tls: RtuTls;
  readonly config: GroupConfig;
  readonly scheduler: DeadlineScheduler;
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly counters: ConnectorCounters;
  /** How fast the RTU answers, over all its connections. */
  readonly figures: LinkFigures;
  /** Of the connection: how acknowledgements are held. */
  readonly hold: Pick<ConnectionOptions, 'holdAcknowledgements' | 'holdLimitMs'>;
  /** How much the RTU may send that brings nothing. */
  readonly limits: PeerLimits;
  readonly tap?: Tap | undefined;
  /**
   * False while another connector may be using the RTU: no connection is made then, and nothing sent but what keeps the link. The
   * store that knows may be away for longer than the RTU's t1.
   */
  readonly mayUse: () => boolean;
  /** True while that is so because this process did not run: nothing at all is sent then. */
  readonly heldUp: () => boolean;
  /** False while a command that is late could leave with whatever is written. */
  readonly mayWrite: () => boolean;
}

export interface RtuLinkEvents {
  /** False: there is no point in connecting now. */
  ready(): boolean;
  /** Called before each attempt; the attempt waits for it. */
  prepare(): Promise<void>;
  /** There is a connection; nothing has come on it yet. */
  onUp(connection: Connection<RtuEnd>, epoch: number): void;
  onApdus(octets: Uint8Array, start: number, end: number, count: number): void;
  /** There may be room for commands. */
  onRoom(): void;
  onHoldLimit(upTo: number): void;
  /** The connection that was up is gone. Called before its state is told. */
  onDown(connection: Connection<RtuEnd>): void;
  /** The state has changed. */
  onState(): void;
  /** A deadline has become earlier. */
  onDeadlineMoved(): void;
}
