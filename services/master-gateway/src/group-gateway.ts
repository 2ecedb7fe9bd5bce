import {
  type Bus,
  checkSender,
  ConnectorClock,
  FenceGuard,
  leaseKey,
  GroupSubjects,
  receive,
  receiveFromGateways,
  remembering,
  type Subscription,
} from '@iec104mm2ss/bus';
import { clientNames, DEFAULT_LIMITS, type GroupConfig, type Limits, nameNow, reportGapMs } from '@iec104mm2ss/config';
import { type Logger, type MasterEnd, securityEvent } from '@iec104mm2ss/observability';
import type { Runtime } from '@iec104mm2ss/runtime';
import { DEFAULT_MAX_AGE_MS, GroupMaterial, HandshakeRoom, TlsDoor, type TlsSettings } from '@iec104mm2ss/tls';
import type { DeadlineScheduler, Scheduled, Taps } from '@iec104mm2ss/transport';
import {
  COMMAND_DEADLINE_MS,
  decodeListener,
  decodeOwner,
  decodeState,
  encodeListener,
  type OwnerMessage,
  type StateMessage,
} from '@iec104mm2ss/wire';
import { AcknowledgementReport } from './acknowledgement-report.js';
import { ConnectorView, type Loss } from './connector-view.js';
import { ConnectionLimits } from './connection-limits.js';
import { Door, type DoorParts } from './door.js';
import { drain } from './drain.js';
import { GroupSessions } from './group-sessions.js';
import { statementOf, StatementTimer } from './group-statement.js';
import { LastEvents } from './last-events.js';
import { GroupListeners } from './group-listeners.js';
import type { MasterSession } from './master-session.js';
import { OwnerView } from './owner-view.js';
import type { CommandTerms } from './pending-commands.js';

export interface GatewayDependencies {
  readonly bus: Bus;
  readonly scheduler: DeadlineScheduler;
  readonly logger: Logger;
  readonly runtime: Runtime;
  /** Address to listen on; undefined = all. */
  readonly listen: string | undefined;
  /** How long a silent connector or router disturbs nobody. */
  readonly holdMs: number;
  /** Bounds on what peers may do. Default: DEFAULT_LIMITS. */
  readonly limits?: Limits;
  /** Undefined: nothing can be done with TLS here. */
  readonly tls?: TlsSettings | undefined;
  /** Of the handshakes of all groups. */
  readonly handshakes?: HandshakeRoom;
  readonly taps?: Taps | undefined;
}

/**
 * The masters' side of one group in this process: listens while the RTU's link is up and a router serves the group, asks
 * that about every connection, hands on what it publishes, and states what it has.
 */
export class GroupGateway implements Scheduled {
  readonly subjects: GroupSubjects;
  /** The masters that are connected here. */
  readonly masters: GroupSessions;

  private readonly bus: Bus;
  private readonly scheduler: DeadlineScheduler;
  private readonly logger: Logger;
  private readonly instance: string;
  private readonly router: FenceGuard;
  private readonly connectorGuard: FenceGuard;
  private readonly connectorClock: ConnectorClock;
  private readonly connector: ConnectorView;
  private readonly owner: OwnerView;
  private readonly doors: readonly Door[];
  private readonly tlsMaterial: GroupMaterial;
  private readonly listener: GroupListeners;
  private stopTls: () => void = () => undefined;
  private readonly acknowledgements: AcknowledgementReport;
  private readonly statements: StatementTimer;
  /** While masters get the last events of an RTU that was lost: no others are let in. */
  private lastEvents: LastEvents | undefined;
  private subscriptions: Subscription[] = [];
  /** No masters are let in any more; nothing at all is done any more. */
  private draining = false;
  private stopped = false;

