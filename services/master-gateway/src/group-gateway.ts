import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import {
  type Bus,
  BusError,
  controlSubject,
  decodeJson,
  encodeAcks,
  encodeJson,
  GroupSubjects,
  outCount,
  outFence,
  outFirst,
  outFrom,
  outKind,
  OutKind,
  rtuLinkUp,
  type StateMessage,
  type Subscription,
} from '@iec104mm2ss/bus';
import type { GroupConfig } from '@iec104mm2ss/config';
import type { Logger } from '@iec104mm2ss/observability';
import type { DeadlineScheduler, Scheduled } from '@iec104mm2ss/transport';
import { MasterSession } from './master-session.js';

/** How long a master's connection may wait for its admission. */
export const ADMISSION_TIMEOUT_MS = 3_000;
/** Pause before a port that could not be listened on is tried again. */
const LISTEN_RETRY_MS = 2_000;
/** Connections a master may open at the same moment: its two redundant ones. */
const CONNECTIONS_PER_MASTER = 2;

export interface GatewayDependencies {
  readonly bus: Bus;
  readonly scheduler: DeadlineScheduler;
  readonly logger: Logger;
  readonly instance: string;
  /** Address to listen on; undefined = all. */
  readonly listen: string | undefined;
  /** How long a silent connector disturbs nobody. */
  readonly holdMs: number;
}

/** Running totals of one group, read by metrics and status. */
export interface GatewayCounters {
  accepted: number;
  refused: number;
  /** ASDUs delivered by sessions that have ended. */
  delivered: number;
  readonly closed: Record<string, number>;
}

interface AdmissionAnswer {
  readonly ok: boolean;
  readonly session?: number;
  readonly originatorAddress?: number;
  readonly code?: string;
  readonly message?: string;
}

/**
 * The masters' side of one group in this process: listens while the RTU's link is up, asks the router about every
 * connection, and hands on what the router publishes.
 */
export class GroupGateway implements Scheduled {
  readonly subjects: GroupSubjects;
  readonly counters: GatewayCounters = { accepted: 0, refused: 0, delivered: 0, closed: {} };
  readonly sessions = new Map<number, MasterSession>();

  private readonly bus: Bus;
  private readonly scheduler: DeadlineScheduler;
  private readonly logger: Logger;
  private server: Server | undefined;
  private up = false;
  private epoch = 0;
  private silentAt = Infinity;
  private retryAt = Infinity;
  private fence = 0;
  private readonly pendingSockets = new Set<Socket>();
  private acknowledging = new Set<MasterSession>();
  private subscriptions: Subscription[] = [];
  private stopped = false;

  constructor(
    readonly config: GroupConfig,
    private readonly dependencies: GatewayDependencies,
  ) {
    this.bus = dependencies.bus;
    this.scheduler = dependencies.scheduler;
    this.logger = dependencies.logger.child({ group: config.id });
    this.subjects = new GroupSubjects(config.id);
  }

  start(): void {
    this.subscriptions = [
      this.bus.subscribe(this.subjects.state, ({ data }) => this.onState(data)),
      this.bus.subscribe(this.subjects.out, ({ data }) => this.onBroadcast(data)),
    ];
    this.scheduler.add(this);
  }

  /** Stops listening and disconnects every master. */
  stop(): void {
    this.stopped = true;
    this.setDown('stopped', 'the gateway stops');
    this.flush();
    this.scheduler.remove(this);
    for (const subscription of this.subscriptions) subscription.unsubscribe();
  }

  /** Where this process listens for the group, `host:port`; undefined while it does not. */
  get listening(): string | undefined {
    const address = this.server?.listening ? (this.server.address() as AddressInfo) : undefined;
    if (address === undefined) return undefined;
    return address.address.includes(':') ? `[${address.address}]:${address.port}` : `${address.address}:${address.port}`;
  }

  /** ASDUs sent to masters since the start. */
  get delivered(): number {
    let sent = this.counters.delivered;
    for (const session of this.sessions.values()) sent += session.connection.link.sent;
    return sent;
  }

  // ---- deadlines ----------------------------------------------------------------------------------------------------

  nextDeadline(): number {
    return Math.min(this.silentAt, this.retryAt);
  }

  onDeadline(now: number): void {
    if (this.silentAt <= now) {
      this.setDown('connector_silent', `no sign of the RTU's connector for ${this.dependencies.holdMs / 1000} s`);
    }
    if (this.retryAt <= now) {
      this.retryAt = Infinity;
      if (this.up) this.open();
    }
  }

  /** Reports what masters acknowledged this turn, all sessions in one message. */
  flush(): void {
    if (this.acknowledging.size === 0) return;
    const entries = this.acknowledging;
    this.acknowledging = new Set();
    this.bus.publish(this.subjects.ack, encodeAcks(entries, entries.size));
  }

