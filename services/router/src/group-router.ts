import {
  type Bus,
  CommandOutcome,
  encodeCommand,
  encodeDemand,
  encodeJson,
  encodeOutControl,
  type EventLog,
  forEachAck,
  GroupSubjects,
  inCount,
  inDeadline,
  inKind,
  InKind,
  inSession,
  inText,
  IN_PREAMBLE_OCTETS,
  LOG_RECORD_PREAMBLE_OCTETS,
  OutKind,
  type OwnerMessage,
  recordFirst,
  resultNumber,
  resultOutcome,
  rtuLinkUp,
  decodeJson,
  type SessionSnapshot,
  type StateMessage,
  type Subscription,
} from '@iec104mm2ss/bus';
import { type GroupConfig, peerText, repeatableAsdus, reportGapMs } from '@iec104mm2ss/config';
import { APCI_OCTETS, ASDU_OA_OFFSET, AsduView, Cause, mirror, TypeId, typeName } from '@iec104mm2ss/iec104';
import type { Logger } from '@iec104mm2ss/observability';
import { admit, type AdmissionRequest, type Refusal } from './admission.js';
import { auditRecord } from './audit.js';
import { DecodedFeed } from './decoded-feed.js';
import { Delivery } from './delivery.js';
import { FileTransfers } from './file-transfers.js';
import { OriginatorAddresses } from './originator-addresses.js';
import { isFileTransfer, isInterrogation, isProcessCommand, isSelect, mayBeSentByMaster } from './rules.js';
import { Selections } from './selections.js';
import type { Session } from './session.js';
import { type Participant, type Transaction, Transactions } from './transactions.js';

/** An interrogation is not dangerous when late: it may wait for its turn this long. */
export const INTERROGATION_DEADLINE_MS = 60_000;
/** Smallest ASDU with an information object address. */
const MIN_COMMAND_OCTETS = 9;
/** Session numbers carry the owner's fence in their upper bits, so that two owners never give out the same. */
const SESSIONS_PER_FENCE = 0x100000;

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
  commands: number;
  commandsRefused: number;
  unmatchedAnswers: number;
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

const NOBODY: readonly Participant[] = [];

/**
 * The rules of one group, for as long as this process owns it: sessions, admission, who receives what, commands and
 * their answers, cursors.
 */
export class GroupRouter {
  readonly subjects: GroupSubjects;
  readonly counters: RouterCounters = {
    commands: 0,
    commandsRefused: 0,
    unmatchedAnswers: 0,
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
  private readonly transactions: Transactions;
  private readonly selections = new Selections();
  private readonly files = new FileTransfers();
  /** Who asked for a command, also those that have left since: the audit record names them. */
  private readonly askers = new WeakMap<Transaction, Session[]>();
  /** Named masters: everything before this position has been acknowledged by them. */
  private readonly cursors = new Map<string, number>();
  private subscriptions: Subscription[] = [];
  private nextSession: number;
  private demand = false;
  private rtu: StateMessage | undefined;
  private trimmed = 0;
  /** ASDUs given up for a named master since it was last here. */
  private readonly givenUp = new Map<string, number>();
  /** False until the sessions of an earlier owner had time to be resumed. */
  private open = false;
  private generation = 0;
  /** Sessions that have not been resumed since `generation` last changed. */
  private readonly unresumed = new Set<number>();
  /** Sessions of an earlier owner, and the position before which each has everything. */
  private readonly inherited = new Map<number, number>();
  private readonly instance: string;

  constructor(
    readonly config: GroupConfig,
    dependencies: RouterDependencies,
    readonly fence: number,
    /** What an earlier owner left; on a first start everything begins at the oldest position of the log. */
    saved: RouterState,
    /** End of the log at the takeover: answers before it are to commands that an earlier owner had. */
    private readonly inheritedEnd: number,
  ) {
    const from = saved.confirmed;
    this.instance = dependencies.instance;
    this.bus = dependencies.bus;
    this.logger = dependencies.logger.child({ group: config.id });
    this.subjects = new GroupSubjects(config.id);
    this.nextSession = (fence % 0xfff) * SESSIONS_PER_FENCE + 1;
    this.feed = new DecodedFeed(this.bus, this.subjects, config.decoded);
    this.transactions = new Transactions({
      veto: ({ typeId, ca, ioa, owner }) =>
        isProcessCommand(typeId) ? this.selectedByAnother(ca, ioa, owner) : undefined,
      forward: (transaction) => this.forward(transaction),
      finished: (transaction, outcome) => this.finished(transaction, outcome),
      refused: (transaction, outcome) => this.refuseTransaction(transaction, outcome),
    });
    if (saved.mirrorsOa === true) this.transactions.oaBehaviour = 'mirrors';
    this.trimmed = from;
    this.delivery = new Delivery(
      this.bus,
      this.subjects,
      this.log,
      fence,
      this.sessions,
      {
        answer: (octets, at, end) => this.answer(octets, at, end),
        interrogators: (cot, oa) => this.interrogators(cot, oa),
        requested: (octets, at, end) => this.requested(octets, at, end),
        interrogated: (cot) => void this.transactions.interrogation(cot, Date.now()),
      },
      {
        from,
        interrogationToOriginator: config.interrogation === 'originator',
        confirmGapMs: reportGapMs(config, this.bus.kind),
      },
      (position) => this.onConfirmed(position),
    );
    for (const { name } of config.masters) this.cursors.set(name, Math.min(saved.cursors[name] ?? from, from));
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
      bus.subscribe(subjects.commandResult, ({ data }) => this.onCommandResult(data)),
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
    if (this.transactions.size > 0) this.transactions.expire(now);
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
      cursors: Object.fromEntries(this.cursors),
      resting: this.addresses.resting(Date.now()),
      mirrorsOa: this.transactions.oaBehaviour === 'mirrors',
    };
  }

