import type { EventLogStatus, GroupRates, GroupStatus, ListenerStatus, MasterStatus, RtuStatus } from './status.js';

/** What one part knows of one master; `session` says which. */
export type MasterContribution = Pick<MasterStatus, 'session'> & Partial<MasterStatus>;

/**
 * What one part (configuration, connector, router, gateway) knows of one group. Plain JSON, so that it may come from
 * another process. A part leaves out what it does not know; it never fills in a guess, nor 0.
 */
export interface GroupContribution {
  readonly id: string;
  readonly name?: string;
  readonly port?: number;
  readonly rtuNumber?: number;
  readonly ack?: NonNullable<GroupStatus['ack']>;
  readonly interrogation?: NonNullable<GroupStatus['interrogation']>;
  readonly owner?: string;
  readonly rtu?: Partial<RtuStatus>;
  readonly listener?: ListenerStatus;
  readonly log?: Partial<EventLogStatus>;
  readonly masters?: readonly MasterContribution[];
  readonly rates?: { readonly [rate in keyof GroupRates]?: GroupRates[rate] | undefined };
  readonly counters?: Readonly<Record<string, number>>;
}

/** One part that contributes to `/status`; in this process (an array) or asked over the bus (a promise). */
export interface StatusSource {
  groups(): readonly GroupContribution[] | Promise<readonly GroupContribution[]>;
}

const UNKNOWN_RTU: RtuStatus = {
  state: null,
  endpoint: null,
  since: null,
  linkEpoch: null,
  connects: null,
  lastError: null,
};
const UNKNOWN_LOG: EventLogStatus = {
  capacity: null,
  first: null,
  next: null,
  confirmed: null,
  unconfirmed: null,
  full: null,
};
const UNKNOWN_RATES: GroupRates = { fromRtuPerSecond: null, toMastersPerSecond: null, commandsPerSecond: null };
const UNKNOWN_MASTER: Omit<MasterStatus, 'session'> = {
  peer: null,
  name: null,
  certificateName: null,
  gateway: null,
  state: null,
  originatorAddress: null,
  since: null,
  queue: null,
  queueLimit: null,
  sent: null,
  acknowledged: null,
  commands: null,
};

/**
 * Joins the contributions of all parts by group id, groups in the order of their first mention (so contribute the
 * configuration first). Of two parts that state the same field the later one wins, except: listeners are united (open
 * if any is), masters are joined by session, rates and counters of one name are added up, as several gateways serve one
 * group. A part therefore contributes only the rates and counters it measures itself.
 */
export function mergeStatus(parts: readonly (readonly GroupContribution[])[]): GroupStatus[] {
  const merged = new Map<string, GroupStatus>();
  for (const contribution of parts.flat()) {
    const { id } = contribution;
    merged.set(id, mergeGroup(merged.get(id) ?? emptyGroup(id), contribution));
  }
  return [...merged.values()];
}

function emptyGroup(id: string): GroupStatus {
  return {
    id,
    name: null,
    port: null,
    rtuNumber: null,
    ack: null,
    interrogation: null,
    rtu: UNKNOWN_RTU,
    listener: { open: null, addresses: [] },
    log: UNKNOWN_LOG,
    masters: [],
    rates: UNKNOWN_RATES,
    counters: {},
  };
}

function mergeGroup(known: GroupStatus, added: GroupContribution): GroupStatus {
  const { rtu, listener, log, masters, rates, counters, ...plain } = added;
  return {
    ...overlay(known, plain),
    rtu: overlay(known.rtu, rtu),
    listener: listener ? mergeListeners(known.listener, listener) : known.listener,
    log: overlay(known.log, log),
    masters: masters ? mergeMasters(known.masters, masters) : known.masters,
    rates: { ...known.rates, ...sum(known.rates, rates) },
    counters: { ...known.counters, ...sum(known.counters, counters) },
  };
}

/** `base` with the fields of `added` that say something: undefined is "I do not know", not a value. */
function overlay<T extends object>(base: T, added: Partial<T> | undefined): T {
  if (!added) return base;
  return { ...base, ...Object.fromEntries(Object.entries(added).filter(([, value]) => value !== undefined)) };
}

function mergeListeners(a: ListenerStatus, b: ListenerStatus): ListenerStatus {
  return {
    open: a.open === null ? b.open : a.open || b.open,
    addresses: [...new Set([...a.addresses, ...b.addresses])],
  };
}

function mergeMasters(known: readonly MasterStatus[], added: readonly MasterContribution[]): MasterStatus[] {
  const bySession = new Map(known.map((master) => [master.session, master]));
  for (const master of added) {
    const base = bySession.get(master.session) ?? { ...UNKNOWN_MASTER, session: master.session };
    bySession.set(master.session, overlay(base, master));
  }
  return [...bySession.values()];
}

type Numbers = Readonly<Record<string, number | null | undefined>>;

/** The numbers of both, added up where both know one; what nobody knows is left out. */
function sum(a: Numbers | GroupRates, b: Numbers | GroupContribution['rates']): Record<string, number> {
  const total = new Map<string, number>();
  for (const [name, value] of [...Object.entries(a), ...Object.entries(b ?? {})]) {
    if (typeof value === 'number') total.set(name, (total.get(name) ?? 0) + value);
  }
  return Object.fromEntries(total);
}
