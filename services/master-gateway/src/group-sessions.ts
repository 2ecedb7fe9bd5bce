import { type Bus, type FenceGuard, type GroupSubjects, receive, type Subscription } from '@iec104mm2ss/bus';
import { type GroupConfig, type Limits, peerNameKey, peerText } from '@iec104mm2ss/config';
import { Durations } from '@iec104mm2ss/iec104';
import {
  type ConnectionRefusal,
  countReason,
  EVENT_BOUNDS_MS,
  LINK_BOUNDS_MS,
  type Logger,
  type MasterEnd,
  type ReasonCounts,
  refusalEvent,
  securityEvent,
} from '@iec104mm2ss/observability';
import { randomId, type Runtime, type TcpSocket } from '@iec104mm2ss/runtime';
import type { SecurePeer, TlsDoor } from '@iec104mm2ss/tls';
import { type CloseReason, type DeadlineScheduler, newLinkFigures, type Tap } from '@iec104mm2ss/transport';
import { decodeOut, encodeClosed } from '@iec104mm2ss/wire';
import type { AcknowledgementReport } from './acknowledgement-report.js';
import { AdmissionAttempt, type Admitted } from './admission-attempt.js';
import { ClosedSessions } from './closed-sessions.js';
import { MasterTotals } from './master-totals.js';
import { backlogOf } from './master-listener.js';
import { MasterSession, type SessionIdentity } from './master-session.js';
import { TlsWatch } from './tls-watch.js';
import type { CommandTerms } from './pending-commands.js';
import type { PeerAddress } from './proxy-reader.js';

export interface GroupSessionsDependencies {
  readonly bus: Bus;
  readonly scheduler: DeadlineScheduler;
  readonly logger: Logger;
  readonly runtime: Runtime;
  readonly subjects: GroupSubjects;
  /** Which router owns the group. */
  readonly router: FenceGuard;
  readonly acknowledgements: AcknowledgementReport;
  readonly limits: Limits;
  readonly tap?: Tap | undefined;
  /** For how long what is read now may have waited as this process did not run, ms. */
  readonly heldUpMs: () => number;
  readonly commandTerms: (waitedMs: number) => CommandTerms | undefined;
  /** The way in with TLS. */
  readonly door: TlsDoor;
  /** See TlsSettings. */
  readonly maxAgeMs: number;
  /** When TLS sessions are to be looked at has become earlier. */
  readonly onDeadlineMoved: () => void;
  /** Something is different from what was stated. @param soon the router waits for it */
  readonly changed: (soon: boolean) => void;
  /** The last session has ended. */
  readonly empty: () => void;
}

/** Running totals of one group: of connections, and of sessions that have ended. */
export interface GatewayCounters {
  accepted: number;
  /** ASDUs sent, ASDUs that waited when data transfer or the connection ended, commands refused here. */
  delivered: number;
  undelivered: number;
  commandsRefused: number;
  /** Of the commands: those that waited for the rate, and those that waited too long. */
  commandsDelayed: number;
  commandsLate: number;
  /** Connections that did not become sessions, and sessions that ended, by reason. */
  readonly refused: ReasonCounts<ConnectionRefusal>;
  readonly closed: ReasonCounts<MasterEnd>;
}

interface Refusal {
  readonly code: ConnectionRefusal;
  readonly message: string;
  /** Who has decided it, the router for instance, has logged it. */
  readonly logged?: boolean;
}

/** A router that keeps its own rules does not do that. */
const TAKEN = { code: 'session_taken', message: 'the router gave it the session of another connection' } as const;

/** Certificate names that are sent to the router at most, and the octets of each: others cannot matter. */
const MOST_NAMES = 100;
const LONGEST_NAME = 1_000;

/** A connection that nobody has let in yet. */
interface Waiting {
  readonly address: string;
  cancel(): void;
}

/** The masters of one group that are connected here: from the connection, over the router's word, to the session's end. */
export class GroupSessions {
  readonly counters: GatewayCounters = {
    accepted: 0,
    delivered: 0,
    undelivered: 0,
    commandsRefused: 0,
    commandsDelayed: 0,
    commandsLate: 0,
    refused: {},
    closed: {},
  };
  readonly totals = new MasterTotals();
  /** How fast the masters answer, all together. */
  readonly figures = newLinkFigures(LINK_BOUNDS_MS);
  /** How old events are when they go to a master. */
  readonly latencies = new Durations(EVENT_BOUNDS_MS);
  readonly sessions = new Map<number, MasterSession>();
  readonly closed = new ClosedSessions();
  readonly tlsWatch: TlsWatch;
  private readonly attempts = new Map<TcpSocket, Waiting>();
  /** What is published for all; nobody listens while no master is here. */
  private broadcasts: Subscription | undefined;
  private stopped = false;

