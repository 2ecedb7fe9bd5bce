import { type Bus, ConnectorClock, type EventLog, GroupSubjects } from '@iec104mm2ss/bus';
import { DEFAULT_LIMITS, type GroupConfig, type Limits, repeatableAsdus, reportGapMs } from '@iec104mm2ss/config';
import type { Logger } from '@iec104mm2ss/observability';
import { type Clock, NO_TIME, type OwnTime, type Runtime } from '@iec104mm2ss/runtime';
import { AgeTurns } from './age-turns.js';
import { Admissions } from './admissions.js';
import { AUDIT_JOURNAL, AUDIT_LIMITS } from './audit-log.js';
import { ClockRule } from './clock-rule.js';
import { CommandDoor } from './command-door.js';
import { Cursors } from './cursors.js';
import { DataTransfer } from './data-transfer.js';
import { DecodedFeed } from './decoded-feed.js';
import { Delivery, type DeliveryEvents } from './delivery.js';
import { GroupCommands } from './group-commands.js';
import type { LiveRow } from './live-row.js';
import { LogPlaces } from './log-places.js';
import { Losses } from './losses.js';
import { tellUnnamed } from './named-masters.js';
import { ObserveMode } from './observe.js';
import { OriginatorAddresses } from './originator-addresses.js';
import { OutStream } from './out-stream.js';
import { Reconciliation } from './reconciliation.js';
import { Retention } from './retention.js';
import { MasterRights } from './rights.js';
import { RtuLink } from './rtu-link.js';
import type { Session } from './session.js';
import { SessionOwners } from './session-owners.js';
import { SessionTable } from './session-table.js';
import type { Legacy } from './state-store.js';

/** What sessions that are a little behind get without a read of the stored log: some thousand ASDUs. */
const RECENT_OCTETS = 0x40000;

export interface RouterDependencies {
  readonly bus: Bus;
  readonly logger: Logger;
  readonly runtime: Runtime;
  /** Bounds on what peers may do. Default: DEFAULT_LIMITS. */
  readonly limits?: Limits;
  /** What is known of the right time; absent: nothing. */
  readonly time?: OwnTime;
}

/** The lease of the group. */
export interface Ownership {
  readonly fence: number;
  /** False while another process may have taken the lease. */
  certain(): boolean;
}

/** What the parts need of the router that they belong to. */
export interface PartsHooks {
  /** Masters are served. */
  open(): boolean;
  /** Stores what the next owner has to know. */
  save(): Promise<void>;
  /** See `StateStore.savedUpTo`. */
  savedUpTo(): number;
  /** The sessions have changed, or whether data transfer is wanted. */
  changed(): void;
  /** The log goes on at this position. */
  cut(begins: number): void;
}

/** Everything that knows a rule of one group. */
export interface GroupParts {
  /** Its row of the file. */
  readonly row: LiveRow;
  readonly bus: Bus;
  readonly subjects: GroupSubjects;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly log: EventLog;
  readonly ownership: Ownership;
  readonly out: OutStream;
  readonly places: LogPlaces;
  readonly losses: Losses;
  readonly cursors: Cursors;
  readonly retention: Retention;
  readonly delivery: Delivery;
  readonly addresses: OriginatorAddresses;
  readonly table: SessionTable;
  readonly ageTurns: AgeTurns;
  readonly transfer: DataTransfer;
  readonly admissions: Admissions;
  readonly reconciliation: Reconciliation;
  readonly rtu: RtuLink;
  readonly connectorClock: ConnectorClock;
  readonly commands: GroupCommands;
  readonly rights: MasterRights;
  readonly observe: ObserveMode;
  readonly door: CommandDoor;
  readonly feed: DecodedFeed;
  readonly owners: SessionOwners;
  /** A master acknowledged everything for it before this place. */
  acknowledged(session: Session, position: number, generation: number): void;
}

