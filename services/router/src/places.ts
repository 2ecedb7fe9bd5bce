import type { GroupConfig } from '@iec104mm2ss/config';
import type { MasterRefusal } from '@iec104mm2ss/observability';
import type { Session } from './session.js';

export interface Refusal {
  readonly code: MasterRefusal;
  readonly message: string;
}

/** A session that has to go for another one. */
export interface Displaced {
  readonly session: Session;
  readonly code: 'same_ip' | 'share' | 'not_started';
  readonly message: string;
}

export interface Newcomer {
  readonly address: string;
  /** One of `masters`, or undefined. */
  readonly name: string | undefined;
}

/** What is asked about time. */
export interface PlaceTerms {
  readonly now: number;
  /** How long a connection without data transfer keeps its place when the places are short. */
  readonly startMs: number;
}

/**
 * Who gets one of the group's places, of which there are `maxConnections`: so many are kept for each of `masters` that is not
 * there. When the places are short a connection goes that has no data transfer and belongs to none of `masters`: theirs may stand
 * by for as long as they like (redundant connections, edition 2).
 *
 * @param sessions those that stay in any case
 * @returns who has to go for it; or why it gets none
 */
export function placeFor(
  config: GroupConfig,
  newcomer: Newcomer,
  sessions: readonly Session[],
  terms: PlaceTerms,
): readonly Displaced[] | Refusal {
  const { address } = newcomer;
  const { maxConnections } = config;
  const own = sessions.filter((session) => session.address === address);
  const idle = sessions.filter(isIdleStranger);
  if (isBeyondItsCap(config, newcomer, own)) {
    const before = idle.find((session) => session.address === address && hasHadItsTime(session, terms));
    if (before !== undefined) return [notStarted(before, terms)];
    return {
      code: 'per_source',
      message: `${address} has ${own.length} connections, the most that one address may have (per source)`,
    };
  }
  // It may use what is kept for itself, nobody else's.
  const needed = 1 + keptForOthers(config, newcomer, sessions);
  const missing = needed - (maxConnections - sessions.length);
  if (missing <= 0) return [];
  if (missing === 1) {
    const mayGo = isDue(config, newcomer, sessions) ? idle : idle.filter((session) => hasHadItsTime(session, terms));
    const late = mostOf(mayGo, sessions, address);
    if (late !== undefined) return [notStarted(late, terms)];
    const greedy = config.sameIp === 'all' && own.length === 0 ? beyondItsShare(config, idle, sessions) : undefined;
    if (greedy !== undefined) {
      const message = `${greedy.address} has more than its share of the connections, and ${address} has none`;
      return [{ session: greedy, code: 'share', message }];
    }
  }
  return sessions.length < maxConnections
    ? { code: 'reserved', message: 'the places left are kept for masters of the configuration' }
    : { code: 'max_connections', message: `${maxConnections} masters are connected, the group's maximum` };
}

/**
 * By the column `per source`. Where it is empty and there are `masters`, an address that is none of theirs has half of the places
 * that are not kept for them. Without `masters` nobody is known to be more welcome than who is there already.
 */
function isBeyondItsCap(config: GroupConfig, { name }: Newcomer, own: readonly Session[]): boolean {
  const { perSource, masters, maxConnections, reserve } = config;
  if (perSource !== null) return own.length >= perSource;
  if (masters.length === 0 || name !== undefined) return false;
  const free = maxConnections - masters.length * reserve;
  return own.filter((session) => session.name === null).length >= Math.max(1, Math.ceil(free / 2));
}

/** Places kept for `masters` that are not there; one of them needs not leave free what is kept for itself. */
function keptForOthers(config: GroupConfig, newcomer: Newcomer, sessions: readonly Session[]): number {
  if (isDue(config, newcomer, sessions)) return 0;
  return config.masters.reduce((sum, { name }) => {
    return name === newcomer.name ? sum : sum + Math.max(0, config.reserve - connectionsOf(name, sessions));
  }, 0);
}

/** It is a master that has fewer connections than are kept for it. */
function isDue({ reserve }: GroupConfig, { name }: Newcomer, sessions: readonly Session[]): boolean {
  return name !== undefined && connectionsOf(name, sessions) < reserve;
}

function connectionsOf(name: string, sessions: readonly Session[]): number {
  return sessions.filter((session) => session.name === name).length;
}

function isIdleStranger({ name, started, standby }: Session): boolean {
  return name === null && !started && !standby;
}

function hasHadItsTime({ idleSince }: Session, { now, startMs }: PlaceTerms): boolean {
  return now - idleSince >= startMs;
}

function notStarted(session: Session, { now }: PlaceTerms): Displaced {
  const seconds = Math.round((now - session.idleSince) / 1_000);
  return { session, code: 'not_started', message: `no data transfer for ${seconds} s, and another one has no place` };
}

/** Of these one of the same address first, so that nobody drives others out; then of the address that has most, the oldest. */
function mostOf(idle: readonly Session[], sessions: readonly Session[], address: string): Session | undefined {
  const count = (from: string): number =>
    from === address ? Infinity : sessions.filter((session) => session.address === from).length;
  return idle.reduce<Session | undefined>(
    (best, each) => (best === undefined || count(each.address) > count(best.address) ? each : best),
    undefined,
  );
}

/**
 * The oldest connection without data transfer of an address that has more than half of the places. Those with data transfer
 * stay, whoever they are: many masters may share an address.
 */
function beyondItsShare(
  { maxConnections }: GroupConfig,
  idle: readonly Session[],
  sessions: readonly Session[],
): Session | undefined {
  return idle.find(({ address }) => {
    return sessions.filter((other) => other.address === address).length > Math.max(1, maxConnections / 2);
  });
}