  constructor(
    private readonly config: () => GroupConfig,
    private readonly dependencies: GroupSessionsDependencies,
  ) {
    const { runtime, logger, maxAgeMs, onDeadlineMoved } = dependencies;
    this.tlsWatch = new TlsWatch({ runtime, logger, maxAgeMs, onDeadlineMoved });
  }

  /** There is something that a router has to know. */
  get any(): boolean {
    return this.sessions.size > 0 || this.attempts.size > 0 || this.closed.size > 0;
  }

  /** A connection came in. It becomes a session if the router says so. */
  async connect(socket: TcpSocket, from: PeerAddress): Promise<void> {
    if (this.mayWait(socket, from)) await this.askFor(socket, from);
  }

  /** The same, of a connection that is to speak TLS. */
  async connectSecure(raw: TcpSocket, from: PeerAddress): Promise<void> {
    if (!this.mayWait(raw, from)) return;
    const peer = peerText(from.address, from.port);
    const { logger, door } = this.dependencies;
    const ignoreError = (): void => undefined;
    raw.on('error', ignoreError);
    const attempt = door.enter(raw, from.address, peer);
    this.attempts.set(raw, attempt);
    const outcome = await attempt.outcome;
    this.attempts.delete(raw);
    if (!outcome.ok) {
      this.refuse(raw, peer, { code: `tls_${outcome.code}`, message: outcome.reason, logged: true });
      return;
    }
    const { secure } = outcome;
    const { identity, version, cipher } = secure;
    securityEvent(logger, 'tls_established', { peer, identity, version, cipher }, 'TLS session with a master');
    await this.askFor(secure.socket, from, secure);
  }

  private async askFor(socket: TcpSocket, { address, port }: PeerAddress, secure?: SecurePeer): Promise<void> {
    const { bus, scheduler, runtime, router } = this.dependencies;
    const peer = peerText(address, port);
    const ignoreError = (): void => undefined;
    socket.on('error', ignoreError);
    const connection = randomId(runtime);
    const { id: group } = this.config();
    const certificateNames = secure === undefined ? [] : this.namesOf(secure);
    const request = { group, gateway: runtime.instance, connection, address, port, certificateNames };
    const attempt = new AdmissionAttempt(bus, scheduler.clock, router, request, this.dependencies.subjects.admit);
    this.attempts.set(socket, attempt);
    this.dependencies.changed(false);
    const answer = await attempt.ask();
    this.attempts.delete(socket);
    if (!answer.ok) this.refuse(socket, peer, { ...answer, logged: answer.byRouter });
    else if (this.sessions.has(answer.session)) this.refuse(socket, peer, TAKEN);
    else if (!socket.destroyed) {
      const names = secure === undefined ? {} : { certificateNames };
      this.accept(socket, answer, { connection, address, port, ...names }, secure);
    } else this.refuseAdmitted(socket, peer, answer);
    socket.removeListener('error', ignoreError);
  }

  /** What its certificate says, what somebody in this group is known by first. */
  private namesOf({ identity, identities }: SecurePeer): string[] {
    const { masters, tlsNames } = this.config();
    const known = new Set(
      [...masters.flatMap(({ certificateNames }) => certificateNames), ...tlsNames].map(peerNameKey),
    );
    const all = [identity, ...identities.filter((name) => known.has(name)), ...identities];
    return [...new Set(all)].filter(({ length }) => length <= LONGEST_NAME).slice(0, MOST_NAMES);
  }

  /** False: it was refused, as one more cannot wait for the router's word. One address leaves half of the room to others. */
  private mayWait(socket: TcpSocket, { address, port }: PeerAddress): boolean {
    const problem = this.waitingProblem(address);
    if (problem !== undefined)
      this.refuse(socket, peerText(address, port), { code: 'too_many_waiting', message: problem });
    return problem === undefined;
  }

  private waitingProblem(address: string): string | undefined {
    const room = backlogOf(this.config());
    if (this.attempts.size >= room) return `${this.attempts.size} connections wait`;
    const own = [...this.attempts.values()].filter((attempt) => attempt.address === address).length;
    return own >= room / 2 ? `${own} connections of ${address} wait` : undefined;
  }

  /** Lets none of those in that wait for the router's word. */
  cancelAttempts(): void {
    for (const [socket, attempt] of this.attempts) {
      attempt.cancel();
      socket.destroy();
    }
    this.attempts.clear();
  }

  /** Ends a session because somebody wants that. Returns its peer; undefined when it is not here. */
  disconnect(session: number, by: string): string | undefined {
    const found = this.sessions.get(session);
    found?.close('operator', `disconnected by an operator (${by})`);
    return found?.peer;
  }