  get waitingCommands(): number {
    return this.transactions.size;
  }

  // ---- admission ----------------------------------------------------------------------------------------------------

  /** Decides on a connection attempt and, when it may come in, makes its session. Undefined: ask again soon. */
  admit(request: AdmissionRequest): AdmissionAnswer | undefined {
    if (!this.open || this.rtu === undefined) return undefined;
    const peer = peerText(request.address, request.port);
    const rtuAddress = this.rtu !== undefined && rtuLinkUp(this.rtu.state) ? this.rtu.address : null;
    const decision = admit(this.config, request, [...this.sessions.values()], rtuAddress);
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
    this.bus.publish(this.subjects.outTo(session.id), encodeOutControl(OutKind.CLOSE, this.fence, 0, text));
    this.forget(session, code, message);
  }

  private forget(session: Session, code: string, message: string): void {
    if (!this.sessions.delete(session.id)) return;
    this.inherited.delete(session.id);
    this.delivery.end(session);
    this.transactions.forget(session.id);
    this.selections.forget(session.id);
    this.files.forget(session.id);
    this.addresses.release(session.oa, Date.now());
    this.logger.info({ session: session.id, peer: session.peer, reason: code }, `master disconnected: ${message}`);
    this.publishDemand();
  }

  // ---- from the gateways --------------------------------------------------------------------------------------------

