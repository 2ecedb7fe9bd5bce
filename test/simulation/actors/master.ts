import { APCI_OCTETS, AsduView, Cause, forEachApdu, isSelect, type LinkParameters, TypeId } from '@iec104mm2ss/iec104';
import { Connection, DeadlineScheduler } from '@iec104mm2ss/transport';
import { asduKey, describe } from '../accounts/asdu-key.ts';
import type { CommandBook, GivenCommand } from '../accounts/command-book.ts';
import type { Arrival } from '../accounts/silence-account.ts';
import { type MasterAccount, SessionAccount, type SessionRules } from '../accounts/session-account.ts';
import type { SimSocket } from '../network/sim-socket.ts';
import type { Random } from '../world/random.ts';
import type { SimProcess } from '../world/sim-process.ts';

export interface MasterOptions {
  readonly account: MasterAccount;
  readonly group: string;
  /** Gateways' addresses, tried in any order. */
  readonly gateways: readonly string[];
  readonly port: number;
  readonly link: LinkParameters;
}

export interface MasterBooks {
  readonly book: CommandBook;
  readonly rules: SessionRules;
  /** The product has closed the connection with this peer: what it is told over it does not count. */
  readonly isOver: (peer: string) => boolean;
  /** Name of the process at an address. */
  readonly processAt: (address: string) => string | undefined;
}

/** What a master wants at the moment. */
export type Wish = 'started' | 'standby' | 'away';

const RETRY_LEAST_MS = 500;
const RETRY_MOST_MS = 2_500;
const CONNECT_LIMIT_MS = 10_000;
const ANSWER_CAUSES: ReadonlySet<number> = new Set([7, 9, 10, 44, 45, 46, 47]);

/** A master: it connects where it can, takes what it gets into the books, and gives commands when it is told to. */
export class Master {
  session: SessionAccount | undefined;
  /** Counts its connections: an answer belongs to the one over which the command was given. */
  sessions = 0;
  connectedSince: number | undefined;
  /** When it got spontaneous data. */
  readonly arrivals: Arrival[] = [];
  lastAnswerAt = -Infinity;
  /** How often and why it was disconnected. */
  readonly closes: { readonly at: number; readonly code: string }[] = [];
  private readonly scheduler: DeadlineScheduler;
  private readonly random: Random;
  private connection: Connection | undefined;
  private socket: SimSocket | undefined;
  private receivedBefore = 0;
  private wish: Wish = 'away';
  private retrying = false;
  private connecting = false;
  private lost = false;

  constructor(
    readonly process: SimProcess,
    readonly options: MasterOptions,
    private readonly books: MasterBooks,
    /** Called with the command that an answer is for. */
    private readonly onAnswer: (command: GivenCommand, cause: number, negative: boolean) => void,
  ) {
    this.scheduler = new DeadlineScheduler(process);
    this.random = process.world.random(`master/${options.account.id}`);
  }

  get id(): string {
    return this.options.account.id;
  }

  /** `address:port` of its connection. */
  get peer(): string | undefined {
    return this.socket === undefined ? undefined : `${this.process.address}:${this.socket.endpoint.port}`;
  }

  /** The process that it is connected to. */
  get gateway(): string | undefined {
    return this.books.processAt(this.socket?.remoteAddress ?? '');
  }

  get lastDataAt(): number {
    return this.arrivals.at(-1)?.at ?? -Infinity;
  }

  get started(): boolean {
    return this.connection?.link.state === 'started';
  }

  /** No other connection of the same master has taken over. */
  get isActive(): boolean {
    const { cursor } = this.options.account;
    return cursor === undefined || !this.started || cursor.active === this.id;
  }

  want(wish: Wish): void {
    this.wish = wish;
    this.process.start(() => {
      if (wish === 'away') this.leave('leaves');
      else if (this.connection === undefined) this.retry(0);
      else if (wish === 'started' && this.isActive) this.connection.link.startDataTransfer(this.scheduler.now());
      // Another connection took over without a word: stopped first, as the other end is.
      else this.connection.link.stopDataTransfer(this.scheduler.now());
      this.connection?.touched();
    });
  }

  /** Loses its connection; it comes back unless it wants to be away. */
  drop(byReset: boolean): void {
    this.process.start(() => {
      const reason = { code: 'dropped', message: 'the master drops its connection' };
      if (byReset) this.connection?.reset(reason);
      else this.connection?.close(reason);
    });
  }

  /** Its machine is lost: nobody is told. */
  vanish(): void {
    this.lost = true;
    this.process.start(() => {
      this.socket?.vanish();
      this.connection?.reset({ code: 'vanished', message: 'its machine is lost' });
    });
  }

  comeBack(): void {
    this.lost = false;
    if (this.wish !== 'away') this.process.start(() => this.retry(0));
  }

  read(on: boolean): void {
    this.process.start(() => this.connection?.setReading(on));
  }

  /** @returns the command, or undefined when it could not be sent at this moment */
  send(asdu: Uint8Array): GivenCommand | undefined {
    const { connection, socket } = this;
    if (connection === undefined || socket === undefined || !this.started || connection.window <= 0) return undefined;
    if (!connection.link.send(asdu, this.scheduler.now())) return undefined;
    connection.touched();
    const { account, group } = this.options;
    const by = { group, master: account.id, session: this.sessions, peer: this.peer ?? '' };
    const command = this.books.book.give(by, asdu, isSelect(asdu));
    command.isStray = !this.isActive;
    this.tell(`c${command.id}: ${describe(asdu)}`);
    const { gateway } = this;
    this.process.endOfTurn(() =>
      socket.whenPeerHasRead(() => {
        command.readAt = this.process.world.time;
        command.gateway = gateway;
      }),
    );
    return command;
  }