  closeAll(code: MasterEnd, message: string): void {
    for (const session of [...this.sessions.values()]) session.close(code, message);
  }

  stop(code: MasterEnd, message: string): void {
    this.stopped = true;
    this.cancelAttempts();
    this.closeAll(code, message);
  }

  /** ASDUs sent to masters since the start. */
  get delivered(): number {
    return this.total(this.counters.delivered, ({ connection }) => connection.link.sent);
  }

  /** ASDUs that waited when data transfer or the connection ended: the log has them. */
  get undelivered(): number {
    return this.total(this.counters.undelivered, ({ undelivered }) => undelivered);
  }

  /** Commands refused here, as nobody could take them over. */
  get commandsRefused(): number {
    return this.total(this.counters.commandsRefused, ({ commandsRefused }) => commandsRefused);
  }

  /** Commands that waited as their master gives more than it may, and those of them that were refused for it. */
  get commandsDelayed(): number {
    return this.total(this.counters.commandsDelayed, ({ intake }) => intake.delayed);
  }

  get commandsLate(): number {
    return this.total(this.counters.commandsLate, ({ intake }) => intake.late);
  }

  private accept(
    socket: TcpSocket,
    { session: id, name, certificateName, originatorAddress }: Admitted,
    peer: Pick<SessionIdentity, 'connection' | 'address' | 'port' | 'certificateNames'>,
    secure: SecurePeer | undefined,
  ): void {
    const { bus, subjects, router, acknowledgements, ...others } = this.dependencies;
    const identity = { session: id, ...peer, name, certificateName, originatorAddress };
    const dependencies = {
      bus,
      subjects,
      router,
      scheduler: others.scheduler,
      figures: this.figures,
      latencies: this.latencies,
      logger: others.logger,
      limits: others.limits,
      tap: others.tap,
      heldUpMs: others.heldUpMs,
      commandTerms: others.commandTerms,
      onAcknowledged: (acknowledging: MasterSession) => acknowledgements.add(acknowledging),
      reportAcknowledged: () => acknowledgements.publish(),
      onClosed: (closed: MasterSession, reason: CloseReason<MasterEnd>, subscription: Subscription) =>
        this.onClosed(closed, reason, subscription),
    };
    const session = new MasterSession(identity, this.config(), socket, dependencies, secure);
    if (secure !== undefined) this.tlsWatch.add(session);
    this.counters.accepted++;
    this.sessions.set(id, session);
    this.broadcasts ??= receive(bus, subjects.out, decodeOut, (message, { subject }) =>
      router.run(subject, message.fence, () => {
        for (const each of this.sessions.values()) each.onBroadcast(message);
      }),
    );
    others.changed(true);
    socket.resume();
  }

  /** A connection does not become a session. */
  refuse(socket: TcpSocket, peer: string, { code, message, logged = false }: Refusal): void {
    const { logger } = this.dependencies;
    countReason(this.counters.refused, code);
    // One refusal is one line: who decides it logs it.
    if (logged || code === 'health_check') logger.debug({ peer, reason: code }, `connection refused: ${message}`);
    else securityEvent(logger, refusalEvent(code), { peer, reason: code }, `connection refused: ${message}`);
    socket.destroy();
  }

  /** The router has made a session of a connection that is gone. It is told; else the statement would show it. */
  private refuseAdmitted(socket: TcpSocket, peer: string, { session }: Admitted): void {
    const message = 'the connection ended while it was admitted';
    this.refuse(socket, peer, { code: 'given_up', message });
    if (this.stopped) return;
    const { bus, subjects, changed } = this.dependencies;
    bus.publish(subjects.in, encodeClosed({ session, number: 1 }, 'given_up', message));
    changed(true);
  }

  private onClosed(session: MasterSession, reason: CloseReason<MasterEnd>, subscription: Subscription): void {
    this.sessions.delete(session.id);
    this.tlsWatch.remove(session);
    this.closed.add(session.closed(reason), subscription, this.dependencies.scheduler.now());
    const { counters } = this;
    this.totals.ended(session);
    counters.delivered += session.connection.link.sent;
    counters.undelivered += session.undelivered;
    counters.commandsRefused += session.commandsRefused;
    counters.commandsDelayed += session.intake.delayed;
    counters.commandsLate += session.intake.late;
    countReason(counters.closed, reason.code);
    this.dependencies.changed(false);
    if (this.sessions.size > 0) return;
    this.broadcasts?.unsubscribe();
    this.broadcasts = undefined;
    this.dependencies.empty();
  }

  private total(ended: number, of: (session: MasterSession) => number): number {
    let sum = ended;
    for (const session of this.sessions.values()) sum += of(session);
    return sum;
  }
}