  /** @param waitedMs for how long what is read from a master now may have waited in this process, see RunWatch */
  constructor(
    /** Its row of the file. */
    public config: GroupConfig,
    dependencies: GatewayDependencies,
    private readonly waitedMs: () => number = () => 0,
    /** Shared by all groups of the process. */
    connections = new ConnectionLimits(dependencies.limits ?? DEFAULT_LIMITS, dependencies.runtime.clock),
  ) {
    const { bus, scheduler, runtime, holdMs, listen, limits = DEFAULT_LIMITS } = dependencies;
    const { tls, handshakes = new HandshakeRoom(1) } = dependencies;
    this.bus = bus;
    this.scheduler = scheduler;
    this.logger = dependencies.logger.child({ group: config.id });
    this.instance = runtime.instance;
    this.subjects = new GroupSubjects(config.id, bus.name);
    this.statements = new StatementTimer(config.id);
    this.router = new FenceGuard(bus, leaseKey('router', config.id), () => this.onNewOwner());
    this.connectorGuard = new FenceGuard(bus, leaseKey('connector', config.id));
    this.connectorClock = new ConnectorClock(runtime.clock);
    this.connector = new ConnectorView(holdMs);
    this.owner = new OwnerView(holdMs);
    this.acknowledgements = new AcknowledgementReport(bus, this.subjects.ack, scheduler, reportGapMs(config, bus.kind));
    const tlsMaterial = (this.tlsMaterial = new GroupMaterial(tls, () => this.config));
    const tlsDoor = new TlsDoor({
      material: () => tlsMaterial.get(),
      names: () => clientNames(this.config),
      settings: tls,
      room: handshakes,
      ...{ runtime, logger: this.logger },
    });
    this.masters = new GroupSessions(() => this.config, {
      bus,
      scheduler,
      runtime,
      logger: this.logger,
      subjects: this.subjects,
      router: this.router,
      acknowledgements: this.acknowledgements,
      limits,
      tap: dependencies.taps?.of(config.id),
      heldUpMs: () => this.waitedMs(),
      commandTerms: (waitedMs) => this.commandTerms(waitedMs),
      changed: (soon) => this.stateWithin(soon),
      empty: () => this.endLastEvents(),
      door: tlsDoor,
      maxAgeMs: tls?.maxAgeMs ?? DEFAULT_MAX_AGE_MS,
      onDeadlineMoved: () => scheduler.deadlineMoved(this),
    });
    const doorTo = (enter: DoorParts['enter']): Door =>
      new Door({
        config: () => this.config,
        clock: runtime.clock,
        limits: connections,
        enter,
        turnAway: (socket, peer, why) => this.masters.refuse(socket, peer, why),
      });
    const plain = doorTo((socket, from) => this.masters.connect(socket, from));
    const secure = doorTo((socket, from) => this.masters.connectSecure(socket, from));
    this.doors = [plain, secure];
    this.listener = new GroupListeners({
      ...{ config, runtime, host: listen, logger: this.logger },
      onPlain: (socket) => void plain.come(socket),
      onSecure: (socket) => void secure.come(socket),
      tlsTrouble: () => tlsMaterial.trouble,
      onFailed: (reason) => {
        if (this.listener.blocked) this.sayListening(false, reason);
        scheduler.deadlineMoved(this);
      },
      onFree: () => {
        this.sayListening(true);
        this.openListener();
      },
    });
    if (tls !== undefined && config.tlsPort !== undefined) {
      this.stopTls = tls.store.onChange(() => this.masters.tlsWatch.judgeAll());
    }
  }

  start(): void {
    const { state, owner } = this.subjects;
    const { listener } = new GroupSubjects(this.config.id);
    this.subscriptions = [
      receive(this.bus, state, decodeState, (message) =>
        this.connectorGuard.run(state, message.fence, () => this.onState(message)),
      ),
      receive(this.bus, owner, remembering(decodeOwner), (message) =>
        this.router.run(owner, message.fence, () => this.onOwner(message)),
      ),
      // Another one cannot listen: the connector is not to think that nobody can.
      receiveFromGateways(this.bus, listener, decodeListener, ({ gateway, listening }, by) => {
        if (!checkSender(this.bus.drops, listener, by, gateway, 'speaks for')) return;
        const can = !this.listener.blocked && !this.draining && !this.stopped;
        if (!listening && gateway !== this.instance && can) this.sayListening(true);
      }),
    ];
    this.scheduler.add(this);
    const trouble = this.tlsTrouble;
    if (trouble !== undefined) {
      const fields = { reason: trouble, port: this.config.tlsPort };
      securityEvent(
        this.logger,
        'tls_unusable',
        fields,
        'masters are to connect with TLS, which cannot be: that port stays closed',
      );
    }
  }

