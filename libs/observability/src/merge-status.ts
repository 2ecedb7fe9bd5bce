import type {
  EventLogStatus,
  GroupRates,
  GroupStatus,
  ListenerStatus,
  MasterStatus,
  RtuStatus,
  TroubleStatus,
} from './status.js';

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
  readonly observe?: NonNullable<GroupStatus['observe']> | null;
  readonly trouble?: GroupStatus['trouble'];
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
const RATES: readonly (keyof GroupRates)[] = ['fromRtuPerSecond', 'toMastersPerSecond', 'commandsPerSecond'];
const UNKNOWN_MASTER: Omit<MasterStatus, 'session'> = {
  peer: null,
  name: null,
  certificateName: null,
  tls: null,
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

type Mutable<T> = { -readonly [field in keyof T]: T[field] };

/** A group while it is put together. */
interface Draft {
  readonly status: Mutable<
    Omit<GroupStatus, 'trouble' | 'rtu' | 'listener' | 'log' | 'masters' | 'rates' | 'counters'>
  >;
  /** By what it is about. */
  readonly trouble: Map<string, TroubleStatus>;
  readonly rtu: Mutable<RtuStatus>;
  readonly log: Mutable<EventLogStatus>;
  listener: ListenerStatus;
  readonly masters: Map<string, Mutable<MasterStatus>>;
  /** Names come from other processes: no object would do. */
  readonly rates: Map<string, number | null>;
  readonly counters: Map<string, number>;
}

/**
 * Joins the contributions of all parts by group id, groups in the order of their first mention (so contribute the
 * configuration first). Of two parts that state the same field the later one wins, except: listeners are united (open
 * if any is), masters are joined by session, troubles by what they are about, rates and counters of one name are added up, as several gateways serve one
 * group. A part therefore contributes only the rates and counters it measures itself.
 */
export function mergeStatus(parts: readonly (readonly GroupContribution[])[]): GroupStatus[] {
  const merge = new StatusMerge();
  for (const part of parts) for (const contribution of part) merge.add(contribution);
  return merge.groups();
}

/** The same one contribution after the other, for who cannot spend the time of all at once. */
export class StatusMerge {
  private readonly drafts = new Map<string, Draft>();

  add(contribution: GroupContribution): void {
    const { id, trouble, rtu, listener, log, masters, rates, counters, ...plain } = contribution;
    let draft = this.drafts.get(id);
    if (draft === undefined) {
      draft = emptyGroup(id);
      this.drafts.set(id, draft);
    }
    overlay(draft.status, plain);
    for (const each of trouble ?? []) draft.trouble.set(each.what, each);
    if (rtu) overlay(draft.rtu, rtu);
    if (log) overlay(draft.log, log);
    if (listener) draft.listener = mergeListeners(draft.listener, listener);
    if (masters) mergeMasters(draft.masters, masters);
    if (rates) addUp(draft.rates, rates);
    if (counters) addUp(draft.counters, counters);
  }

  groups(): GroupStatus[] {
    return Array.from(this.drafts.values(), ({ status, trouble, rates, counters, masters, ...others }) => ({
      ...status,
      trouble: [...trouble.values()],
      ...others,
      masters: [...masters.values()],
      rates: Object.fromEntries(rates) as unknown as GroupRates,
      counters: Object.fromEntries(counters),
    }));
  }
}

function emptyGroup(id: string): Draft {
  return {
    status: { id, name: null, port: null, rtuNumber: null, ack: null, interrogation: null },
    trouble: new Map(),
    rtu: { ...UNKNOWN_RTU },
    listener: { open: null, addresses: [] },
    log: { ...UNKNOWN_LOG },
    masters: new Map(),
    rates: new Map(RATES.map((name) => [name, null])),
    counters: new Map(),
  };
}

/** Writes the fields of `added` that say something into `base`: undefined is "I do not know", not a value. */
function overlay<T extends object>(base: T, added: Partial<T>): void {
  for (const name of Object.keys(added) as (keyof T)[]) {
    const value = added[name];
    if (value !== undefined) base[name] = value;
  }
}

function mergeListeners(a: ListenerStatus, b: ListenerStatus): ListenerStatus {
  return {
    open: a.open === null ? b.open : a.open || b.open,
    addresses: [...new Set([...a.addresses, ...b.addresses])],
  };
}

function mergeMasters(known: Map<string, Mutable<MasterStatus>>, added: readonly MasterContribution[]): void {
  for (const master of added) {
    const { session } = master;
    let base = known.get(session);
    if (base === undefined) {
      base = { ...UNKNOWN_MASTER, session };
      known.set(session, base);
    }
    overlay(base, master);
  }
}

/** The numbers of both, added up where both know one; what nobody knows stays as it is. */
function addUp<T extends number | null>(
  total: Map<string, T | number>,
  added: Readonly<Record<string, number | null | undefined>> | NonNullable<GroupContribution['rates']>,
): void {
  for (const [name, value] of Object.entries(added)) {
    if (typeof value === 'number') total.set(name, (total.get(name) ?? 0) + value);
  }
}
