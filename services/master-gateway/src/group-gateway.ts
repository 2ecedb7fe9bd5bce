import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import {
  type Bus,
  BusError,
  controlSubject,
  decodeJson,
  encodeAcks,
  encodeIn,
  encodeJson,
  GroupSubjects,
  InKind,
  outCount,
  outFence,
  outFirst,
  outFrom,
  outKind,
  OutKind,
  type OwnerMessage,
  Pacer,
  rtuLinkUp,
  type StateMessage,
  type Subscription,
} from '@iec104mm2ss/bus';
import { type GroupConfig, peerText, plainAddress, reportGapMs } from '@iec104mm2ss/config';
import type { Logger } from '@iec104mm2ss/observability';
import type { CloseReason, DeadlineScheduler, Scheduled } from '@iec104mm2ss/transport';
import { MasterSession } from './master-session.js';

/** How often the router is asked about a connection, and how long each time: a new owner may just be taking over. */
export const ADMISSION_ATTEMPTS = 5;
export const ADMISSION_TIMEOUT_MS = 1_000;
/** A router whose announcements are missing for this long is gone. */
const OWNER_SILENCE_MS = 2_500;
/**
 * A new owner hands on what the RTU answered meanwhile within this time; a command that its predecessor had and that is
 * still without an answer then, is refused.
 */