  /** Takes another row of the file whose differences concern no gateway (see beginsAnew). */
  reconfigure(config: GroupConfig): void {
    this.config = config;
    this.acknowledgements.gapMs = reportGapMs(config, this.bus.kind);
    for (const session of this.sessions.values()) {
      const { identity } = session;
      const { address, certificateNames = [] } = identity;
      const name = nameNow(config.masters, { address, certificateNames });
      if (name !== identity.name) this.masters.totals.renaming(session);
      identity.name = name;
      session.reconfigure(config);
    }
    this.masters.tlsWatch.judgeAll();
  }

  /** Nothing is known to keep this process from listening: a connector that waits for somebody who can need not wait. */
  sayMayListen(): void {
    this.sayListening(true);
  }

  /** Stops listening and disconnects every master. */
  stop(code: MasterEnd = 'stopped', message = 'the gateway stops'): void {
    this.stopped = true;
    this.stopTls();
    for (const subscription of this.subscriptions) subscription.unsubscribe();
    this.subscriptions = [];
    this.listener.close(code);
    for (const door of this.doors) door.close();
    this.masters.stop(code, message);
    // The last word: what becomes of commands that were read here is for the router to say.
    if (this.masters.any) this.state();
    this.masters.closed.clear();
    this.acknowledgements.publish();
    this.scheduler.remove(this);
  }

  /** Lets nobody in any more; the masters that are here notice nothing. */
  closeDoors(): void {
    this.draining = true;
    this.listener.close('draining');
    this.cancelNewcomers();
  }

  /** Stops listening and waits until masters have read what is owed to them, or DRAIN_MS. */
  drain(): Promise<void> {
    this.closeDoors();
    return drain(() => [...this.sessions.values()], this.scheduler.clock);
  }

  /** The connection to the bus came or went. */
  connectionChanged(connected: boolean): void {
    if (!connected || this.stopped) return;
    const now = this.scheduler.now();
    this.connector.reconnected(now);
    this.owner.reconnected(now);
    // What was under way may be lost.
    for (const session of this.sessions.values()) session.reconnected();
    if (this.masters.any) this.stateWithin(true);
  }

  /** What the connector said last; undefined before, and when that is too long ago. */
  get rtu(): StateMessage | undefined {
    return this.connector.state(this.scheduler.now());
  }

  /** What this process hears of the others: a connector, that the RTU is connected, a router that serves the group. */
  get heard(): { readonly connector: boolean; readonly rtuUp: boolean; readonly router: boolean } {
    const now = this.scheduler.now();
    return { connector: this.rtu !== undefined, rtuUp: this.connector.up, router: this.owner.serves(now) };
  }

  /** Why the port for TLS cannot be used; undefined: it can, or there is none. */
  get tlsTrouble(): string | undefined {
    return this.config.tlsPort === undefined ? undefined : this.tlsMaterial.trouble;
  }

  /** Where this process listens for the group, `host:port` each. */
  get listening(): readonly string[] {
    return this.listener.addresses;
  }

  get sessions(): ReadonlyMap<number, MasterSession> {
    return this.masters.sessions;
  }

  // ---- deadlines ----------------------------------------------------------------------------------------------------

  nextDeadline(): number {
    const inUse = this.sessions.size > 0 || this.listener.isOpen;
    return Math.min(
      this.connector.deadline,
      inUse ? this.owner.deadline : Infinity,
      this.listener.retryAt,
      this.statements.dueAt,
      this.lastEvents?.lookAt ?? Infinity,
      this.masters.tlsWatch.lookAt,
    );
  }

  onDeadline(now: number): void {
    const silent = this.connector.silent(now);
    if (silent !== undefined) this.lose(silent);
    if (this.owner.deadline <= now && (this.sessions.size > 0 || this.listener.isOpen)) this.lose(this.owner.loss);
    if (this.lastEvents !== undefined && this.lastEvents.lookAt <= now) this.lookAtLastEvents();
    if (this.statements.dueAt <= now) this.state();
    if (this.masters.tlsWatch.lookAt <= now) this.masters.tlsWatch.look(now);
    if (this.listener.retryAt <= now) this.listener.retry(now, this.mayListen, !this.draining && !this.stopped);
  }

  flush(): void {
    // What is to be reported flushes itself.
  }

