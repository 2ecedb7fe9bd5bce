import { type Endpoint, peerText } from '@iec104mm2ss/config';
import type { LinkState } from '@iec104mm2ss/iec104';
import { countReason, type Flood, type RtuEnd, securityEvent } from '@iec104mm2ss/observability';
import type { TcpSocket } from '@iec104mm2ss/runtime';
import type { SecurePeer } from '@iec104mm2ss/tls';
import { type CloseReason, Connection, isExcess, type Writable } from '@iec104mm2ss/transport';
import { rtuLinkUp, type RtuState } from '@iec104mm2ss/wire';
import { HostRotation, NEXT_HOST_PAUSE_MS } from './host-rotation.js';
import type { RtuLinkEvents, RtuLinkOptions } from './rtu-link-options.js';
import { RtuLinkStatus } from './rtu-link-status.js';
import { RtuStory } from './rtu-story.js';
import { CERTIFICATE_LOOK_MS } from './rtu-tls.js';
import { StartPause } from './start-pause.js';
import { TcpDial } from './tcp-dial.js';

/** How soon to look again whether a connection may be made: the log cannot be written, or the lease is uncertain. */
const NOT_READY_MS = 1_000;

/** The connection to one RTU: its hosts in turn, STARTDT and STOPDT as wanted, one state. */
export class RtuLink {
  private readonly status: RtuLinkStatus;
  private lastError: string | null = null;
  private epochs = 0;
  private up: Connection<RtuEnd> | undefined;
  /** Who is at the other end of TLS; undefined without it. */
  private peer: SecurePeer | undefined;
  private certificateLookAt = Infinity;
  private address: string | null = null;
  /** Since when there is a link, and whether it is this end that ends it. */
  private upSince = 0;
  private endedHere = false;
  /** The next host was asked for. */
  private hostUnwanted = false;
  private wanted = false;
  private stopped = false;
  /** An attempt to connect, or every host of a round, has come to its end. */
  private attempted = false;
  private retryAt = Infinity;
  private readonly hosts: HostRotation;
  private readonly dial: TcpDial;
  private readonly startPause = new StartPause();
  private readonly story: RtuStory;

  constructor(
    private readonly options: RtuLinkOptions,
    private readonly events: RtuLinkEvents,
  ) {
    const { config, runtime, scheduler, tls, logger } = options;
    const now = (): number => scheduler.now();
    this.hosts = new HostRotation(config.hosts, () => runtime.random());
    const onDeadlineMoved = (): void => events.onDeadlineMoved();
    this.dial = new TcpDial({ runtime, now, t0Ms: config.t0Ms, tls, logger, onDeadlineMoved });
    this.status = new RtuLinkStatus(runtime.clock);
    this.story = new RtuStory(options.logger, now);
  }

  get state(): RtuState {
    return this.status.state;
  }

  get isUp(): boolean {
    return rtuLinkUp(this.state);
  }

  get secure(): SecurePeer | undefined {
    return this.peer;
  }

  get connection(): Connection<RtuEnd> | undefined {
    return this.up;
  }

  /** Counts the connections of the group; the last one when there is none. */
  get epoch(): number {
    return this.epochs;
  }

  /**
   * False for a connector that took over until its first attempt has ended: before that it knows nothing of the RTU, and
   * masters are not to notice the change.
   */
  get outcomeKnown(): boolean {
    return this.attempted;
  }

  /** What is said of the link in status and statement. */
  get description() {
    const { host, port } = this.hosts.current;
    const { address, epochs: epoch, lastError } = this;
    const { state, reason, since } = this.status;
    return { state, endpoint: peerText(host, port), address, epoch, lastError, reason, since };
  }

  /** @param lastEpoch epoch of the last link that left anything in the log */
  start(lastEpoch: number): void {
    this.epochs = Math.max(this.epochs, lastEpoch);
    this.connect();
  }

  /** Ends the link for good: with FIN while the RTU is ours, else with RST. */
  stop(): void {
    this.stopped = true;
    this.retryAt = Infinity;
    this.close({ code: 'stopped', message: 'connector stops' });
    this.dial.abandon();
  }

  /** Closes the link; it is opened again at once, as it is no fault of the host. */
  close(reason: CloseReason<RtuEnd>): void {
    this.endedHere = true;
    this.up?.close(reason);
  }

  /** Closes the link, or does not open it, for so long. */
  leave(reason: CloseReason<RtuEnd>, pauseMs: number): void {
    this.close(reason);
    if (this.state === 'disconnected' && !this.stopped) this.retryIn(pauseMs);
  }

