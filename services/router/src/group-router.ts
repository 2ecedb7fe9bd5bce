import {
  type Bus,
  encodeDemand,
  encodeJson,
  encodeOutText,
  type EventLog,
  forEachAck,
  GroupSubjects,
  inDeadline,
  inKind,
  inNumber,
  InKind,
  inSession,
  inText,
  type LogExtent,
  OutKind,
  type OwnerMessage,
  rtuLinkUp,
  decodeJson,
  type SessionSnapshot,
  type StateMessage,
  type Subscription,
} from '@iec104mm2ss/bus';
import { type GroupConfig, peerText, repeatableAsdus, reportGapMs } from '@iec104mm2ss/config';
import type { Logger } from '@iec104mm2ss/observability';
import { admit, type AdmissionRequest, type Refusal } from './admission.js';
import { Cursors } from './cursors.js';
import { DecodedFeed } from './decoded-feed.js';
import { Delivery } from './delivery.js';
import { GroupCommands } from './group-commands.js';
import { OriginatorAddresses } from './originator-addresses.js';
import type { Session } from './session.js';

/** Session numbers carry the owner's fence in their upper bits, so that two owners never give out the same. */
const SESSIONS_PER_FENCE = 0x100000;
/** What sessions that are a little behind get without a read of the stored log: some thousand ASDUs. */
const RECENT_OCTETS = 0x40000;
/** A connector says every few seconds what the RTU's link is like. */
const RTU_SILENCE_MS = 10_000;

export interface AdmissionGranted {
  readonly ok: true;
  readonly session: number;
  readonly originatorAddress: number;
  readonly name: string | null;
  readonly certificateName: string | null;
}
export type AdmissionAnswer = AdmissionGranted | ({ readonly ok: false } & Refusal);

export interface RouterDependencies {
  readonly bus: Bus;
  readonly logger: Logger;
  readonly instance: string;
}

/** Running totals of one group, read by metrics and status. */
export interface RouterCounters {
  lostByNamedMasters: number;
  admitted: number;
  readonly refusals: Record<string, number>;
}

/** What survives an owner of the group. */
export interface RouterState {
  /** Everything before this position is confirmed. */
  readonly confirmed: number;
  /** Of each named master. */
  readonly cursors: Readonly<Record<string, number>>;
  /** OAs that rest, and since when (ms since 1970-01-01 UTC). */
  readonly resting: readonly (readonly [oa: number, since: number])[];
  /** This RTU mirrors the OA of what it answers. */
  readonly mirrorsOa?: boolean;
}

/**
 * The rules of one group, for as long as this process owns it: sessions, admission, who receives what, commands and
 * their answers, cursors.
 */
export class GroupRouter {
  readonly subjects: GroupSubjects;
  readonly counters: RouterCounters = {
    lostByNamedMasters: 0,
    admitted: 0,
    refusals: {},
  };
  readonly delivery: Delivery;
  readonly feed: DecodedFeed;
  readonly sessions = new Map<number, Session>();

  private readonly bus: Bus;
  private readonly logger: Logger;
  private readonly addresses = new OriginatorAddresses();
  readonly commands: GroupCommands;
  private readonly cursors: Cursors;
  private subscriptions: Subscription[] = [];
  private nextSession: number;
  private demand = false;
  private rtu: StateMessage | undefined;
  private rtuHeardAt = -Infinity;
  private trimmed = 0;
  /** False until the sessions of an earlier owner had time to be resumed. */
  private open = false;
  private generation = 0;
  /** Sessions that have not been resumed since `generation` last changed. */
  private readonly unresumed = new Set<number>();
  /** Sessions closed from here, until their gateways say so: what those still report was acknowledged before. */
  private readonly closing = new Map<number, Session>();
  /** Sessions of an earlier owner, and the position before which each has everything. */
  private readonly inherited = new Map<number, number>();
  private readonly instance: string;