  // ---- connection ---------------------------------------------------------------------------------------------------

  private retry(delayMs: number): void {
    if (this.retrying) return;
    this.retrying = true;
    this.process.setTimer(() => {
      this.retrying = false;
      if (this.wish !== 'away' && this.connection === undefined && !this.connecting && !this.lost) this.connect();
    }, delayMs);
  }

  private connect(): void {
    const { gateways, port } = this.options;
    const address = this.random.pick(gateways);
    const socket = this.process.network.connect(address, port) as SimSocket;
    this.connecting = true;
    const again = (): void => this.retry(this.random.between(RETRY_LEAST_MS, RETRY_MOST_MS));
    const limit = this.process.setTimer(() => socket.destroy(), CONNECT_LIMIT_MS);
    let connected = false;
    socket.on('error', () => undefined);
    socket.once('connect', () => {
      connected = true;
      this.connecting = false;
      this.process.clearTimer(limit);
      this.open(socket);
    });
    socket.once('close', () => {
      this.process.clearTimer(limit);
      if (connected) return;
      this.connecting = false;
      again();
    });
  }

  private open(socket: SimSocket): void {
    const { link } = this.options;
    this.sessions++;
    this.socket = socket;
    this.connectedSince = this.process.world.time;
    this.tell(`connects to ${socket.remoteAddress}`);
    this.connection = new Connection(
      socket,
      { role: 'controlling', ...link },
      {
        onApdus: (octets, start, end) => {
          forEachApdu(octets, start, end, (at, next) => this.onAsdu(octets.subarray(at + APCI_OCTETS, next)));
          this.noteAcknowledged();
        },
        onState: (to) => {
          if (to === 'started') this.begin();
          else if (to === 'stopped') {
            this.endSession();
            if (this.wish === 'started') this.connection?.link.startDataTransfer(this.scheduler.now());
          }
        },
        onClosed: ({ code }) => this.onClosed(code),
      },
      this.scheduler,
    );
    if (this.wish === 'started') this.connection.link.startDataTransfer(this.scheduler.now());
    this.connection.touched();
  }

  private begin(): void {
    const { connection } = this;
    if (connection === undefined) return;
    this.receivedBefore = connection.link.received;
    const { cursor } = this.options.account;
    if (cursor !== undefined) cursor.active = this.id;
    // It has changed its mind meanwhile.
    if (this.wish === 'standby') connection.link.stopDataTransfer(this.scheduler.now());
    this.session = new SessionAccount(this.options.account, this.books.rules, this.sessions, this.process.world.time);
    this.tell('is started');
  }

  private onClosed(code: string): void {
    this.noteAcknowledged();
    this.endSession();
    this.connection = undefined;
    this.socket = undefined;
    this.connectedSince = undefined;
    this.closes.push({ at: this.process.world.time, code });
    this.tell(`connection ended: ${code}`);
    if (this.wish !== 'away') this.retry(this.random.between(RETRY_LEAST_MS, RETRY_MOST_MS));
  }

  private leave(message: string): void {
    this.connection?.close({ code: 'left', message });
  }

  private endSession(): void {
    this.session?.leave();
    this.session = undefined;
  }

  private noteAcknowledged(): void {
    const link = this.connection?.link;
    if (link === undefined || this.books.isOver(this.peer ?? '')) return;
    // While another connection of its master has taken over, its gateway takes I format for a broken rule, N(R) and all.
    if (this.isActive) this.session?.onAcknowledged(link.received - link.unacknowledged - this.receivedBefore);
  }

  // ---- what it gets -------------------------------------------------------------------------------------------------

  private onAsdu(asdu: Uint8Array): void {
    const { session } = this;
    if (session === undefined) return;
    const view = new AsduView(asdu);
    if (view.typeId === TypeId.M_EI_NA_1) return session.onOther();
    if (!ANSWER_CAUSES.has(view.cot)) {
      this.process.world.note(this.process.name, () => `gets ${describe(asdu)}`);
      if (view.cot === Cause.SPONT || view.cot === Cause.RETREM) this.noteArrival();
      session.onAsdu(asdu, asduKey(asdu), false);
      return;
    }
    const key = asduKey(asdu);
    const byRtu = this.mayAnswerMe(key);
    const entry = byRtu ? session.onAsdu(asdu, key, true) : undefined;
    if (!byRtu) session.onOther();
    const by = { group: this.options.group, master: this.id, session: this.sessions };
    const command = this.books.book.answered(
      by,
      asdu,
      view.cot,
      byRtu ? { command: entry?.command } : undefined,
      view.negative,
    );
    if (command === undefined) return;
    this.lastAnswerAt = this.process.world.time;
    this.tell(`c${command.id} answered: ${describe(asdu)}`);
    this.onAnswer(command, view.cot, view.negative);
  }

  private noteArrival(): void {
    const at = this.process.world.time;
    if (this.lastDataAt !== at) this.arrivals.push({ at, session: this.sessions });
  }

  /** The RTU has said this to a command of this connection, or of one that looks like it. */
  private mayAnswerMe(key: string): boolean {
    const { book, rules } = this.books;
    return rules.ledger.all(key).some(({ command }) => {
      const known = command === undefined ? undefined : book.get(command);
      return known !== undefined && (known.ambiguous || (known.master === this.id && known.session === this.sessions));
    });
  }

  private tell(what: string): void {
    this.process.world.tell(this.process.name, what);
  }
}