  /** The next attempt need not wait any longer. */
  retrySoon(): void {
    if (this.state === 'disconnected' && !this.stopped) this.retryIn(0);
  }

  /** Goes on to the next host of the list: a link is closed, an attempt given up. False when there is no other host. */
  useNextHost(reason: CloseReason<RtuEnd>): boolean {
    if (this.hosts.count < 2 || this.stopped) return false;
    this.hostUnwanted = true;
    if (this.up !== undefined) this.close(reason);
    else if (this.state === 'connecting') this.dial.abandon();
    else {
      this.leaveHost();
      this.retrySoon();
    }
    return true;
  }

  /** The RTU did something against the protocol that is lived with. */
  remark(breach: CloseReason): void {
    this.story.breach(this.description.endpoint, this.epochs, breach);
  }

  /** Closes the link to a host that cannot be served. */
  refuse(reason: Required<CloseReason<RtuEnd>>): void {
    this.up?.close(reason);
  }

  /** Masters want data, and there is a link. */
  get isWanted(): boolean {
    return this.wanted && this.isUp;
  }

  /** Data transfer is wanted, or no longer. */
  want(wanted: boolean): void {
    this.wanted = wanted;
    this.followDemand();
  }

  /** The lease turned out to be ours still: what had to wait may be written. */
  mayUseAgain(): void {
    this.up?.touched();
  }

  nextDeadline(): number {
    return Math.min(this.retryAt, this.dial.nextDeadline(), this.startAt, this.certificateLookAt);
  }

  /** When an RTU that stops by itself is to be started again. */
  private get startAt(): number {
    const waits = this.wanted && this.state === 'connected' && this.up?.link.state === 'stopped';
    return waits ? this.startPause.notBefore : Infinity;
  }

  onDeadline(now: number): void {
    if (this.startAt <= now) this.followDemand();
    if (this.retryAt <= now) {
      this.retryAt = Infinity;
      this.connect();
    }
    this.dial.onDeadline(now);
    if (this.certificateLookAt <= now) {
      this.certificateLookAt = now + CERTIFICATE_LOOK_MS;
      if (this.peer !== undefined && this.peer.alarmAt <= this.options.runtime.clock.wallMs()) this.peer.judgeAgain();
    }
  }

  private connect(): void {
    if (this.stopped || this.state !== 'disconnected') return;
    if (!this.events.ready() || !this.options.mayUse()) {
      this.retryIn(NOT_READY_MS);
      return;
    }
    const endpoint = this.hosts.current;
    this.transition('connecting', `trying ${peerText(endpoint.host, endpoint.port)}`);
    void this.open(endpoint);
  }

  private async open(endpoint: Endpoint): Promise<void> {
    await this.events.prepare();
    if (this.stopped) return;
    if (this.hostUnwanted) {
      this.connectFailed('another host is wanted');
      return;
    }
    if (!this.events.ready()) {
      this.postpone('the event log cannot be written');
      return;
    }
    this.dial.open(endpoint, {
      connected: (socket, secure) => {
        if (this.options.mayUse()) {
          this.connected(socket, secure);
          return;
        }
        socket.resetAndDestroy();
        this.postpone('it is not certain that the RTU is ours');
      },
      failed: (message) => this.connectFailed(message),
    });
  }

  /** No fault of the host. */
  private postpone(reason: string): void {
    this.lastError = reason;
    this.transition('disconnected', reason);
    this.retryIn(NOT_READY_MS);
  }

  private connectFailed(message: string): void {
    if (this.stopped) return;
    const { host, port } = this.hosts.current;
    this.lastError = message;
    const pauseMs = this.leaveHost() ? NEXT_HOST_PAUSE_MS : this.hosts.failed();
    if (this.hosts.roundEnded) this.attempted = true;
    this.transition('disconnected', `${peerText(host, port)}: ${message}`);
    this.retryIn(pauseMs);
  }

  private writable(): Writable {
    const { mayUse, heldUp, mayWrite } = this.options;
    if (mayUse()) return mayWrite() ? 'all' : 'upkeep';
    return heldUp() ? 'nothing' : 'upkeep';
  }