  constructor(
    readonly config: GroupConfig,
    dependencies: RouterDependencies,
    readonly fence: number,
    /** What an earlier owner left; on a first start everything begins at the oldest position of the log. */
    saved: RouterState,
    /** The log at the takeover: answers before its end are to commands that an earlier owner had. */
    private readonly inheritedLog: LogExtent,
  ) {
    const from = saved.confirmed;
    this.instance = dependencies.instance;
    this.bus = dependencies.bus;
    this.logger = dependencies.logger.child({ group: config.id });
    this.subjects = new GroupSubjects(config.id);
    this.nextSession = (fence % 0xfff) * SESSIONS_PER_FENCE + 1;
    this.feed = new DecodedFeed(this.bus, this.subjects, config.decoded);
    this.commands = new GroupCommands({
      group: config.id,
      bus: this.bus,
      subjects: this.subjects,
      logger: this.logger,
      fence,
      feed: this.feed,
      sessions: this.sessions,
      holderOf: (oa) => this.holderOf(oa),
      send: (session, asdu) => this.delivery.send(session, asdu),
      inheritedEnd: inheritedLog.next,
      inherited: this.inherited,
    });
    const { transactions } = this.commands;
    if (saved.mirrorsOa === true) transactions.oaBehaviour = 'mirrors';
    this.trimmed = from;
    this.delivery = new Delivery(
      this.bus,
      this.subjects,
      this.log,
      fence,
      this.sessions,
      {
        answer: (octets, at, end) => this.commands.answer(octets, at, end),
        interrogators: (cot, oa) => this.commands.interrogators(cot, oa),
        requested: (octets, at, end) => this.commands.requested(octets, at, end),
        interrogated: (cot) => void transactions.interrogation(cot, Date.now()),
      },
      {
        from,
        interrogationToOriginator: config.interrogation === 'originator',
        confirmGapMs: reportGapMs(config, this.bus.kind),
        recentOctets: this.bus.kind === 'memory' ? 0 : RECENT_OCTETS,
      },
      this.logger,
      (position) => this.onConfirmed(position),
    );
    this.cursors = new Cursors(
      config.masters.map(({ name }) => name),
      saved.cursors,
      from,
    );
    for (const [oa, releasedAt] of saved.resting) this.addresses.rest(oa, releasedAt);
  }

  /**
   * Takes the group over. Sessions of an earlier owner are announced by their gateways; `settle` is called when they had
   * time to be.
   */
  start(): void {
    const { bus, subjects } = this;
    this.subscriptions = [
      bus.subscribe(subjects.state, ({ data }) => this.onState(data)),
      bus.subscribe(subjects.in, ({ data }) => this.onIn(data)),
      bus.subscribe(subjects.ack, ({ data }) => this.onAck(data)),
      bus.subscribe(subjects.commandResult, ({ data }) => this.commands.onCommandResult(data)),
    ];
    this.announce();
  }

  /** Opens the group: from now on masters are admitted, data is routed. */
  settle(): void {
    this.open = true;
    this.subscriptions.push(this.log.follow(this.delivery.routed, (record) => this.onRecord(record)));
    this.bus.publish(this.subjects.demand, encodeDemand(this.fence, this.demand));
    this.delivery.publishConfirmed();
  }

  stop(): void {
    for (const subscription of this.subscriptions) subscription.unsubscribe();
    this.subscriptions = [];
    this.delivery.stop();
    for (const session of this.sessions.values()) session.started = false;
  }

  /** Gives up what has waited too long. Call a few times a second. */
  tick(now: number): void {
    this.commands.tick(now);
  }

  /** Says who owns the group and what is wanted, for parts that started later or missed it. Call every second. */
  announce(): void {
    const message: OwnerMessage = {
      group: this.config.id,
      owner: this.instance,
      fence: this.fence,
      generation: this.generation,
    };
    this.bus.publish(this.subjects.owner, encodeJson(message));
    if (!this.open) return;
    this.delivery.publishConfirmed();
  }

  /** Messages may have been missed: every gateway tells about its sessions again. */
  resynchronise(): void {
    this.generation++;
    for (const id of this.sessions.keys()) this.unresumed.add(id);
    this.announce();
  }

  /** Sessions that no gateway has resumed after `resynchronise` are gone. */
  dropUnresumed(): void {
    for (const id of this.unresumed) {
      const session = this.sessions.get(id);
      if (session !== undefined) this.forget(session, 'gone', 'its gateway no longer has it');
    }
    this.unresumed.clear();
  }

