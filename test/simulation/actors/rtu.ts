import { AsduView, Cause, encodeAsdu, endOfInitialization, epochMsToCp56 } from '@iec104mm2ss/iec104';
import { every, type Stoppable } from '@iec104mm2ss/runtime';
import { DeadlineScheduler } from '@iec104mm2ss/transport';
import type { CommandBook, GivenCommand } from '../accounts/command-book.ts';
import type { Ledger } from '../accounts/ledger.ts';
import type { LinkAccount } from '../accounts/link-account.ts';
import type { OriginatorAccount } from '../accounts/originator-account.ts';
import type { Violations } from '../accounts/violations.ts';
import type { SimSocket } from '../network/sim-socket.ts';
import type { Random } from '../world/random.ts';
import type { SimProcess } from '../world/sim-process.ts';
import type { RtuHabits } from './rtu-habits.ts';
import { isActivation, type Outgoing, RtuLink, type RtuLinkUser } from './rtu-link.ts';
import { RtuStation } from './rtu-station.ts';

const PORT = 2404;
const BACKLOG = 5;
const EVENT_IOA = 1_000;
/** Where twins live: the same object again and again. */
const TWIN_IOA = 900;
/** A constant time tag, as of an RTU whose clock stands still. */
const STOPPED_CLOCK_MS = Date.UTC(2020, 0, 1);
/** Events kept for a connection that may come. */
const BUFFER_EVENTS = 5_000;

export interface RtuBooks {
  readonly ledger: Ledger;
  readonly book: CommandBook;
  readonly links: LinkAccount;
  readonly originators: OriginatorAccount;
  readonly violations: Violations;
  /** The master that gave this select is still there. */
  readonly isHeld: (select: GivenCommand) => boolean;
}

/** A simulated RTU in a process of its own: it has events to say, answers commands, and keeps the books about both. */
export class Rtu implements RtuLinkUser {
  private readonly scheduler: DeadlineScheduler;
  private readonly random: Random;
  private readonly links = new Set<RtuLink>();
  /** What no link has taken yet, or has to be sent again. */
  private backlog: Outgoing[] = [];
  private station: RtuStation;
  private linkCount = 0;
  private initialized = false;
  private ticking: Stoppable | undefined;
  /** Events a second. */
  rate: number;

  constructor(
    private readonly process: SimProcess,
    readonly group: string,
    private readonly habits: RtuHabits,
    private readonly books: RtuBooks,
    rate: number,
    /** Numbers of events are unique over restarts. */
    private readonly numbers: { next: number },
  ) {
    this.scheduler = new DeadlineScheduler(process);
    this.random = process.world.random(`rtu/${group}`);
    this.rate = rate;
    this.station = this.newStation(() => undefined, '');
  }

  start(): void {
    this.process.start(() => {
      this.process.network.listen({
        port: PORT,
        host: undefined,
        backlog: BACKLOG,
        onConnection: (socket) => this.accept(socket as SimSocket),
        onListening: () => undefined,
        onError: () => undefined,
      });
      this.ticking = every(this.process, 100, () => this.makeEvents(this.rate / 10));
    });
  }

  /** No more events; what is there is still sent. */
  quiet(): void {
    this.ticking?.stop();
  }

  /** Its process is gone, and what it had with it. */
  forget(): void {
    for (const { entry } of this.backlog) if (entry !== undefined) entry.givenUp = true;
    this.backlog = [];
  }

  closeAll(): void {
    this.process.start(() => {
      for (const link of [...this.links])
        link.connection.close({ code: 'closed', message: 'the RTU closes its connections' });
    });
  }

  get unacknowledged(): number {
    return this.backlog.length + [...this.links].reduce((sum, link) => sum + link.waiting, 0);
  }

  burst(count: number): void {
    this.process.start(() => {
      for (let i = 0; i < count; i++) this.makeEvent();
    });
  }

  now(): number {
    return this.process.world.time;
  }

  note(what: () => string): void {
    this.process.world.note(this.process.name, what);
  }

  // ---- links --------------------------------------------------------------------------------------------------------

  onStarted(link: RtuLink): void {
    this.tell(`data transfer started by ${link.peer}`);
    this.books.links.started(this.group, link);
    this.station = this.newStation(() => link, `${this.process.name} ${link.id}`);
    if (this.habits.endOfInitialization && !this.initialized) {
      this.initialized = true;
      link.put({ asdu: endOfInitialization(this.habits.cas[0] as number), entry: undefined });
    }
    for (const other of this.links) {
      if (other === link || !other.started) continue;
      const { queued, unacknowledged } = other.handOver();
      this.keep(unacknowledged, queued);
    }
    const backlog = this.backlog;
    this.backlog = [];
    for (const outgoing of backlog) link.put(outgoing);
  }

