import { type Bus, controlSubject, GroupSubjects, receive, type Subscription } from '@iec104mm2ss/bus';
import {
  type Ack,
  type AdmissionAnswer,
  type ClosedSessionStatement,
  decodeAdmissionAnswer,
  decodeOut,
  decodeOwner,
  encodeAcks,
  encodeAdmissionRequest,
  encodeClosed,
  encodeResync,
  encodeStarted,
  encodeStatement,
  encodeStatementMessage,
  encodeStopped,
  NO_POSITION,
  OutKind,
  type OutMessage,
  outText,
  type OwnerMessage,
  type PendingCommandStatement,
  settledCommands,
  WireError,
} from '@iec104mm2ss/wire';
import { asdusOf } from './asdus.js';

/** A master's connection at a fake gateway. */
export interface FakeSession {
  readonly id: number;
  readonly connection: number;
  readonly oa: number;
  readonly name: string | null;
  /** Of its certificate; empty without TLS. */
  readonly certificateNames: string[];
  readonly address: string;
  readonly port: number;
  started: boolean;
  /** Number of its STARTED or RESYNC that has no answer. */
  starting: number;
  /** Number of its last message. */
  number: number;
  generation: number;
  expected: number;
  acknowledged: number;
  live: boolean;
  /** Everything it got since its last STARTED, in order; ASDUs of the router's own have NO_POSITION. */
  readonly got: { readonly position: number; readonly asdu: Uint8Array }[];
  commands: PendingCommandStatement[];
  nextCommand: number;
  readonly settled: number[];
  /** The code it was closed with. */
  closed: string | undefined;
  standby: number;
  subscription: Subscription | undefined;
}

/** The part of a gateway that a router has to do with: its sessions keep the rules, and get their masters' data. */
export class FakeGateway {
  readonly sessions = new Map<number, FakeSession>();
  closed: ClosedSessionStatement[] = [];
  owner: OwnerMessage | undefined;
  statements = 0;
  /** Whether it hears anything, and whether it states its sessions when an owner counts others. */
  deaf = false;
  statesOnDifference = true;
  private readonly subjects: GroupSubjects;
  private readonly subscriptions: Subscription[];
  private fence = 0;

  constructor(
    private readonly bus: Bus,
    private readonly group: string,
    readonly instance: string,
  ) {
    this.subjects = new GroupSubjects(group);
    this.subscriptions = [
      receive(bus, this.subjects.owner, decodeOwner, (owner) => this.onOwner(owner)),
      receive(bus, this.subjects.out, decodeOut, (message) => {
        for (const session of [...this.sessions.values()]) this.onOut(session, message, true);
      }),
    ];
  }

  async ask(connection: number, address: string, names: readonly string[] = []): Promise<AdmissionAnswer | undefined> {
    const { group, instance: gateway } = this;
    const request = { group, gateway, connection, address, port: connection, certificateNames: [...names] };
    const data = await this.bus
      .request(controlSubject('admit'), encodeAdmissionRequest(request), 1_000)
      .catch(() => undefined);
    const answer = data === undefined ? undefined : decodeAdmissionAnswer(data);
    return answer instanceof WireError ? undefined : answer;
  }

  /** Asks for admission and has the session, when it is admitted. */
  async connect(connection: number, address: string, names: readonly string[] = []): Promise<FakeSession | undefined> {
    const answer = await this.ask(connection, address, names);
    return answer?.ok === true ? this.add(answer, connection, address, names) : undefined;
  }

  add(
    answer: AdmissionAnswer & { readonly ok: true },
    connection: number,
    address: string,
    names: readonly string[] = [],
  ): FakeSession {
    const { session: id, originatorAddress: oa, name } = answer;
    const session: FakeSession = {
      id,
      connection,
      oa,
      name,
      certificateNames: [...names],
      address,
      port: connection,
      started: false,
      starting: 0,
      number: 0,
      generation: 0,
      expected: 0,
      acknowledged: 0,
      live: false,
      got: [],
      commands: [],
      nextCommand: 1,
      settled: [],
      closed: undefined,
      standby: 0,
      subscription: undefined,
    };
    this.sessions.set(id, session);
    session.subscription = receive(this.bus, this.subjects.outTo(id), decodeOut, (message) =>
      this.onOut(session, message, false),
    );
    return session;
  }

  start(session: FakeSession): void {
    session.started = true;
    session.live = false;
    session.starting = ++session.number;
    session.generation = 0;
    session.expected = 0;
    session.acknowledged = 0;
    session.got.length = 0;
    this.publish(encodeStarted({ session: session.id, number: session.number }));
  }

  stop(session: FakeSession): void {
    session.started = false;
    session.live = false;
    session.starting = 0;
    this.publish(encodeStopped({ session: session.id, number: ++session.number }));
  }

