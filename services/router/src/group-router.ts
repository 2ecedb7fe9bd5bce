import { busNameOf, FenceGuard, leaseKey, receive, receiveFromGateways, type Subscription } from '@iec104mm2ss/bus';
import type { GroupConfig } from '@iec104mm2ss/config';
import { sleep } from '@iec104mm2ss/runtime';
import {
  type AdmissionAnswer,
  type AdmissionRequest,
  type CommandReport,
  decodeAcks,
  decodeCommandResults,
  decodeIn,
  decodeState,
  type LogRecord,
  type RouterState,
  type StateMessage,
} from '@iec104mm2ss/wire';
import { GatewayInbox } from './gateway-inbox.js';
import { type GroupParts, makeParts, type Ownership, type RouterDependencies } from './group-parts.js';
import { LastWord } from './last-word.js';
import { learnAges } from './named-masters.js';
import { takeNewRow } from './new-row.js';
import { OwnerAnnouncer } from './owner-announcer.js';
import type { Legacy, StateStore } from './state-store.js';

/** How long the end of a group waits for its last audit records, and how often that is looked at. */
const CONCLUDE_MS = 500;
const CONCLUDE_LOOK_MS = 10;

/**
 * One group, for as long as this process owns it: brings messages to the parts that know what they mean. How it begins is in
 * takeover.ts, which calls `start` to `open` in this order.
 */
export class GroupRouter {
  readonly parts: GroupParts;
  private readonly inbox: GatewayInbox;
  private readonly lastWord: LastWord;
  private readonly announcer: OwnerAnnouncer;
  private readonly connector: FenceGuard;
  private subscriptions: Subscription[] = [];
  private opened = false;
  private stopped = false;
  /** Called when the log was routed up to `rebuildTo`. */
  private rebuildTo = 0;
  private rebuilt: () => void = () => undefined;

  constructor(
    config: GroupConfig,
    dependencies: RouterDependencies,
    private readonly ownership: Ownership,
    private readonly store: StateStore,
    private readonly legacy: Legacy,
  ) {
    this.parts = makeParts(config, dependencies, ownership, legacy, {
      open: () => this.isOpen,
      save: () => this.save(),
      savedUpTo: () => this.store.savedUpTo,
      changed: () => {
        if (this.opened) this.announcer.changed();
      },
      cut: (begins) => {
        this.rebuildTo = Math.min(this.rebuildTo, begins);
      },
    });
    this.inbox = new GatewayInbox(this.parts);
    this.lastWord = new LastWord(this.parts);
    this.announcer = new OwnerAnnouncer(this.parts, dependencies.runtime.instance, () => this.opened);
    this.connector = new FenceGuard(dependencies.bus, leaseKey('connector', config.id));
  }

  /** Its row of the file. */
  get config(): GroupConfig {
    return this.parts.row.config;
  }

  /** Takes another row of the file whose differences need no new router (see beginsAnew). */
  reconfigure(config: GroupConfig): void {
    takeNewRow(this.parts, config);
  }

  // ---- the steps of a takeover --------------------------------------------------------------------------------------

  /** Hears what the others say from now on. What gateways say waits until the group is open. */
  start(): void {
    const { bus, subjects, commands } = this.parts;
    const { state, commandResult } = subjects;
    this.subscriptions = [
      receive(bus, state, decodeState, (message) => {
        this.connector.run(state, message.fence, () => this.onState(message));
      }),
      receive(bus, commandResult, decodeCommandResults, (results) => {
        this.connector.run(commandResult, results.connectorFence, () => {
          if (!this.stopped) commands.onResults(results);
        });
      }),
      receiveFromGateways(bus, subjects.in, decodeIn, (message, by) => this.inbox.take(message, by)),
      receiveFromGateways(bus, subjects.ack, decodeAcks, (acks, by) => this.inbox.acknowledge(acks, by)),
    ];
  }

  /** The sessions that gateways have stated are ours, with their OAs; OAs of others rest. */
  takeSessionsOver(): void {
    const { reconciliation, addresses, table, clock } = this.parts;
    for (const statement of this.inbox.stated()) reconciliation.adoptAll(statement);
    for (const [oa, session] of addresses.inUse()) {
      if (table.get(session) === undefined) addresses.release(oa, clock.now());
    }
  }

  /** What the RTU was sent is known again, and how far the gateways have seen it answered. */
  restoreCommands(report: CommandReport): void {
    const { commands } = this.parts;
    commands.restore(report);
    for (const statement of this.inbox.stated()) commands.statedBefore(statement);
  }

  /** Follows the log from the oldest position that anybody needs. Resolves when what it held at first was routed. */
  followLog(report: CommandReport | undefined): Promise<void> {
    const { delivery, log } = this.parts;
    const { log: extent } = this.legacy;
    const { confirmed } = delivery.mark;
    const needed = [confirmed];
    for (const { position, settled } of report?.sent ?? []) if (settled !== true) needed.push(position);
    for (const { sessions } of this.inbox.stated()) {
      for (const { started, generation, expected } of sessions) if (started && generation > 0) needed.push(expected);
    }
    const from = Math.max(Math.min(...needed), Math.min(extent.first, confirmed));
    delivery.routeFrom(from);
    this.rebuildTo = extent.next;
    return new Promise((resolve) => {
      this.rebuilt = resolve;
      const place = { generation: extent.generation, position: from };
      this.subscriptions.push(log.follow(place, (record) => this.onRecord(record)));
      this.checkRebuilt();
    });
  }