const OWNER_SETTLES_MS = 1_500;
/** How often an owner and a connector are heard: a loss cannot be told from the time between two signs of life. */
const OWNER_PERIOD_MS = 1_000;
const STATE_PERIOD_MS = 2_000;
/** How long masters may take to read what is owed to them when the gateway stops, and how often that is looked at. */
export const DRAIN_MS = 3_000;
const DRAIN_LOOK_MS = 20;
/** Pause before a port that could not be listened on is tried again. */
const LISTEN_RETRY_MS = 2_000;
/** Ended sessions that are told about again after the bus was away. */
const CLOSED_REMEMBERED = 256;
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
  readonly name?: string | null;
  readonly certificateName?: string | null;
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
  /** What the connector said last; undefined before, and when it has been silent for too long. */
  rtu: StateMessage | undefined;
  private silentAt = Infinity;
  private owner: OwnerMessage | undefined;
  /** When the owner was last heard (scheduler time); the group is given up `holdMs` later. */
  private ownerSeenAt = 0;
  /** Since when it is the owner. */
  private ownerSince = 0;
  private retryAt = Infinity;
  private fence = 0;
  private readonly pendingSockets = new Set<Socket>();
  /** Sessions that ended last: told about again when the bus was away. */
  private readonly recentlyClosed: { readonly id: number; readonly text: string }[] = [];
  private acknowledging = new Set<MasterSession>();
  private readonly acknowledgements: Pacer;
  private subscriptions: Subscription[] = [];
  /** What is published for all; nobody listens while no master is here. */
  private broadcasts: Subscription | undefined;
  private stopped = false;

  constructor(
    readonly config: GroupConfig,
    private readonly dependencies: GatewayDependencies,
  ) {
    this.bus = dependencies.bus;
    this.scheduler = dependencies.scheduler;
    this.logger = dependencies.logger.child({ group: config.id });
    this.subjects = new GroupSubjects(config.id);
    this.acknowledgements = new Pacer(reportGapMs(config, this.bus.kind), () => this.publishAcknowledged());
  }

  start(): void {
    // The router gets its time to be heard for the first time.
    this.ownerSeenAt = this.scheduler.now();
    this.subscriptions = [
      this.bus.subscribe(this.subjects.state, ({ data }) => this.onState(data)),
      this.bus.subscribe(this.subjects.owner, ({ data }) => this.onOwner(data)),
    ];
    this.scheduler.add(this);
  }

  /** Stops listening and disconnects every master. */
  stop(): void {
    this.stopped = true;
    this.setDown('stopped', 'the gateway stops');
    this.publishAcknowledged();
    this.scheduler.remove(this);
    for (const subscription of this.subscriptions) subscription.unsubscribe();
  }

  /** Stops listening and waits until masters have read what is owed to them, or DRAIN_MS. */
  async drain(): Promise<void> {
    this.stopped = true;
    this.closeListener('draining');
    for (const session of this.sessions.values()) session.drain();
    const until = this.scheduler.now() + DRAIN_MS;
    // Every one of them is asked, not only the first that is not there yet.
    const unsettled = (): boolean => [...this.sessions.values()].filter((session) => !session.settle()).length > 0;
    while (unsettled() && this.scheduler.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK_MS));
    }
  }

  /** A few times a second: commands that nobody answers, and a router that is silent for too long. */
  tick(): void {
    const silentMs = this.scheduler.now() - this.ownerSeenAt;
    const ownerLives = silentMs < OWNER_SILENCE_MS;
    const now = Date.now();
    const settled = this.scheduler.now() - this.ownerSince >= OWNER_SETTLES_MS;
    for (const session of this.sessions.values()) {
      session.refuseForsaken(now, settled ? this.fence : 0, ownerLives);
      session.remind();
    }
    if (this.up && this.sessions.size > 0 && silentMs > this.dependencies.holdMs + OWNER_PERIOD_MS) {
      this.setDown('router_silent', `no sign of the group's router for ${this.dependencies.holdMs / 1000} s`);
    }
  }

  /** The bus came back or went: what was under way may be lost, so the router is told about every session again. */
  connectionChanged(connected: boolean): void {
    if (!connected) return;
    // The parts have not had the chance to be heard.
    this.ownerSeenAt = Math.max(this.ownerSeenAt, this.scheduler.now() - OWNER_SILENCE_MS);
    for (const { id, text } of this.recentlyClosed) {
      this.bus.publish(this.subjects.in, encodeIn(InKind.CLOSED, id, 0, 0, 0, Buffer.from(text)));
    }
    for (const session of this.sessions.values()) {
      session.doubtCommands();
      session.resume();
    }
  }

  /** Where this process listens for the group, `host:port`; undefined while it does not. */
  get listening(): string | undefined {
    const address = this.server?.listening ? (this.server.address() as AddressInfo) : undefined;
    if (address === undefined) return undefined;
    return peerText(address.address, address.port);
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
      this.rtu = undefined;
      this.setDown('connector_silent', `no sign of the RTU's connector for ${this.dependencies.holdMs / 1000} s`);
    }
    if (this.retryAt <= now) {
      this.retryAt = Infinity;
      if (this.up) this.open();
    }
  }

  flush(): void {
    this.acknowledgements.soon();
  }

  /** Reports what masters have acknowledged, all sessions in one message. */
  private publishAcknowledged(): void {
    this.acknowledgements.stop();
    if (this.acknowledging.size === 0) return;
    const entries = this.acknowledging;
    this.acknowledging = new Set();
    this.bus.publish(this.subjects.ack, encodeAcks(entries, entries.size));
  }

  // ---- the RTU's link -----------------------------------------------------------------------------------------------

  private onState(data: Uint8Array): void {
    const state = decodeJson<StateMessage>(data);
    if (state === undefined || this.stopped) return;
    const before = this.rtu;
    this.rtu = state;
    if (!rtuLinkUp(state.state)) {
      this.setDown('rtu_lost', `the RTU link is down (${state.reason})`);
      return;
    }
    if (this.up && before?.epoch !== state.epoch && before?.connector === state.connector) {
      this.setDown('rtu_lost', 'the RTU was connected anew');
    }
    this.silentAt = this.scheduler.now() + this.dependencies.holdMs + STATE_PERIOD_MS;
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
    this.closeListener(code);
    for (const socket of this.pendingSockets) socket.destroy();
    for (const session of [...this.sessions.values()]) session.close(code, message);
  }

  private closeListener(reason: string): void {
    if (this.server === undefined) return;
    this.server.close();
    this.server = undefined;
    this.logger.info({ port: this.config.port, reason }, 'stopped listening for masters');
  }

  private onOwner(data: Uint8Array): void {
    const owner = decodeJson<OwnerMessage>(data);
    if (owner === undefined || !this.acceptFence(owner.fence)) return;
    this.ownerSeenAt = this.scheduler.now();
    const before = this.owner;
    this.owner = owner;
    if (before?.fence !== owner.fence) this.ownerSince = this.scheduler.now();
    if (before === undefined || (before.fence === owner.fence && before.generation === owner.generation)) return;
    for (const session of this.sessions.values()) {
      // The same owner, but it may have missed something: a command, for instance.
      if (before.fence === owner.fence) session.doubtCommands();
      session.resume();
    }
  }

  /** False for a message of a router that no longer owns the group. */
  private acceptFence(fence: number): boolean {
    if (fence < this.fence) return false;
    this.fence = fence;
    return true;
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
    const peer = peerText(address, port);
    const ignoreError = (): void => undefined;
    socket.on('error', ignoreError);
    this.pendingSockets.add(socket);
    const answer = await this.askAdmission(address, port);
    this.pendingSockets.delete(socket);
    socket.removeListener('error', ignoreError);
    if (!answer.ok || answer.session === undefined || !this.up) {
      this.counters.refused++;
      this.logger.warn(
        { peer, reason: answer.code },
        `connection refused: ${answer.message ?? 'the RTU link is down'}`,
      );
      socket.destroy();
    }
    if (!answer.ok || answer.session === undefined) return;
    this.counters.accepted++;
    const { name = null, certificateName = null, originatorAddress = 0 } = answer;
    const identity = { address, port, peer, name, certificateName, originatorAddress };
    const session = new MasterSession(answer.session, identity, this.config, socket, {
      bus: this.bus,
      scheduler: this.scheduler,
      logger: this.logger,
      subjects: this.subjects,
      instance: this.dependencies.instance,
      fence: () => this.fence,
      acceptFence: (fence) => this.acceptFence(fence),
      onAcknowledged: (acknowledging) => {
        if (this.acknowledging.size === 0) this.scheduler.flushSoon(this);
        this.acknowledging.add(acknowledging);
      },
      reportAcknowledged: () => this.publishAcknowledged(),
      onClosed: (closed, reason) => {
        this.sessions.delete(closed.id);
        this.rememberClosed(closed, reason);
        if (this.sessions.size === 0) this.ignoreBroadcasts();
        this.counters.delivered += closed.connection.link.sent;
        this.counters.closed[reason.code] = (this.counters.closed[reason.code] ?? 0) + 1;
      },
    });
    this.sessions.set(session.id, session);
    this.broadcasts ??= this.bus.subscribe(this.subjects.out, ({ data }) => this.onBroadcast(data));
    if (socket.destroyed) session.close('peer_closed', 'closed by the peer while it was admitted');
    else socket.resume();
  }

  private ignoreBroadcasts(): void {
    this.broadcasts?.unsubscribe();
    this.broadcasts = undefined;
  }

  /** A router that missed it would keep the session, its OA and its place among the maximum connections. */
  private rememberClosed({ id }: MasterSession, { code, message }: CloseReason): void {
    this.recentlyClosed.push({ id, text: `${code} ${message}` });
    if (this.recentlyClosed.length > CLOSED_REMEMBERED) this.recentlyClosed.shift();
  }

  private async askAdmission(address: string, port: number): Promise<AdmissionAnswer> {
    const { id: group } = this.config;
    const request = { group, gateway: this.dependencies.instance, address, port, certificateNames: [] };
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await this.bus.request(controlSubject('admit'), encodeJson(request), ADMISSION_TIMEOUT_MS);
        return (
          decodeJson<AdmissionAnswer>(answer) ?? { ok: false, code: 'router', message: 'the router answered nonsense' }
        );
      } catch (error) {
        if (!(error instanceof BusError)) throw error;
        if (attempt >= ADMISSION_ATTEMPTS || !this.up) {
          return { ok: false, code: 'router', message: `no router answers (${error.message})` };
        }
        if (error.code !== 'TIMEOUT') await new Promise((resolve) => setTimeout(resolve, ADMISSION_TIMEOUT_MS));
      }
    }
  }

  private onBroadcast(message: Uint8Array): void {
    if (!this.acceptFence(outFence(message))) return;
    if (outKind(message) !== OutKind.DATA) return;
    const from = outFrom(message);
    const first = outFirst(message);
    const count = outCount(message);
    for (const session of this.sessions.values()) {
      if (session.isLive) session.onBroadcast(message, from, first, count);
    }
  }
}