/** Makes the parts of a group and joins them. `legacy`: what an earlier owner left. */
export function makeParts(
  config: GroupConfig,
  { bus, logger: parent, runtime, limits = DEFAULT_LIMITS, time = NO_TIME }: RouterDependencies,
  ownership: Ownership,
  legacy: Legacy,
  hooks: PartsHooks,
): GroupParts {
  const { clock } = runtime;
  const row: LiveRow = { config };
  const { fence } = ownership;
  const { confirmed, confirmedBefore, log: extent } = legacy;
  const certain = (): boolean => ownership.certain();
  const changed = (): void => hooks.changed();
  const logger = parent.child({ group: config.id });
  const subjects = new GroupSubjects(config.id);
  const log = bus.eventLog(config.id, { capacity: config.buffsize });
  const out = new OutStream(bus, subjects, fence, extent.generation, confirmed);
  const places = new LogPlaces(log, extent.generation);
  const losses = new Losses();
  const names = config.masters.map(({ name }) => name);
  const cursors = new Cursors(names, legacy.cursors, confirmedBefore, clock.now());
  tellUnnamed({ cursors, logger }, cursors.unnamed);
  const feed = new DecodedFeed(bus, subjects, config.decoded, clock);
  const rtu = new RtuLink(clock);
  const connectorClock = new ConnectorClock(clock);
  const addresses = new OriginatorAddresses();
  addresses.load(legacy.addresses, clock.now());

  const over = (session: Session, mayReturn: boolean): void => {
    delivery.end(session);
    commands.forget(session.id, mayReturn);
  };
  const random = (): number => runtime.random();
  const connected = (): boolean => bus.connected;
  const table = new SessionTable({ logger, clock, out, addresses, random, connected, over, changed });
  const { sessions } = table;
  const ageTurns = new AgeTurns({ clock, table, changed }, legacy.addresses.length === 0);

  const rights = new MasterRights(row);
  const observe = new ObserveMode(
    {
      ...{ row, logger, clock, time },
      rtu: () => ({ up: rtu.address !== null, heard: rtu.state !== undefined }),
      changed: () => {
        // Also at its end: what was selected before it began, or before a takeover, is not to be executed after it.
        commands.cancelSelections();
        hooks.changed();
        // What is not saved now is saved with what changes next, a few times a second.
        hooks.save().catch(() => undefined);
      },
    },
    legacy.observe,
  );
  const door = new CommandDoor(rights, observe, new ClockRule(row, time), logger);
  const commands = new GroupCommands({
    group: config.id,
    ownCa: config.rtuNumber,
    toOriginator: config.interrogation === 'originator',
    bus,
    subjects,
    logger,
    clock,
    connectorClock,
    fence,
    feed,
    door,
    addresses,
    journal: bus.journal(AUDIT_JOURNAL, AUDIT_LIMITS),
    session: (id) => sessions.get(id),
    answer: (id, command, asdu) => {
      const session = sessions.get(id);
      if (session !== undefined) out.own(session, command, asdu);
    },
    // One that is over may be with its gateway still: it states it again.
    settled: (id, settled, answered) => out.settled(table.getEvenClosing(id) ?? { id, gateway: '' }, settled, answered),
    certain,
  });
  commands.habits.load(legacy.oaBehaviour, legacy.habits);

  // What a session is to get next is gone: it is told by being disconnected.
  const lost = (session: Session, count: number, end: number | undefined, reason: string): void => {
    retention.lost(session, count, end, reason);
    if (table.get(session.id) !== session) return;
    table.close(session, 'events_lost', `${count} ASDUs cannot be delivered: ${reason}`);
  };
  const events: DeliveryEvents = {
    confirmed: () => retention.confirmed(delivery.mark.confirmed),
    lost,
    cut: (begins, end, here) => {
      hooks.cut(begins);
      retention.cut(begins, end, here);
    },
  };
  const delivery = new Delivery(
    { bus, subjects, log, fence, out, places, sessions, rules: commands.answers, events, logger, clock },
    {
      confirmed,
      interrogationToOriginator: config.interrogation === 'originator',
      confirmGapMs: reportGapMs(config, bus.kind),
      recentOctets: bus.kind === 'memory' ? 0 : RECENT_OCTETS,
      unstoredAsdus: bus.kind === 'memory' ? 0 : repeatableAsdus(config),
    },
  );
  const neededBy = (session: Session): number => delivery.neededBy(session);
  const retention = new Retention(
    {
      ...{ row, log, places, cursors, losses, logger, sessions, neededBy, certain, lost },
      savedUpTo: () => hooks.savedUpTo(),
    },
    extent.first,
  );
  if (confirmed < confirmedBefore) retention.cut(confirmed, confirmedBefore, new Set());
  retention.begins(extent.first);

  const transfer = new DataTransfer({
    sessions,
    delivery,
    cursors,
    places,
    retention,
    out,
    logger,
    clock,
    changed,
    lost,
  });
  const acknowledged = (session: Session, position: number, generation: number): void => {
    const present = places.present({ position, generation });
    if (present !== undefined) cursors.advance(session.name, delivery.acknowledged(session, present));
  };
  const admissions = new Admissions({
    row,
    logger,
    clock,
    fence,
    table,
    addresses,
    rtu,
    startMs: limits['start-seconds'] * 1_000,
    answerable: (oa) => commands.answerable(oa),
    open: () => hooks.open(),
    save: () => hooks.save(),
  });
  const reconciliation = new Reconciliation({
    row,
    logger,
    table,
    addresses,
    transfer,
    out,
    commands,
    acknowledged,
  });
  const owners = new SessionOwners(bus.drops, subjects.in, table, legacy.addresses);
  return {
    row,
    bus,
    subjects,
    logger,
    clock,
    log,
    ownership,
    out,
    places,
    losses,
    cursors,
    retention,
    delivery,
    addresses,
    table,
    ageTurns,
    transfer,
    admissions,
    reconciliation,
    rtu,
    connectorClock,
    commands,
    rights,
    observe,
    door,
    feed,
    acknowledged,
    owners,
  };
}