  // ---- the RTU's link -----------------------------------------------------------------------------------------------

  private onState(data: Uint8Array): void {
    const state = decodeJson<StateMessage>(data);
    if (state === undefined || this.stopped) return;
    if (!rtuLinkUp(state.state)) {
      this.setDown('rtu_lost', `the RTU link is down (${state.reason})`);
      return;
    }
    if (this.up && this.epoch !== state.epoch) this.setDown('rtu_lost', 'the RTU was connected anew');
    this.epoch = state.epoch;
    this.silentAt = this.scheduler.now() + this.dependencies.holdMs;
    if (this.up) return;
    this.up = true;
    this.open();
    this.scheduler.deadlineMoved(this);
  }

  private setDown(code: string, message: string): void {
    this.silentAt = Infinity;
    this.retryAt = Infinity;
    if (!this.up) return;
    this.up = false;
    if (this.server !== undefined) {
      this.server.close();
      this.server = undefined;
      this.logger.info({ port: this.config.port, reason: code }, 'stopped listening for masters');
    }
    for (const socket of this.pendingSockets) socket.destroy();
    for (const session of [...this.sessions.values()]) session.close(code, message);
  }

  private open(): void {
    const { port, maxConnections } = this.config;
    const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => void this.onConnection(socket));
    this.server = server;
    server.on('error', (error: NodeJS.ErrnoException) => {
      this.logger.error({ port, reason: error.code }, 'cannot listen for masters');
      this.server = undefined;
      this.retryAt = this.scheduler.now() + LISTEN_RETRY_MS;
      this.scheduler.deadlineMoved(this);
    });
    server.on('listening', () => this.logger.info({ port }, 'listening for masters'));
    const backlog = maxConnections * CONNECTIONS_PER_MASTER * 2;
    const { listen } = this.dependencies;
    server.listen(listen === undefined ? { port, backlog } : { port, backlog, host: listen });
  }

  // ---- masters ------------------------------------------------------------------------------------------------------

  private async onConnection(socket: Socket): Promise<void> {
    const address = plainAddress(socket.remoteAddress ?? '');
    const port = socket.remotePort ?? 0;
    const peer = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
    const ignoreError = (): void => undefined;
    socket.on('error', ignoreError);
    this.pendingSockets.add(socket);
    const answer = await this.askAdmission(address, port);
    this.pendingSockets.delete(socket);
    socket.removeListener('error', ignoreError);
    if (!answer.ok || answer.session === undefined || !this.up) {
      this.counters.refused++;
      this.logger.warn({ peer, reason: answer.code }, `connection refused: ${answer.message ?? 'the RTU link is down'}`);
      socket.destroy();
    }
    if (!answer.ok || answer.session === undefined) return;
    this.counters.accepted++;
    const session = new MasterSession(answer.session, peer, answer.originatorAddress ?? 0, this.config, socket, {
      bus: this.bus,
      scheduler: this.scheduler,
      logger: this.logger,
      subjects: this.subjects,
      onAcknowledged: (acknowledging) => {
        if (this.acknowledging.size === 0) this.scheduler.flushSoon(this);
        this.acknowledging.add(acknowledging);
      },
      onClosed: (closed, reason) => {
        this.sessions.delete(closed.id);
        this.acknowledging.delete(closed);
        this.counters.delivered += closed.connection.link.sent;
        this.counters.closed[reason.code] = (this.counters.closed[reason.code] ?? 0) + 1;
      },
    });
    this.sessions.set(session.id, session);
    if (socket.destroyed) session.close('peer_closed', 'closed by the peer while it was admitted');
    else socket.resume();
  }

  private async askAdmission(address: string, port: number): Promise<AdmissionAnswer> {
    const { id: group } = this.config;
    const request = { group, gateway: this.dependencies.instance, address, port, certificateNames: [] };
    try {
      const answer = await this.bus.request(controlSubject('admit'), encodeJson(request), ADMISSION_TIMEOUT_MS);
      return decodeJson<AdmissionAnswer>(answer) ?? { ok: false, code: 'router', message: 'the router answered nonsense' };
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      return { ok: false, code: 'router', message: `no router answers (${error.message})` };
    }
  }

  private onBroadcast(message: Uint8Array): void {
    const fence = outFence(message);
    if (fence < this.fence) return;
    this.fence = fence;
    if (outKind(message) !== OutKind.DATA) return;
    const from = outFrom(message);
    const first = outFirst(message);
    const count = outCount(message);
    for (const session of this.sessions.values()) {
      if (session.isLive) session.onBroadcast(message, from, first, count);
    }
  }
}

/** An IPv4-mapped IPv6 address as IPv4: filters and same-IP rules know one form. */
function plainAddress(address: string): string {
  return address.toLowerCase().startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