  close(session: FakeSession, code = 'peer_closed'): void {
    if (!this.sessions.delete(session.id)) return;
    session.closed = code;
    session.subscription?.unsubscribe();
    this.publish(encodeClosed({ session: session.id, number: ++session.number }, code, 'closed'));
    const { id, oa: originatorAddress, nextCommand, commands, address, port, name } = session;
    const used = nextCommand > 1;
    const about = { used, agoMs: 0, code, message: 'closed', certificateName: null };
    this.closed.push({ session: id, originatorAddress, ...about, commands, address, port, name });
  }

  /** Its master acknowledges everything it got, or everything before `position`. */
  acknowledge(session: FakeSession, position = session.expected): void {
    session.acknowledged = Math.max(session.acknowledged, position);
    const { id, generation } = session;
    const ack: Ack = { session: id, position: session.acknowledged, generation };
    this.bus.publish(this.subjects.ack, encodeAcks([ack]));
  }

  /** States what it has. */
  state(): void {
    this.statements++;
    const { group, instance: gateway, closed } = this;
    const sessions = [...this.sessions.values()].map((session) => ({
      session: session.id,
      connection: session.connection,
      address: session.address,
      port: session.port,
      name: session.name,
      certificateName: session.certificateNames[0] ?? null,
      ...(session.certificateNames.length === 0 ? {} : { certificateNames: session.certificateNames }),
      originatorAddress: session.oa,
      ownOa: 0,
      started: session.started,
      starting: session.starting,
      number: session.number,
      expected: session.expected,
      acknowledged: session.acknowledged,
      generation: session.generation,
      nextCommand: session.nextCommand,
      commands: session.commands,
      sinceMs: 0,
    }));
    this.publish(encodeStatementMessage(encodeStatement({ group, gateway, sessions, closed })));
  }

  /** It dies with its connections. */
  die(): void {
    for (const subscription of this.subscriptions) subscription.unsubscribe();
    for (const session of this.sessions.values()) session.subscription?.unsubscribe();
    this.sessions.clear();
  }

  private onOwner(owner: OwnerMessage): void {
    if (this.deaf || owner.fence < this.fence) return;
    const anew = owner.fence > this.fence;
    this.fence = owner.fence;
    this.owner = owner;
    if (anew) for (const session of this.sessions.values()) session.live = false;
    const differs = (owner.sessions[this.instance] ?? 0) !== this.sessions.size;
    if (anew || (differs && this.statesOnDifference)) this.state();
  }

  private onOut(session: FakeSession, message: OutMessage, forAll: boolean): void {
    if (this.deaf || message.fence < this.fence) return;
    const { kind, generation, from, first, count } = message;
    switch (kind) {
      case OutKind.CLOSE:
        this.close(session, outText(message).code);
        return;
      case OutKind.STANDBY:
        session.standby++;
        if (session.started) this.stop(session);
        return;
      case OutKind.SETTLED: {
        const settled = settledCommands(message);
        session.settled.push(...settled);
        session.commands = session.commands.filter(({ command }) => !settled.includes(command));
        return;
      }
      case OutKind.BEGIN:
        if (count !== session.starting || !session.started) return;
        session.live = false;
        if (count > 0) session.expected = from;
        else if (generation !== session.generation) session.expected = Math.min(session.expected, from);
        // What was acknowledged of an earlier generation says nothing of this one.
        if (generation !== session.generation) session.acknowledged = Math.min(session.acknowledged, session.expected);
        session.starting = 0;
        session.generation = generation;
        return;
      case OutKind.DATA:
      case OutKind.JOIN:
      case OutKind.MARK:
        break;
    }
    if (!session.started || (forAll && !session.live)) return;
    if (first === NO_POSITION) {
      this.take(session, message, NO_POSITION, 0);
      return;
    }
    if (session.starting > 0 || generation < session.generation) return;
    if (generation > session.generation || from > session.expected) {
      this.missed(session);
      return;
    }
    if (kind === OutKind.DATA) {
      const known = session.expected - first;
      if (known >= count) return;
      session.expected = first + count;
      this.take(session, message, first, Math.max(0, known));
    } else {
      session.expected = Math.max(session.expected, first);
      if (kind === OutKind.JOIN) session.live = true;
    }
  }

  private take(session: FakeSession, { octets, bodyAt }: OutMessage, first: number, known: number): void {
    asdusOf(octets, bodyAt).forEach((asdu, index) => {
      const position = first === NO_POSITION ? first : first + index;
      if (index >= known) session.got.push({ position, asdu });
    });
  }

  private missed(session: FakeSession): void {
    session.live = false;
    const { id, expected, generation } = session;
    session.starting = ++session.number;
    this.publish(encodeResync({ session: id, number: session.number }, expected, generation));
  }

  private publish(data: Uint8Array): void {
    this.bus.publish(this.subjects.in, data);
  }
}