  onStopped(link: RtuLink): void {
    this.tell(`data transfer stopped by ${link.peer}`);
  }

  onAsdu(link: RtuLink, asdu: Uint8Array, writtenAt: number): void {
    this.books.links.used(this.group, link, writtenAt);
    if (isActivation(new AsduView(asdu))) this.station.onCommand(asdu);
  }

  onStray(link: RtuLink, writtenAt: number): void {
    this.books.links.used(this.group, link, writtenAt);
  }

  onClosed(link: RtuLink, unacknowledged: Outgoing[], queued: Outgoing[]): void {
    this.links.delete(link);
    this.tell(`connection of ${link.peer} ended`);
    this.keep(unacknowledged, queued);
  }

  /** What a link leaves behind: events are kept for the next one, those it has sent only by an RTU that repeats them. */
  private keep(unacknowledged: readonly Outgoing[], queued: readonly Outgoing[]): void {
    const kept: Outgoing[] = [];
    const keep = (outgoing: Outgoing, isSent: boolean): void => {
      const { entry } = outgoing;
      if (entry === undefined) return;
      if (entry.kind !== 'event' || (isSent && !this.habits.repeats)) entry.givenUp = true;
      else kept.push(outgoing);
    };
    for (const outgoing of unacknowledged) keep(outgoing, true);
    for (const outgoing of queued) keep(outgoing, false);
    this.backlog = [...kept, ...this.backlog];
  }

  private accept(socket: SimSocket): void {
    if (this.links.size > 0 && this.habits.connections === 'refuses') {
      socket.resetAndDestroy();
      return;
    }
    if (this.habits.connections === 'replaces') {
      for (const link of [...this.links]) link.connection.reset({ code: 'replaced', message: 'a newer connection' });
    }
    const link = new RtuLink(++this.linkCount, socket, this.habits, this, this.scheduler);
    this.links.add(link);
    const { startWithinMs } = this.habits;
    if (startWithinMs !== undefined) {
      this.process.setTimer(() => {
        if (link.connection.link.state === 'stopped') link.connection.close({ code: 'idle', message: 'not started' });
      }, startWithinMs);
    }
  }

  /** The started link that came last: data goes there. */
  private get inUse(): RtuLink | undefined {
    return [...this.links].filter(({ started }) => started).at(-1);
  }

  // ---- what it has to say -------------------------------------------------------------------------------------------

  private makeEvents(average: number): void {
    const whole = Math.floor(average);
    const count = whole + (this.random.chance(average - whole) ? 1 : 0);
    for (let i = 0; i < count; i++) this.makeEvent();
  }

  private makeEvent(): void {
    const { tags, twins, cas } = this.habits;
    const ca = this.random.pick(cas);
    const isTwin = this.random.chance(twins);
    const ioa = isTwin ? TWIN_IOA : EVENT_IOA + this.random.integer(0, 5);
    const value = isTwin ? 1 : this.numbers.next++;
    const base = { cot: Cause.SPONT, ca, oa: this.habits.oa === 'last' ? this.station.lastOa : 0 };
    if (tags === 'none') {
      this.say(encodeAsdu({ type: 'M_BO_NA_1', ...base, objects: [{ ioa, value }] }), 'event', undefined);
      return;
    }
    const epochMs = tags === 'valid' ? this.process.wallMs() : STOPPED_CLOCK_MS;
    const time = { ...epochMsToCp56(epochMs), iv: tags === 'invalid' };
    this.say(encodeAsdu({ type: 'M_BO_TB_1', ...base, objects: [{ ioa, value, time }] }), 'event', undefined);
  }

  private say(asdu: Uint8Array, kind: 'event' | 'object' | 'answer', command: number | undefined): void {
    const entry = this.books.ledger.add(asdu, kind, this.now(), command);
    const outgoing = { asdu, entry };
    const link = this.inUse;
    if (link !== undefined) link.put(outgoing);
    else if (kind !== 'event' || this.backlog.length >= BUFFER_EVENTS) entry.givenUp = true;
    else this.backlog.push(outgoing);
  }

  private newStation(link: () => RtuLink | undefined, name: string): RtuStation {
    const { process, habits, group, books, random, numbers } = this;
    return new RtuStation({
      habits,
      group,
      link: name,
      random,
      book: books.book,
      originators: books.originators,
      violations: books.violations,
      now: () => this.now(),
      isHeld: books.isHeld,
      later: (delayMs, run) => {
        process.setTimer(() => {
          if (link()?.started === true) run();
        }, delayMs);
      },
      say: (asdu, kind, command) => this.say(asdu, kind, command),
      number: () => numbers.next++,
      tell: (what) => this.tell(what),
    });
  }

  private tell(what: string): void {
    this.process.world.tell(this.process.name, what);
  }
}