  /** A gateway died with its connections. */
  gatewayGone(instance: string): void {
    for (const { id, gateway } of this.closing.values()) if (gateway === instance) this.closing.delete(id);
    const gone = [...this.sessions.values()].filter(({ gateway }) => gateway === instance);
    if (gone.length === 0) return;
    for (const session of gone) this.forget(session, 'gateway_gone', `gateway ${instance} is gone`);
    // It may only have been silent: when it is back it learns from this that its sessions are to be told about again.
    this.generation++;
  }

  /** What the next owner has to know. */
  get state(): RouterState {
    return {
      confirmed: this.delivery.mark.confirmed,
      cursors: this.cursors.positions,
      resting: this.addresses.resting(Date.now()),
      mirrorsOa: this.commands.transactions.oaBehaviour === 'mirrors',
    };
  }

  get waitingCommands(): number {
    return this.commands.transactions.size;
  }

  // ---- admission ----------------------------------------------------------------------------------------------------

  /** Decides on a connection attempt and, when it may come in, makes its session. Undefined: ask again soon. */
  admit(request: AdmissionRequest): AdmissionAnswer | undefined {
    if (!this.open || this.rtu === undefined) return undefined;
    const peer = peerText(request.address, request.port);
    const rtuAddress = this.rtu !== undefined && rtuLinkUp(this.rtu.state) ? this.rtu.address : null;
    const decision = admit(this.config, request, [...this.sessions.values()], rtuAddress);
    // One of an earlier owner may have it.
    while (this.sessions.has(this.nextSession) || this.closing.has(this.nextSession)) this.nextSession++;
    const oa = 'code' in decision ? undefined : this.addresses.allocate(this.nextSession, Date.now());
    if ('code' in decision || oa === undefined) {
      const refusal: Refusal =
        'code' in decision ? decision : { code: 'no_oa', message: 'every originator address is in use or resting' };
      this.counters.refusals[refusal.code] = (this.counters.refusals[refusal.code] ?? 0) + 1;
      this.logger.warn({ peer, reason: refusal.code }, `master refused: ${refusal.message}`);
      return { ok: false, code: refusal.code, message: refusal.message };
    }
    for (const old of decision.replaces) {
      this.closeSession(old, 'same_ip', `${request.address} connected again and the group keeps the new connection`);
    }
    const session: Session = {
      id: this.nextSession++,
      gateway: request.gateway,
      address: request.address,
      peer,
      name: decision.name,
      certificateName: decision.certificateName,
      oa,
      ownOa: 0,
      started: false,
      live: false,
      catchingUp: false,
      sent: 0,
      acknowledged: 0,
      since: Date.now(),
      commands: 0,
    };
    this.sessions.set(session.id, session);
    this.counters.admitted++;
    this.logger.info(
      { session: session.id, peer, name: session.name ?? undefined, oa, gateway: session.gateway },
      'master connected',
    );
    return {
      ok: true,
      session: session.id,
      originatorAddress: oa,
      name: session.name,
      certificateName: session.certificateName,
    };
  }

  private closeSession(session: Session, code: string, message: string): void {
    const text = `${code} ${message}`;
    this.bus.publish(this.subjects.outTo(session.id), encodeOutText(OutKind.CLOSE, this.fence, text));
    this.forget(session, code, message);
    this.closing.set(session.id, session);
  }

  private forget(session: Session, code: string, message: string): void {
    if (!this.sessions.delete(session.id)) return;
    // What it sent to an earlier owner of the group was not counted here.
    const inherited = this.inherited.delete(session.id);
    this.delivery.end(session);
    this.commands.forget(session.id);
    this.addresses.release(session.oa, Date.now(), session.commands > 0 || inherited);
    this.logger.info({ session: session.id, peer: session.peer, reason: code }, `master disconnected: ${message}`);
    this.publishDemand();
  }

  // ---- from the gateways --------------------------------------------------------------------------------------------