  private onIn(message: Uint8Array): void {
    if (inKind(message) === InKind.RESUME) {
      this.resume(inText(message));
      return;
    }
    const session = this.sessions.get(inSession(message));
    if (session === undefined) return;
    switch (inKind(message)) {
      case InKind.STARTED:
        this.started(session);
        break;
      case InKind.STOPPED:
        this.delivery.end(session);
        this.logger.info({ session: session.id, peer: session.peer }, 'master stopped data transfer');
        this.publishDemand();
        break;
      case InKind.COMMANDS:
        this.onCommands(session, message);
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
    const { session: id, address, port, originatorAddress: oa, started, expected, acknowledged } = snapshot;
    this.unresumed.delete(id);
    let session = this.sessions.get(id);
    if (session === undefined) {
      if (!this.addresses.claim(oa, id)) {
        const text = `oa_conflict originator address ${oa} has another session now`;
        this.bus.publish(this.subjects.outTo(id), encodeOutControl(OutKind.CLOSE, this.fence, 0, text));
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
    if (session.name !== null && acknowledged > (this.cursors.get(session.name) ?? 0)) {
      this.cursors.set(session.name, acknowledged);
    }
    if (started && this.isReplaced(session)) {
      // It was out of touch while another connection of its master took over.
      const text = `standby another connection of ${session.name} took over`;
      this.bus.publish(this.subjects.outTo(id), encodeOutControl(OutKind.STANDBY, this.fence, 0, text));
    } else if (started) {
      // A master that has had nothing yet gets what nobody has acknowledged.
      this.delivery.begin(session, expected > 0 ? expected : this.startPosition(session));
      if (acknowledged > 0) this.delivery.acknowledged(session, acknowledged);
    } else this.delivery.end(session);
    this.publishDemand();
  }

  private isReplaced(session: Session): boolean {
    if (session.name === null || session.started) return false;
    return [...this.sessions.values()].some((other) => other.started && other.name === session.name);
  }

  private startPosition(session: Session): number {
    const { confirmed } = this.delivery.mark;
    return session.name === null ? confirmed : (this.cursors.get(session.name) ?? confirmed);
  }

  private started(session: Session): void {
    for (const other of this.sessions.values()) {
      if (session.name === null || other === session || other.name !== session.name || !other.started) continue;
      // Redundant connections of one master: the newest STARTDT takes over.
      this.delivery.end(other);
      const text = `standby ${session.peer} took over`;
      this.bus.publish(this.subjects.outTo(other.id), encodeOutControl(OutKind.STANDBY, this.fence, 0, text));
      this.logger.info(
        { session: other.id, peer: other.peer },
        `on standby: ${session.peer} took over for ${session.name}`,
      );
    }
    const from = this.startPosition(session);
    const givenUp = session.name === null ? undefined : this.givenUp.get(session.name);
    if (session.name !== null && givenUp !== undefined) {
      this.givenUp.delete(session.name);
      this.logger.warn(
        { name: session.name, count: givenUp },
        `${session.name} is back; ${givenUp} ASDUs were given up`,
      );
    }
    this.logger.info({ session: session.id, peer: session.peer, position: from }, 'master started data transfer');
    this.delivery.begin(session, from);
    this.publishDemand();
  }

  private onAck(message: Uint8Array): void {
    forEachAck(message, (id, position) => {
      const session = this.sessions.get(id);
      if (session === undefined) return;
      if (session.name !== null && position > (this.cursors.get(session.name) ?? 0)) {
        this.cursors.set(session.name, position);
      }
      this.delivery.acknowledged(session, position);
    });
  }

  private onCommands(session: Session, message: Uint8Array): void {
    const deadline = inDeadline(message);
    let at = IN_PREAMBLE_OCTETS;
    for (let count = inCount(message); count > 0; count--) {
      const end = at + (message[at + 1] as number) + 2;
      // Kept until it is answered, hence a copy: the message belongs to the bus.
      this.onCommand(session, new Uint8Array(message.subarray(at + APCI_OCTETS, end)), deadline);
      at = end;
    }
  }

  private onCommand(session: Session, asdu: Uint8Array, deadline: number): void {
    const now = Date.now();
    this.counters.commands++;
    session.commands++;
    session.ownOa = asdu[ASDU_OA_OFFSET] as number;
    this.feed.command(session.id, asdu);
    if (asdu.length < MIN_COMMAND_OCTETS) {
      this.refuse(session, asdu, Cause.ACT_CON, 'malformed', now);
      return;
    }
    const view = new AsduView(asdu);
    const { typeId, ca, cot } = view;
    const ioa = view.ioa as number;
    if (!mayBeSentByMaster(typeId)) {
      this.refuse(session, asdu, Cause.UNKNOWN_TYPE, 'type not for the control direction', now);
      return;
    }
    if (isFileTransfer(typeId)) {
      if (!this.files.fromMaster(ca, ioa, session.id, session.ownOa, now)) {
        this.refuse(session, asdu, Cause.FILE, 'file in use by another master', now);
        return;
      }
    } else if (isProcessCommand(typeId)) {
      const reason = this.selectedByAnother(ca, ioa, session.id);
      if (reason !== undefined) {
        this.refuse(session, asdu, confirmationOf(cot), reason, now);
        return;
      }
    }
    const patience = isInterrogation(typeId) || typeId === TypeId.C_RD_NA_1 ? INTERROGATION_DEADLINE_MS : 0;
    const latest = Math.max(deadline, patience && now + patience);
    const transaction = this.transactions.begin(session.id, session.oa, asdu, latest, now);
    const askers = this.askers.get(transaction);
    if (askers === undefined) this.askers.set(transaction, [session]);
    else askers.push(session);
  }

  private selectedByAnother(ca: number, ioa: number, session: number): string | undefined {
    const holder = this.selections.holder(ca, ioa, Date.now());
    return holder === undefined || holder === session ? undefined : 'selected by another master';
  }

  private refuse(session: Session, asdu: Uint8Array, cause: number, reason: string, now: number): void {
    this.counters.commandsRefused++;
    this.delivery.send(session, mirror(asdu, cause, true));
    this.audit(session, asdu, isSelect(asdu), `refused: ${reason}`, now);
  }

  // ---- commands to the RTU ------------------------------------------------------------------------------------------

  private forward(transaction: Transaction): void {
    const { asdu, oa, deadline, number, typeId, ca, ioa, owner, cot, select } = transaction;
    const sent = new Uint8Array(asdu);
    sent[ASDU_OA_OFFSET] = oa;
    if (isProcessCommand(typeId)) {
      if (select && cot === Cause.ACT) this.selections.hold(ca, ioa, owner, Date.now());
      else this.selections.release(ca, ioa, owner);
    }
    this.bus.publish(this.subjects.command, encodeCommand(this.fence, number, deadline, sent));
    // File transfer and read commands have no confirmation of their own: others need not wait for one.
  }

  private onCommandResult(message: Uint8Array): void {
    const outcome = resultOutcome(message);
    const text =
      outcome === CommandOutcome.EXPIRED
        ? 'expired'
        : outcome === CommandOutcome.NOT_CONNECTED
          ? 'RTU not connected'
          : 'too many commands waiting';
    this.transactions.handedOver(resultNumber(message), outcome === CommandOutcome.SENT, text, Date.now());
  }

  private refuseTransaction(transaction: Transaction, outcome: string): void {
    this.counters.commandsRefused++;
    this.selections.release(transaction.ca, transaction.ioa, transaction.owner);
    for (const { session: id, ownOa } of transaction.participants) {
      const session = this.sessions.get(id);
      if (session === undefined) continue;
      const answer = mirror(transaction.asdu, confirmationOf(transaction.cot), true);
      answer[ASDU_OA_OFFSET] = ownOa;
      this.delivery.send(session, answer);
    }
    this.finished(transaction, `refused: ${outcome}`);
  }

  private finished(transaction: Transaction, outcome: string): void {
    if (transaction.select && outcome.startsWith('refused')) {
      this.selections.release(transaction.ca, transaction.ioa, transaction.owner);
    }
    const { asdu, select, createdAt, owner } = transaction;
    const first = this.sessions.get(owner);
    const askers = this.askers.get(transaction) ?? (first === undefined ? [] : [first]);
    for (const session of askers) {
      const left = this.sessions.get(session.id) !== session;
      this.audit(session, asdu, select, left ? `${outcome}, master gone` : outcome, createdAt);
    }
  }

  /** Records a command after the sockets were served: the answer is on its way to the master meanwhile. */
  private audit(session: Session, asdu: Uint8Array, select: boolean, outcome: string, createdAt: number): void {
    const endedAt = Date.now();
    setImmediate(() => {
      const record = auditRecord(this.config.id, session, asdu, select, outcome, createdAt, endedAt);
      this.bus.publish(this.subjects.audit, encodeJson(record));
      const { type, ca, ioa, durationMs } = record;
      const { cot } = new AsduView(asdu);
      this.logger.info(
        { session: session.id, peer: session.peer, direction: 'control', type, cot, ca, ioa, durationMs },
        `command ${outcome}`,
      );
    });
  }

  // ---- answers of the RTU -------------------------------------------------------------------------------------------

  private onRecord(record: Uint8Array): void {
    this.delivery.route(record);
    this.feed.record(record);
  }

  private answer(octets: Uint8Array, at: number, end: number): readonly Participant[] {
    const now = Date.now();
    const asdu = octets.subarray(at + APCI_OCTETS, end);
    const view = new AsduView(asdu);
    if (isFileTransfer(view.typeId)) {
      const isDirectory = view.typeId === TypeId.F_DR_TA_1;
      const transfer = this.files.fromRtu(view.ca, view.ioa ?? 0, isDirectory, now);
      if (transfer !== undefined) return [transfer];
    }
    const position = recordFirst(octets) < this.inheritedEnd ? positionOf(octets, at) : this.inheritedEnd;
    // What lies in the log since before the takeover cannot answer what was asked after it, however much it looks so.
    const match = position < this.inheritedEnd ? undefined : this.transactions.answered(asdu, now);
    if (match !== undefined) return match.participants;
    // Some stacks answer twice, or after the command was over. The OA of an RTU that mirrors it still says whose it is.
    const late = this.participantByOa(view.oa, position);
    if (late !== undefined) return [late];
    this.counters.unmatchedAnswers++;
    this.logger.warn(
      { direction: 'monitor', type: typeName(view.typeId), cot: view.cot, ca: view.ca, ioa: view.ioa, oa: view.oa },
      'answer of the RTU belongs to no command: not forwarded',
    );
    return NOBODY;
  }

  /**
   * The session an answer without a command belongs to as far as its OA tells, if it has not had it yet: after a takeover
   * the log holds answers to commands of the earlier owner.
   */
  private participantByOa(oa: number, position: number): Participant | undefined {
    const session = this.transactions.oaBehaviour === 'opaque' ? undefined : this.holderOf(oa);
    if (session === undefined) return undefined;
    const from = this.inherited.get(session.id) ?? this.inheritedEnd;
    return position < from ? undefined : { session: session.id, ownOa: session.ownOa };
  }

  private interrogators(cot: number, oa: number): readonly Participant[] {
    const transaction = this.transactions.interrogation(cot, Date.now());
    if (transaction !== undefined) return transaction.participants;
    const session = this.holderOf(oa);
    if (session !== undefined) return [{ session: session.id, ownOa: session.ownOa }];
    this.counters.unmatchedAnswers++;
    return NOBODY;
  }

  private holderOf(oa: number): Session | undefined {
    const holder = this.addresses.holder(oa);
    return holder === undefined ? undefined : this.sessions.get(holder);
  }

  private requested(octets: Uint8Array, at: number, end: number): void {
    const view = new AsduView(octets, at + APCI_OCTETS, end - at - APCI_OCTETS);
    if (view.ioa !== undefined) this.transactions.readAnswered(TypeId.C_RD_NA_1, view.ca, view.ioa);
  }

  // ---- the RTU's link -----------------------------------------------------------------------------------------------

  private onState(data: Uint8Array): void {
    const state = decodeJson<StateMessage>(data);
    if (state === undefined) return;
    const before = this.rtu;
    this.rtu = state;
    const wasUp = before !== undefined && rtuLinkUp(before.state);
    const up = rtuLinkUp(state.state);
    const anew = before !== undefined && (before.epoch !== state.epoch || before.connector !== state.connector);
    if (wasUp && (!up || anew)) {
      this.transactions.clear('RTU link lost');
      this.selections.clear();
      this.files.clear();
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
    let keep = confirmed;
    for (const cursor of this.cursors.values()) if (cursor < keep) keep = cursor;
    // A session that catches up still has to read what others have acknowledged.
    for (const { started, live, sent } of this.sessions.values()) if (started && !live && sent < keep) keep = sent;
    const limit = confirmed - this.config.buffsize;
    if (keep < limit) {
      for (const [name, cursor] of this.cursors) {
        if (cursor >= limit) continue;
        this.counters.lostByNamedMasters += limit - cursor;
        this.givenUp.set(name, (this.givenUp.get(name) ?? 0) + limit - cursor);
        if (this.givenUp.get(name) === limit - cursor) {
          this.logger.warn(
            { name, position: cursor },
            `${name} has been away too long: its oldest events are given up`,
          );
        }
        this.cursors.set(name, limit);
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

  get rtuState(): StateMessage | undefined {
    return this.rtu;
  }
}

/** Position of the ASDU whose APDU begins at `octets[at]` of a record. */
function positionOf(record: Uint8Array, at: number): number {
  let position = recordFirst(record);
  for (let begin = LOG_RECORD_PREAMBLE_OCTETS; begin < at; begin += (record[begin + 1] as number) + 2) position++;
  return position;
}

/** Cause of the confirmation a command with this cause expects. */
function confirmationOf(cot: number): number {
  return cot === Cause.DEACT ? Cause.DEACT_CON : Cause.ACT_CON;
}