  private connected(socket: TcpSocket, secure: SecurePeer | undefined): void {
    const { config, counters, figures, hold, scheduler } = this.options;
    const { t1Ms, t2Ms, t3Ms, k, w } = config.rtuLink;
    this.attempted = true;
    counters.connects++;
    this.epochs++;
    this.upSince = scheduler.now();
    this.endedHere = false;
    this.address = socket.remoteAddress ?? null;
    const connection = new Connection<RtuEnd>(
      socket,
      {
        role: 'controlling',
        ...{ t1Ms, t2Ms, t3Ms, k, w, idleTimeMs: config.idleTimeMs },
        ...hold,
        figures,
        mayWrite: () => this.writable(),
        limits: this.options.limits,
        tap: this.options.tap,
      },
      {
        onApdus: (octets, start, end, count) => this.events.onApdus(octets, start, end, count),
        onRoom: () => this.events.onRoom(),
        onState: (to, _from, reason) => this.onLinkState(to, reason),
        onHoldLimit: (upTo) => this.events.onHoldLimit(upTo),
        onIrregular: (breach) => this.remark(breach),
        onClosed: (reason) => this.onClosed(reason),
      },
      scheduler,
    );
    this.up = connection;
    this.peer = secure;
    if (secure !== undefined) {
      secure.onRefused = ({ code, reason }) => connection.reset({ code: `tls_${code}`, message: reason });
      this.certificateLookAt = this.upSince + CERTIFICATE_LOOK_MS;
    }
    this.events.onUp(connection, this.epochs);
    this.transition('connected', secure === undefined ? 'TCP connection established' : 'TLS session established');
    this.followDemand();
  }

  private onLinkState(to: LinkState, reason: string): void {
    const now = this.options.scheduler.now();
    if (to === 'started') {
      this.startPause.started(now);
      this.transition('started', reason);
      this.events.onRoom();
    } else if (to === 'stopped') {
      if (this.state === 'started') this.startPause.stoppedByItself(now);
      this.transition('connected', reason);
    } else if (to === 'starting' || to === 'stopping') this.transition(to, reason);
    this.followDemand();
  }

  private followDemand(): void {
    const connection = this.up;
    if (connection === undefined) return;
    const { link } = connection;
    const now = this.options.scheduler.now();
    if (this.wanted && this.state === 'connected') {
      if (now >= this.startPause.notBefore) link.startDataTransfer(now);
      else this.events.onDeadlineMoved();
    } else if (!this.wanted && this.state === 'started') link.stopDataTransfer(now);
    // A master is back while the RTU waits for our acknowledgement before it confirms STOPDT: do not keep it waiting.
    else if (this.wanted && this.state === 'stopping') this.events.onHoldLimit(link.received);
    else return;
    connection.touched();
  }

  private onClosed(reason: CloseReason<RtuEnd>): void {
    const connection = this.up as Connection<RtuEnd>;
    const { link } = connection;
    this.up = undefined;
    this.address = null;
    this.peer = undefined;
    this.certificateLookAt = Infinity;
    this.lastError = `${reason.code}: ${reason.message}`;
    this.options.counters.linkFailures++;
    countReason(this.options.counters.disconnects, reason.code);
    if (reason.octets !== undefined) this.remark(reason);
    if (isExcess(reason.code)) this.flooded(reason.code, reason.message);
    this.events.onDown(connection);
    this.transition('disconnected', this.lastError);
    if (this.stopped) return;
    const pauseMs = this.hosts.ended({
      livedMs: this.options.scheduler.now() - this.upSince,
      exchanged: link.received > 0 || link.sent > 0,
      faulty: reason.octets !== undefined || isExcess(reason.code),
      ours: this.endedHere,
    });
    this.retryIn(this.leaveHost() ? NEXT_HOST_PAUSE_MS : pauseMs);
  }

  private flooded(code: Flood, message: string): void {
    const { counters, logger } = this.options;
    countReason(counters.floods, code);
    securityEvent(logger, 'peer_flood', { peer: this.description.endpoint, reason: code }, `the RTU: ${message}`);
  }

  /** True when the host was not wanted any more: the next one is the current one now. */
  private leaveHost(): boolean {
    const left = this.hostUnwanted;
    this.hostUnwanted = false;
    if (left) this.hosts.skip();
    return left;
  }

  private retryIn(pauseMs: number): void {
    this.retryAt = this.options.scheduler.now() + pauseMs;
    this.events.onDeadlineMoved();
  }

  private transition(to: RtuState, reason: string): void {
    const from = this.status.enter(to, reason);
    const { endpoint: peer, epoch } = this.description;
    this.story.step({ peer, epoch, from, to, reason });
    this.events.onState();
  }
}