  private onIn(message: Uint8Array): void {
    if (inKind(message) === InKind.RESUME) {
      this.resume(inText(message));
      return;
    }
    if (inKind(message) === InKind.CLOSED) this.closing.delete(inSession(message));
    const session = this.sessions.get(inSession(message));
    if (session === undefined) return;
    switch (inKind(message)) {
      case InKind.STARTED:
        this.started(session, inNumber(message));
        break;
      case InKind.STOPPED:
        this.delivery.end(session);
        this.logger.info({ session: session.id, peer: session.peer }, 'master stopped data transfer');
        this.publishDemand();
        break;
      case InKind.COMMANDS:
        this.commands.onCommands(session, message);
        break;
      case InKind.CLOSED: {
        const [code = 'closed', ...words] = inText(message).split(' ');
        this.forget(session, code, words.join(' '));
        break;
      }
      case InKind.RESUME:
        break;
      case InKind.RESYNC:
        if (session.started) this.delivery.begin(session, inDeadline(message));
        break;
    }
  }

  /** A session of an earlier owner, or one about which messages may have been missed. */
  private resume(text: string): void {
    const snapshot = decodeJson<SessionSnapshot>(Buffer.from(text));
    if (snapshot === undefined) return;
    const { session: id, address, port, originatorAddress: oa, started, starting, expected, acknowledged } = snapshot;
    this.unresumed.delete(id);
    if (snapshot.since < this.inheritedLog.begunAt) {
      this.refuseResume(id, 'log_lost the event log was lost, and with it where this session was');
      return;
    }
    let session = this.sessions.get(id);
    if (session === undefined) {
      if (!this.addresses.claim(oa, id)) {
        this.refuseResume(id, `oa_conflict originator address ${oa} has another session now`);
        return;
      }
      session = {
        id,
        gateway: snapshot.gateway,
        address,
        peer: peerText(address, port),
        name: snapshot.name,
        certificateName: snapshot.certificateName,
        oa,
        ownOa: snapshot.ownOa,
        started: false,
        live: false,
        catchingUp: false,
        sent: 0,
        acknowledged: 0,
        since: snapshot.since,
        commands: 0,
      };
      this.sessions.set(id, session);
      this.inherited.set(id, expected);
      this.logger.info({ session: id, peer: session.peer, position: expected }, 'session taken over');
    }
    this.cursors.advance(session.name, acknowledged);
    if (started && this.isReplaced(session)) {
      // It was out of touch while another connection of its master took over.
      const text = `standby another connection of ${session.name} took over`;
      this.bus.publish(this.subjects.outTo(id), encodeOutText(OutKind.STANDBY, this.fence, text));
    } else if (started) {
      this.delivery.begin(session, starting > 0 ? this.startPosition(session) : expected, starting);
      if (acknowledged > 0) this.delivery.acknowledged(session, acknowledged);
    } else this.delivery.end(session);
    this.publishDemand();
  }

  /** @param text `code message` */
  private refuseResume(session: number, text: string): void {
    this.logger.warn({ session }, `session not taken over: ${text}`);
    this.bus.publish(this.subjects.outTo(session), encodeOutText(OutKind.CLOSE, this.fence, text));
  }

  private isReplaced(session: Session): boolean {
    if (session.name === null || session.started) return false;
    return [...this.sessions.values()].some((other) => other.started && other.name === session.name);
  }

  private startPosition(session: Session): number {
    const { confirmed } = this.delivery.mark;
    return session.name === null ? confirmed : (this.cursors.position(session.name) ?? confirmed);
  }

  private started(session: Session, number: number): void {
    for (const other of this.sessions.values()) {
      if (session.name === null || other === session || other.name !== session.name || !other.started) continue;
      // Redundant connections of one master: the newest STARTDT takes over.
      this.delivery.end(other);
      const text = `standby ${session.peer} took over`;
      this.bus.publish(this.subjects.outTo(other.id), encodeOutText(OutKind.STANDBY, this.fence, text));
      this.logger.info(
        { session: other.id, peer: other.peer },
        `on standby: ${session.peer} took over for ${session.name}`,
      );
    }
    const from = this.startPosition(session);
    const givenUp = this.cursors.back(session.name);
    if (givenUp > 0) {
      this.logger.warn(
        { name: session.name, count: givenUp },
        `${session.name} is back; ${givenUp} ASDUs were given up`,
      );
    }
    this.logger.info({ session: session.id, peer: session.peer, position: from }, 'master started data transfer');
    this.delivery.begin(session, from, number);
    this.publishDemand();
  }

