import { nearestNames } from './nearest-name.js';
import { accepted, nearest, refused, splitList, type Parsed } from './parsed.js';

/** A bound on what peers may do, for a process as a whole. What depends on the group is a column of its row. */
interface Limit {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly unit: string;
  readonly meaning: string;
  /** What happens beyond it. */
  readonly beyond: string;
  /** Where it is counted. */
  readonly metric: string;
}

const REFUSED = (reason: string): string => `mm2ss_master_connections_refused_total{reason="${reason}"}`;
const CLOSED = (reason: string): string =>
  `mm2ss_master_disconnects_total{reason="${reason}"}, mm2ss_rtu_floods_total{reason="${reason}"}`;

/** Every bound of `--limits`, by its name. docs/limits.md is made from it. */
export const LIMITS = {
  connects: {
    ...{ default: 10, min: 1, max: 100_000, unit: 'per second' },
    meaning: 'Connections from one address (IPv6: one /64) to one group, on the average.',
    beyond: 'closed at once',
    metric: REFUSED('connects'),
  },
  'connect-burst': {
    ...{ default: 20, min: 1, max: 100_000, unit: 'connections' },
    meaning:
      'So many of them at once, or twice `max conn` if that is more: masters behind one address come back together.',
    beyond: 'closed at once',
    metric: REFUSED('connects'),
  },
  admissions: {
    ...{ default: 64, min: 1, max: 10_000, unit: 'connections' },
    meaning: "Connections at one time that wait for the router's word in this process.",
    beyond: 'the others wait for their turn, those of an address that has none first',
    metric: 'mm2ss_gateway_at_the_door',
  },
  waiting: {
    ...{ default: 1_000, min: 1, max: 100_000, unit: 'connections' },
    meaning: 'Connections that wait for their turn to be admitted; one address has a quarter of the room at most.',
    beyond: 'closed at once; also after 10 s without a turn',
    metric: REFUSED('too_many_waiting'),
  },
  'proxy-seconds': {
    ...{ default: 2, min: 1, max: 60, unit: 'seconds' },
    meaning: 'How long a load balancer of the column `proxy` may take to send its header.',
    beyond: 'closed',
    metric: REFUSED('proxy_header'),
  },
  'start-seconds': {
    ...{ default: 30, min: 1, max: 86_400, unit: 'seconds' },
    meaning:
      'How long a connection without data transfer keeps its place when the places are short. Those of `masters` keep theirs.',
    beyond: 'closed for one that has none',
    metric: 'mm2ss_master_disconnects_total{reason="not_started"}',
  },
  'u-frames': {
    ...{ default: 20, min: 1, max: 1_000_000, unit: 'per second' },
    meaning: 'U-format APDUs (TESTFR, STARTDT, STOPDT) of one peer, on the average; ten times as many at once.',
    beyond: 'closed',
    metric: CLOSED('u_flood'),
  },
  's-frames': {
    ...{ default: 50, min: 1, max: 1_000_000, unit: 'per second' },
    meaning: 'S-format APDUs of one peer that acknowledge nothing new, on the average; ten times as many at once.',
    beyond: 'closed',
    metric: CLOSED('s_flood'),
  },
  scraps: {
    ...{ default: 2_000, min: 1, max: 1_000_000, unit: 'per second' },
    meaning:
      'Reads of one socket that complete no APDU, on the average; ten times as many at once. An APDU that is begun must be complete within t1, else `half_frame`.',
    beyond: 'closed',
    metric: CLOSED('octet_flood'),
  },
  refusals: {
    ...{ default: 1_000, min: 1, max: 1_000_000, unit: 'per second' },
    meaning:
      'Commands of one master that are refused as they waited too long for `cmd rate`, on the average; five times as many at once.',
    beyond: 'closed',
    metric: 'mm2ss_master_disconnects_total{reason="command_flood"}',
  },
} as const satisfies Readonly<Record<string, Limit>>;

export type LimitName = keyof typeof LIMITS;
export type Limits = Readonly<Record<LimitName, number>>;

const NAMES = Object.keys(LIMITS) as readonly LimitName[];

export const DEFAULT_LIMITS: Limits = Object.fromEntries(
  NAMES.map((name) => [name, LIMITS[name].default]),
) as unknown as Limits;

/** Injection token of Limits. */
export const PROCESS_LIMITS = Symbol('PROCESS_LIMITS');

/** Reads `--limits NAME=NUMBER,...`; what is not named keeps its default. */
export function parseLimits(text: string): Parsed<Limits> {
  const limits: Record<LimitName, number> = { ...DEFAULT_LIMITS };
  for (const entry of splitList(text, ',')) {
    const [, given = '', digits = ''] = /^([a-z-]+)\s*=\s*(\d{1,9})$/.exec(entry) ?? [];
    const name = NAMES.find((each) => each === given);
    if (given === '') return refused(`${JSON.stringify(entry)} is not NAME=NUMBER`);
    if (name === undefined) {
      const [like] = nearestNames(given, NAMES);
      return refused(`${JSON.stringify(given)} is none of ${NAMES.join(', ')}${nearest(like)}`);
    }
    const { min, max } = LIMITS[name];
    if (Number(digits) < min || Number(digits) > max) return refused(`${name}=${digits} is not in ${min}..${max}`);
    limits[name] = Number(digits);
  }
  return accepted(limits);
}

/** Those that are kept by a connection itself: see PeerLimits of libs/transport. */
export function peerLimits(limits: Limits): {
  readonly uFramesPerSecond: number;
  readonly sFramesPerSecond: number;
  readonly scrapsPerSecond: number;
} {
  return {
    uFramesPerSecond: limits['u-frames'],
    sFramesPerSecond: limits['s-frames'],
    scrapsPerSecond: limits.scraps,
  };
}

/** The table of docs/limits.md. */
export function limitsTable(): string {
  const rows = NAMES.map((name) => {
    const { default: value, unit, meaning, beyond, metric } = LIMITS[name];
    const metrics = metric.replace(/(\w+\{[^}]*\})/g, '`$1`');
    return `| \`${name}\` | ${value.toLocaleString('en')} ${unit} | ${meaning} | ${beyond} | ${metrics} |`;
  });
  return ['| name | default | what | beyond it | counted in |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}