  // ---- the parts that this one follows ------------------------------------------------------------------------------

  private onState(state: StateMessage): void {
    if (this.stopped) return;
    const now = this.scheduler.now();
    this.connectorClock.heard(state.fence, state.clock);
    const lost = this.connector.heard(state, now);
    if (lost !== undefined && this.lastEvents === undefined) {
      this.refuseNewMasters(lost);
      this.lastEvents = new LastEvents(lost, this.connector.logEnd, now);
      this.lookAtLastEvents();
    }
    this.openListener();
    this.scheduler.deadlineMoved(this);
  }

  private onOwner(owner: OwnerMessage): void {
    if (this.stopped) return;
    this.owner.heard(owner, this.scheduler.now());
    this.masters.tlsWatch.end(owner.mayEnd ?? [], this.sessions);
    // It has missed something, or has not heard yet what is under way.
    if ((owner.sessions[this.instance] ?? 0) !== this.sessions.size) this.stateWithin(true);
    this.openListener();
    this.scheduler.deadlineMoved(this);
  }

  /** Another router owns the group: it knows nothing of what was said to its predecessor. */
  private onNewOwner(): void {
    for (const { place } of this.sessions.values()) place.ownerChanged();
    if (this.masters.any && !this.stopped) this.state();
  }

  // ---- when masters may be here -------------------------------------------------------------------------------------

  /** Opens the listener if it may be open. An open one is closed by `lose` and `refuseNewMasters` only. */
  private openListener(): void {
    if (!this.mayListen) return;
    this.listener.open();
    this.scheduler.deadlineMoved(this);
  }

  private get mayListen(): boolean {
    const served = this.connector.up && this.lastEvents === undefined && this.owner.serves(this.scheduler.now());
    return served && !this.draining && !this.stopped;
  }

  /** Nobody can serve the masters any more. */
  private lose(loss: Loss): void {
    this.refuseNewMasters(loss);
    this.masters.closeAll(loss.code, loss.message);
  }

  private refuseNewMasters({ code, message }: Loss): void {
    if (this.sessions.size > 0) {
      this.logger.warn({ reason: code, count: this.sessions.size }, `masters are disconnected: ${message}`);
    }
    this.listener.close(code);
    this.cancelNewcomers();
  }

  private cancelNewcomers(): void {
    for (const door of this.doors) door.close();
    this.masters.cancelAttempts();
  }

  private lookAtLastEvents(): void {
    this.lastEvents?.look([...this.sessions.values()], this.scheduler.now());
    this.endLastEvents();
  }

  private endLastEvents(): void {
    if (this.lastEvents === undefined || this.sessions.size > 0) return;
    this.lastEvents = undefined;
    this.openListener();
  }

  /**
   * In the connector's clock. Whoever owns the group, or will soon, can keep to it.
   *
   * @param waitedMs how long the command may have waited because its session was not read
   */
  private commandTerms(waitedMs: number): CommandTerms | undefined {
    const clock = this.connectorClock.now();
    const served = this.lastEvents === undefined && this.owner.expected(this.scheduler.now());
    if (clock === undefined || !served) return undefined;
    const leftMs = COMMAND_DEADLINE_MS - Math.max(waitedMs, this.waitedMs());
    return { connectorFence: this.connectorClock.connectorFence, deadline: clock + leftMs };
  }

  private sayListening(listening: boolean, reason = ''): void {
    const message = { group: this.config.id, gateway: this.instance, listening, reason };
    this.bus.publish(this.subjects.listener, encodeListener(message));
  }

  // ---- what it states -----------------------------------------------------------------------------------------------

  /** @param soon now, as far as the last statement was long enough ago; else with the next one */
  private stateWithin(soon: boolean): void {
    if (this.stopped) return;
    const now = this.scheduler.now();
    if (soon) this.statements.wantSoon(now);
    else this.statements.want(now);
    this.scheduler.deadlineMoved(this);
  }

  private state(): void {
    const now = this.scheduler.now();
    const { masters } = this;
    masters.closed.expire(now);
    this.acknowledgements.publish();
    this.bus.publish(this.subjects.in, statementOf(this.config.id, this.instance, masters, now));
    this.statements.stated(now, masters.any);
    this.scheduler.deadlineMoved(this);
  }
}