  private onAck(message: Uint8Array): void {
    forEachAck(message, (id, position) => {
      const session = this.sessions.get(id) ?? this.closing.get(id);
      if (session === undefined) return;
      this.cursors.advance(session.name, position);
      this.delivery.acknowledged(session, position);
    });
  }

  // ---- from the RTU -------------------------------------------------------------------------------------------------

  private onRecord(record: Uint8Array): void {
    this.delivery.route(record);
    this.feed.record(record);
  }

  private holderOf(oa: number): Session | undefined {
    const holder = this.addresses.holder(oa);
    return holder === undefined ? undefined : this.sessions.get(holder);
  }

  // ---- the RTU's link -----------------------------------------------------------------------------------------------

  private onState(data: Uint8Array): void {
    const state = decodeJson<StateMessage>(data);
    if (state === undefined) return;
    const before = this.rtu;
    this.rtu = state;
    this.rtuHeardAt = performance.now();
    const wasUp = before !== undefined && rtuLinkUp(before.state);
    const up = rtuLinkUp(state.state);
    const anew = before !== undefined && (before.epoch !== state.epoch || before.connector !== state.connector);
    if (wasUp && (!up || anew)) {
      this.commands.clear('RTU link lost');
    }
    // A connector that took over from another has a new link, but the RTU was not lost to the masters.
    if (wasUp && (!up || (anew && before.connector === state.connector))) {
      // The gateways close the connections themselves; this is for those whose message does not come.
      for (const session of [...this.sessions.values()])
        this.closeSession(session, 'rtu_lost', 'the RTU link was lost');
    }
    // A connector that was started after us does not know what is wanted.
    if ((state.state === 'connected' && this.demand) || (state.state === 'started' && !this.demand)) {
      this.bus.publish(this.subjects.demand, encodeDemand(this.fence, this.demand));
    }
    if (before === undefined || before.connector !== state.connector || before.epoch !== state.epoch) {
      this.delivery.publishConfirmed();
    }
  }

  private publishDemand(): void {
    let wanted = false;
    for (const session of this.sessions.values()) if (session.started) wanted = true;
    if (wanted === this.demand) return;
    this.demand = wanted;
    this.bus.publish(this.subjects.demand, encodeDemand(this.fence, wanted));
  }

  // ---- what is kept -------------------------------------------------------------------------------------------------

  /** Gives up what nobody needs any more, and what named masters have not fetched as far as `buffsize` reaches. */
  private onConfirmed(confirmed: number): void {
    let keep = Math.min(confirmed, this.cursors.oldest);
    // A session that catches up still has to read what others have acknowledged.
    for (const { started, live, sent } of this.sessions.values()) if (started && !live && sent < keep) keep = sent;
    const limit = confirmed - this.config.buffsize;
    if (keep < limit) {
      for (const { name, position, count, first } of this.cursors.giveUpBefore(limit)) {
        this.counters.lostByNamedMasters += count;
        if (first) {
          this.logger.warn({ name, position }, `${name} has been away too long: its oldest events are given up`);
        }
      }
      keep = limit;
    }
    // The connector recognises by these what the RTU sends once more.
    keep = Math.min(keep, confirmed - repeatableAsdus(this.config));
    if (keep <= this.trimmed) return;
    this.trimmed = keep;
    this.log.trim(keep);
  }

  private get log(): EventLog {
    return this.bus.eventLog(this.config.id, { capacity: this.config.buffsize });
  }

  /** Oldest position kept. */
  get first(): number {
    return this.trimmed;
  }

  /** What the connector said last; undefined when that is long ago. */
  get rtuState(): StateMessage | undefined {
    return performance.now() - this.rtuHeardAt < RTU_SILENCE_MS ? this.rtu : undefined;
  }
}
