import type { TrafficItem } from '@iec104mm2ss/console-api';
import { parseCa, parseIoa, parseTypes } from '../../commands/filter-flags.js';

/** What of the decoded feed somebody wants to see; an empty list asks for nothing in particular. */
export interface TrafficFilter {
  readonly types: readonly string[];
  readonly cas: readonly number[];
  readonly ioas: readonly number[];
  readonly causes: readonly string[];
  readonly direction: string | undefined;
}

type Query = Readonly<Record<string, string>>;

const list = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');

/** @throws UsageError when something is no type or address */
export function trafficFilter({ type, ca, ioa, cause, direction }: Query): TrafficFilter {
  return {
    types: parseTypes('type', list(type)),
    cas: list(ca).map((text) => parseCa('ca', text)),
    ioas: list(ioa).map((text) => parseIoa('ioa', text)),
    causes: list(cause).map((text) => text.toUpperCase()),
    direction: direction === 'monitor' || direction === 'control' ? direction : undefined,
  };
}

export function isWanted({ asdu, direction }: TrafficItem, filter: TrafficFilter): boolean {
  if (filter.direction !== undefined && filter.direction !== direction) return false;
  if ('undecodable' in asdu) return filter.cas.length + filter.ioas.length + filter.causes.length === 0;
  return (
    has(filter.cas, asdu.ca) &&
    has(filter.causes, asdu.cause) &&
    (filter.ioas.length === 0 || asdu.objects.some(({ ioa }) => ioa !== undefined && filter.ioas.includes(ioa)))
  );
}

const has = <T>(wanted: readonly T[], value: T): boolean => wanted.length === 0 || wanted.includes(value);