  /** From now on masters are served. */
  open(): void {
    this.opened = true;
    this.inbox.open();
    this.announce();
    void learnAges(this.parts);
  }

  // ---- afterwards ---------------------------------------------------------------------------------------------------

  get isOpen(): boolean {
    return this.opened && !this.stopped;
  }

  /** Says who owns the group, what is wanted and what is safe. Call at least every OWNER_PERIOD_MS. */
  announce(): void {
    this.announcer.announce();
    if (this.opened) this.parts.delivery.publishConfirmed();
  }

  /** The connection to the bus is back, and the group still ours. */
  reconnected(): void {
    this.announce();
    if (this.opened) this.parts.delivery.beginAgain();
  }

  /** This process is cut off from the bus. */
  cutOff(): void {
    this.parts.observe.busLost();
  }

  /** What an operator wants. Resolves when it outlives this router, or cannot; undefined: the group is being taken over. */
  async orderObserve(on: boolean, by: string): Promise<{ readonly ok: boolean; readonly message: string } | undefined> {
    if (!this.isOpen || !this.certain()) return undefined;
    const { ok, message } = this.parts.observe.order(on, by);
    try {
      await this.save();
      return { ok, message };
    } catch (error) {
      return { ok, message: `${message}; it is not saved yet (${(error as Error).message})` };
    }
  }

  /** Call a few times a second. */
  tick(now: number): void {
    if (!this.opened) return;
    const { commands, table, ageTurns, delivery, retention, cursors, observe } = this.parts;
    commands.tick(now);
    table.tick(now);
    ageTurns.tick(now);
    cursors.tick(now);
    delivery.tick(now, retention.oldest, retention.oldestNeeded());
    this.lastWord.tick();
    observe.tick();
  }

  /** Stores what the next owner has to know if it has changed; true when it is being written. */
  saveChanged(): boolean {
    return this.opened && this.store.saveChanged(this.state, this.certain);
  }

  admit(request: AdmissionRequest): Promise<AdmissionAnswer> {
    return this.parts.admissions.admit(request);
  }

  gatewayGone(instance: string): void {
    this.parts.table.gatewayGone(instance);
  }

  /**
   * Its connector ends, too: what becomes of the commands under way will be known to nobody. Each gets its record. Resolves
   * when they are stored, CONCLUDE_MS later at the latest.
   */
  async conclude(reason: string): Promise<void> {
    if (!this.isOpen) return;
    const { commands, clock } = this.parts;
    commands.conclude(reason);
    const until = clock.now() + CONCLUDE_MS;
    while (commands.unrecorded > 0 && clock.now() < until) await sleep(clock, CONCLUDE_LOOK_MS);
  }

  /** Stores what the next owner has to know. */
  save(): Promise<void> {
    return this.store.save(this.state, this.certain);
  }

  /** The group is no longer in the configuration. */
  leave(): Promise<void> {
    return this.store.end(this.state, this.certain);
  }

  /** As `save`, also in one process, where another router of this process follows. */
  handOver(): Promise<void> {
    return this.store.handOver(this.state, this.certain);
  }

  stop(): void {
    this.stopped = true;
    for (const subscription of this.subscriptions) subscription.unsubscribe();
    this.subscriptions = [];
    this.rebuilt();
    this.announcer.stop();
    const { delivery, transfer, commands, feed } = this.parts;
    delivery.stop();
    transfer.stop();
    commands.stop();
    feed.stop();
  }

  private readonly certain = (): boolean => this.ownership.certain();

  private readonly state = (): RouterState => {
    const { clock, delivery, places, cursors, addresses, commands, observe, table } = this.parts;
    return {
      confirmed: delivery.mark.confirmed,
      generation: places.generation,
      cursors: cursors.positions,
      addresses: addresses.saved(clock.now()).map((saved) => {
        const gateway = busNameOf(table.get(saved.session)?.gateway ?? '');
        return gateway === undefined ? saved : { ...saved, gateway };
      }),
      savedAt: clock.wallMs(),
      oaBehaviour: commands.habits.oa.behaviour,
      habits: commands.habits.saved,
      observe: observe.saved,
    };
  };

  private onState(state: StateMessage): void {
    if (this.stopped) return;
    const { connectorClock, rtu, commands, delivery, places, observe } = this.parts;
    connectorClock.heard(state.fence, state.clock);
    places.heard(state.generation, state.lost);
    const { connector, link, lost } = rtu.heard(state);
    commands.connectorStated(state);
    if (connector) commands.connectorChanged();
    if (lost !== undefined) {
      this.lastWord.rtuLost(lost.reason, lost.end);
      observe.linkLost();
    }
    // A connector that is new is to know it before it gets a command.
    if (link && observe.on) this.announcer.announce();
    if (link && this.opened) delivery.publishConfirmed();
  }

  private onRecord(record: LogRecord): void {
    const { delivery, feed } = this.parts;
    delivery.route(record);
    // What was published before the takeover is not published again.
    if (record.end > this.legacy.confirmed) feed.record(record);
    this.lastWord.routed();
    this.checkRebuilt();
  }

  private checkRebuilt(): void {
    if (this.parts.delivery.routed < this.rebuildTo) return;
    this.rebuilt();
    this.rebuildTo = Infinity;
  }
}
